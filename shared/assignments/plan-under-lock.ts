import type { z } from 'zod';
import type { PlannedStep } from '../domain/lifecycle/plan';
import type { activities } from '../domain/workflow/activities';
import type { Later, Outcome } from '../domain/workflow/outcome';
import type { RateBudget } from '../graph/rate-budget';
import type { Log } from '../log';
import type { KnownPackage } from '../packages/ensure';
import type { Claims } from '../storage/claims';
import { acquireOnce, lockOf, type WorkerLocks } from '../storage/worker-locks';
import { planAccess, type Plan, type PlanInput, type Services } from './plan';
import { iso } from './planned-steps';

type LockServices = {
  claims: Pick<Claims, 'isOver'>;
  workerLocks: Pick<WorkerLocks, 'acquire' | 'release'>;
  /** The package if it is complete. */
  knownPackage: (packageKey: string) => Promise<KnownPackage | undefined>;
  budget: Pick<RateBudget, 'admit' | 'settle'>;
};

/**
 * Plans under the lock of the person. The lock stays with a plan that is to be carried out; any other one releases it, because
 * nothing waits with a lock. `held` by another run, or this fencing token was used before: the next one may acquire it.
 */
export async function planUnderLock(
  services: Services & LockServices,
  { fencingToken, ...input }: z.infer<typeof activities.planAccess.input>,
  log: Log,
): Promise<Outcome<Plan>> {
  const { claims, workerLocks, knownPackage, budget } = services;
  const { heldSince, parkedUntil, done } = input;
  // What waits for a date or a person is looked at first.
  const isAsked = heldSince === undefined && parkedUntil === undefined;
  const budgeted = { isAdmitted: false };
  const admit = async (): Promise<Later | undefined> => {
    if (budgeted.isAdmitted) return undefined;
    const later = await notAdmitted(services, input);
    budgeted.isAdmitted = later === undefined;
    return later;
  };
  const early = isAsked ? await admit() : undefined;
  if (early) return early;
  const lock = lockOf(input.run, fencingToken);
  let isLocked = false;
  let isToDo = false;
  let writes = 0;
  try {
    const acquired = await acquireOnce(workerLocks, lock, claims.isOver);
    if (acquired === 'stale') return { kind: 'rejected', reason: 'stale' };
    if (acquired === 'held') return LOCK_HELD;
    isLocked = true;
    const plan = await planAccess({ ...services, admit }, input, log);
    if (plan.kind !== 'done') return plan;
    writes = plan.steps.filter((step) => isWrite(step) && !done.includes(step.id)).length;
    const withPackage = async (step: PlannedStep): Promise<PlannedStep> => {
      const known = step.action === 'grant' && (await knownPackage(step.packageKey));
      return known ? { ...step, ...known, isEnsured: true } : step;
    };
    const steps = await Promise.all(plan.steps.map(withPackage));
    isToDo = true;
    return { ...plan, steps };
  } finally {
    if (budgeted.isAdmitted) budget.settle(writes);
    if (isLocked && !isToDo) await workerLocks.release(lock);
  }
}

/** Another run has the lock of the person: soon again. */
export const LOCK_HELD: Later = { kind: 'later', afterSeconds: 1, why: 'lock-held' };

const isWrite = ({ action }: PlannedStep): boolean => action !== 'wait' && action !== 'hand-off';

/** `later` until the slot of a run that cannot have a write of the budget now. */
async function notAdmitted(
  { budget }: Pick<LockServices, 'budget'>,
  { priority = { rank: 'grant' }, slot }: Pick<PlanInput, 'priority' | 'slot'>,
): Promise<Later | undefined> {
  const seconds = await budget.admit(priority, slot === undefined ? undefined : Date.parse(slot));
  if (seconds === 0) return undefined;
  const afterSeconds = Math.max(1, seconds);
  const until = iso(Date.now() + afterSeconds * 1000);
  return { kind: 'later', afterSeconds, why: 'rate-budget', until };
}
