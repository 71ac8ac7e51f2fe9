import type { Evidence, Later, Outcome, Rejected } from '../../shared/domain/workflow/outcome';
import type { Verdict } from '../../shared/domain/workflow/step-outcome';
import type { AssignmentRequest } from '../../shared/graph/answers';
import type { StoredGrant } from '../../shared/storage/workers';
import type { Services } from '../services';
import { bindPackage } from './bind-package';
import type { Wanted } from './look-before-submit';

/** How submitting ends: with a request to follow, or with a verdict that needs none. */
export type Submission = Outcome<{
  requestId?: string | undefined;
  verdict?: Verdict | undefined;
  evidence?: Evidence;
}>;

/** There is a request: sees that it has its package, and keeps its id whatever comes of that. */
export async function keepRequest(
  services: Services,
  wanted: Wanted,
  grant: StoredGrant,
  request: AssignmentRequest & { graphRequestId?: string },
): Promise<Submission> {
  const { eventHash, attempt, instanceId } = wanted.run;
  const updatedAt = new Date().toISOString();
  const requestId = request.id;
  const unbound = await bindPackage(services, wanted, request);
  if (unbound) {
    await saveGrant(services, wanted, { ...grant, requestId, updatedAt, state: 'submitting' });
    return unbound;
  }
  const ours = { eventHash, attempt, instanceId, requestId, updatedAt };
  await saveGrant(services, wanted, { ...grant, ...ours, state: 'requested' });
  const { graphRequestId } = request;
  return { kind: 'done', requestId, ...(graphRequestId && { evidence: { graphRequestId } }) };
}

/** Saves the grant if nobody has changed it since it was read; undefined if somebody has. */
export const saveGrant = ({ workers }: Services, { run, step }: Wanted, grant: StoredGrant) =>
  workers.saveGrant(run.fact.workerId, step.packageKey, grant);

/** This execution comes late: another has done or decided what it was to do. */
export const STALE: Rejected = { kind: 'rejected', reason: 'stale' };

export const notYet = (why: string): Later => ({ kind: 'later', afterSeconds: 1, why });

/** What is this young may be unknown to the replica that is asked. */
const YOUNG_MS = 5 * 60_000;

export const isYoung = (at: string): boolean => Date.now() - Date.parse(at) < YOUNG_MS;
