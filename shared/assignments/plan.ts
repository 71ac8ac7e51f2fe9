import type { z } from 'zod';
import { CLOCK, isReserved, RECHECK } from '../domain/events/event';
import type { StoredFact } from '../domain/lifecycle/facts';
import { unstoredAttribute, type PlannedStep } from '../domain/lifecycle/plan';
import {
  endingOf,
  endingOfPermit,
  firstEffectOf,
  type FirstEffect,
} from '../domain/lifecycle/ending';
import { planFor } from '../domain/lifecycle/planner';
import { timelineOf, type Timeline } from '../domain/lifecycle/timeline';
import { intervalsOf, wantsAt, type Interval, type Want } from '../domain/lifecycle/wants';
import type { activities } from '../domain/workflow/activities';
import type { Later, Outcome } from '../domain/workflow/outcome';
import type { Run } from '../domain/workflow/run';
import type { Ending } from '../domain/workflow/step-outcome';
import type { DecidedStep } from '../domain/workflow/workflow-state';
import type { LoadedModel } from '../config/load-model';
import { asOutcome } from '../graph/errors';
import type { RateBudget } from '../graph/rate-budget';
import type { Log } from '../log';
import type { KnownPackage } from '../packages/ensure';
import type { Claims } from '../storage/claims';
import type { StoredHolding } from '../storage/holdings';
import { acquireOnce, lockOf, type WorkerLocks } from '../storage/worker-locks';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { accountOf, accountsOf, numbersOf, type Account } from './account';
import { readAccess, type AccessServices } from './current-access';
import { throughGate, type GateKeeper } from './gate';
import { heldBy, iso, stepsOf, type Situation } from './planned-steps';

type Services = AccessServices & {
  workers: Workers;
  gate: GateKeeper;
  config: { matchAttribute: string; graph: { lagSeconds: number } };
};

type LockServices = {
  claims: Pick<Claims, 'isOver'>;
  workerLocks: Pick<WorkerLocks, 'acquire' | 'release'>;
  /** The package if it is complete. */
  knownPackage: (packageKey: string) => Promise<KnownPackage | undefined>;
  budget: Pick<RateBudget, 'admit' | 'settle'>;
};

type Model = LoadedModel['model'];
type PlanInput = Omit<z.infer<typeof activities.planAccess.input>, 'fencingToken'>;
type Plan = {
  targetId?: string | undefined;
  steps: PlannedStep[];
  decided: DecidedStep[];
  ending?: Ending | undefined;
  isPartial: boolean;
  next?: string | undefined;
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

/**
 * The facts about a person, the access model and what the person has -> steps, and how everything ends of which nothing is to
 * be done. A missing or disabled account stops only what gives access: all else comes first, as a partial plan. An event that
 * makes no difference before a later instant, and by which nothing is to be done now, is `later` until then.
 */
export async function planAccess(
  services: Services & { admit: () => Promise<Later | undefined> },
  { run, done, heldSince, parkedUntil }: PlanInput,
  log: Log,
): Promise<Outcome<Plan>> {
  const { workerId } = run.fact;
  const { model } = services.model();
  const { personId = workerId } = run;
  const known = await services.workers.everything(workerId).catch(tooManyNumbers);
  if (known === undefined) return { kind: 'failed', why: 'too-many-worker-ids' };
  const { facts } = known;
  const fact = facts.find(({ hash }) => hash === run.eventHash);
  if (!fact && !isReserved(run.fact.eventSource))
    throw new Error('the fact of this run is not recorded');
  const at = timeOf(run);
  const effect = done.length === 0 ? firstEffectOf(facts, run.eventHash, model, at) : undefined;
  // What others have stated meanwhile has runs of its own: without a call to Graph it is seen that there is time. What has
  // come now is done first, although the event may make a difference again later.
  if (effect && at < Date.parse(parkedUntil ?? '')) return waitFor(effect, at);
  const timeline = timelineOf(facts, model);
  const intervals = intervalsOf(timeline, model);
  const isRecheck = run.fact.eventSource === RECHECK;
  const permit = isRecheck ? await services.gate.permitOf(run.eventHash) : undefined;
  // What another run of the person waits for need not hold back what a permit names.
  const isAllHeld =
    heldSince !== undefined &&
    permit === undefined &&
    !hasChanged(intervals, Date.parse(heldSince), at);
  const held = isAllHeld ? await services.gate.stillHeld(personId) : undefined;
  if (held !== undefined) return { ...NOT_YET, why: held };
  // Since the events were accepted, the rules may have come to ask about what was not stored of them.
  if (isUndecided(timeline, facts, model, at))
    return { kind: 'failed', why: 'attribute-not-stored' };
  const later = await services.admit();
  if (later) return later;
  const wants = wantsAt(intervals, model, at);
  const workerIds = numbersOf(wants, facts, workerId, personId);

  return asOutcome(async (): Promise<Outcome<Plan>> => {
    const account = await accountOf(services, workerIds);
    const person = {
      workerIds: [...workerIds].sort(),
      holdings: await holdingsOf(services, known, [...workerIds].sort()),
      targetId: 'id' in account ? account.id : undefined,
      wanted: wants.map(({ packageKey }) => packageKey),
      instanceId: run.instanceId,
    };
    const current = await readAccess(services, person);
    if (current.kind !== 'done') return current;
    const heldHere = heldBy(current.access, person.targetId);
    const plan = planFor({ timeline, held: heldHere, model, at });
    const situation = { run, model, at, timeline, intervals, personId, ...current, ...person };
    const steps = stepsOf({ ...situation, wants }, plan);
    const others = otherAccounts(situation);
    const proven = others.length > 0 ? await accountsOf(services, workerIds) : new Set();
    // Another account is another person's, unless the directory has it under a number of this person, or this person is to
    // have nothing at all.
    const elsewhere = others.map((targetId) =>
      planElsewhere({ ...situation, targetId }, wants, wants.length === 0 || proven.has(targetId)),
    );
    const accounts = [{ objectId: person.targetId ?? '', held: heldHere, ...steps }, ...elsewhere];
    const { next } = plan;
    const { eventHash } = run;
    const { workerIds: ids } = person;
    const gated = await throughGate(
      services.gate,
      { ...{ eventHash, personId, workerIds: ids, accounts, facts, at }, isRecheck, permit },
      done,
      log,
    );
    const { waiting } = gated;
    // What waits comes after everything else, and before the end of a wait for an account: it may take access.
    const isOver = (step: PlannedStep) => done.includes(step.id);
    if (waiting !== undefined && gated.steps.every(isOver)) return waiting;
    const isToDo = (step: PlannedStep) => step.action !== 'wait' && !isOver(step);
    if (effect && waiting === undefined && !gated.steps.some(isToDo)) return waitFor(effect, at);
    const decided = [...accounts.flatMap((one) => one.decided), ...gated.decided];
    const planned = accounts.flatMap((one) => one.steps);
    return withAccount(account, done, waiting, {
      targetId: person.targetId,
      steps: gated.steps,
      decided,
      ending: fact
        ? endingOf({ fact, timeline, wants, model })
        : permit
          ? endingOfPermit(permit, { hasActed: done.length > 0, planned, decided })
          : endingOfOwn(wants),
      // What a package is called is known once it is ensured: then it is seen whether something held is that package.
      isPartial: waiting !== undefined || (current.isUnnamed && gated.steps.some(isToDo)),
      ...(next !== undefined && { next: iso(next) }),
    });
  });
}

const NOT_YET = { kind: 'later', afterSeconds: 1 } as const;

/** An event of the clock does what its instant brings, although the clock of this machine may be behind the timer's. */
const timeOf = ({ fact: { eventSource, actAt = '' } }: Run): number =>
  Math.max(Date.now(), (eventSource === CLOCK && Date.parse(actAt)) || 0);

/** Whether somebody is to have something else since a time, in milliseconds since 1970. */
const hasChanged = (intervals: readonly Interval[], since: number, at: number): boolean =>
  intervals.some(({ from, until = Infinity }) =>
    [from, until].some((instant) => since < instant && instant <= at),
  );

/** What becomes of another account: what the person is to have they get in one account, and keep in another one of theirs. */
function planElsewhere(
  situation: Omit<Situation, 'wants'> & { targetId: string },
  wants: readonly Want[],
  isOwn: boolean,
) {
  const { access, timeline, model, at, targetId } = situation;
  const held = heldBy(access, targetId);
  const { steps, handOff } = planFor({ timeline, held, model, at });
  const isWanted = (key: string) => wants.some(({ packageKey }) => packageKey === key);
  const plan = isOwn
    ? { steps: steps.filter(({ packageKey }) => !isWanted(packageKey)), stopped: [], handOff }
    : { steps: [], stopped: [], handOff: held.map(({ packageKey }) => packageKey) };
  const there = { ...situation, wants: [], suffix: `@${targetId}` };
  return { objectId: targetId, held, ...stepsOf(there, plan) };
}

/** The longest time between two looks at the facts of somebody for whom there is time. */
const DAY_SECONDS = 86_400;

function waitFor({ at: until, why }: FirstEffect, at: number): Later {
  const afterSeconds = Math.min((until - at) / 1000, DAY_SECONDS);
  return { kind: 'later', afterSeconds, why, until: iso(until) };
}

/** How an event of our own ends for which nothing had to be done: it states nothing. */
const endingOfOwn = (wants: readonly Want[]): Ending | undefined =>
  wants.length > 0 ? undefined : { outcome: 'revoked' };

/** Those under the numbers of the person, as they were read with the facts. */
async function holdingsOf(
  { holdings }: Services,
  { numbers }: Awaited<ReturnType<Workers['everything']>>,
  workerIds: readonly string[],
): Promise<StoredHolding[]> {
  const read = workerIds.map(async (id) => {
    const ofNumber = numbers.get(id)?.holdings ?? (await holdings.of([id]));
    holdings.remember(id, ofNumber);
    return ofNumber;
  });
  return (await Promise.all(read)).flat();
}

/** They cannot be one person: a placeholder in HR has joined them. */
const tooManyNumbers = (error: unknown): undefined => {
  if (!(error instanceof TooManyNumbers)) throw error;
};

/** Whether a rule depends on an attribute of the present time that was not stored. */
export function isUndecided(
  { spans }: Timeline,
  facts: StoredFact[],
  model: Model,
  at: number,
): boolean {
  const unstored = new Map(facts.map((fact) => [fact.hash, fact.unstored]));
  const present = spans.filter(({ from, until = Infinity }) => from <= at && at < until);
  return present.some(({ attributes, facts: behind }) =>
    behind.some(({ hash }) => {
      const kept = { attributes, unstored: unstored.get(hash) };
      return unstoredAttribute(model, kept) !== undefined;
    }),
  );
}

/** What gives access waits for an account that is there and enabled, after everything else is done. */
function withAccount(
  account: Account,
  done: readonly string[],
  waiting: Later | undefined,
  plan: Plan,
): Outcome<Plan> {
  const gives = ({ action }: PlannedStep) => ['grant', 'extend', 'reprocess'].includes(action);
  const isReady = 'id' in account && account.isEnabled;
  if (isReady || !plan.steps.some(gives)) return { kind: 'done', ...plan };
  const steps = plan.steps.filter((step) => !gives(step) && !done.includes(step.id));
  if (steps.length > 0) return { kind: 'done', ...plan, steps, isPartial: true };
  if (waiting !== undefined) return waiting;
  if (!('id' in account) && account.kind === 'failed') return account;
  const [waitFrom] = plan.steps
    .flatMap((step) => (gives(step) ? (step.readyBy ?? []) : []))
    .sort()
    .toReversed();
  // Accounts of people who have yet to start are often disabled; Graph assigns nothing to them.
  const later = 'id' in account ? { ...NOT_YET, why: 'account-disabled' } : account;
  return { ...later, ...(waitFrom !== undefined && { waitFrom }) };
}

const otherAccounts = ({ access, targetId }: Pick<Situation, 'access' | 'targetId'>): string[] => [
  ...new Set(access.map((one) => one.targetId).filter((id) => id !== targetId)),
];
