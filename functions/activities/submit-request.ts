import { calls } from '../../orchestrations/calls';
import type { Evidence, Later, Outcome, Rejected } from '../../shared/domain/outcome';
import type { Verdict } from '../../shared/domain/step-outcome';
import type { AssignmentRequest } from '../../shared/graph/answers';
import { classify, type Conflict } from '../../shared/graph/classify';
import { ifKnown } from '../../shared/graph/ensure/if-known';
import { GraphError } from '../../shared/graph/graph-error';
import { isOpen } from '../../shared/graph/states';
import type { StoredGrant } from '../../shared/records/workers';
import type { Parts } from '../parts';
import { registerActivity } from './activity';
import { announce } from './audit-columns';
import { bindPackage } from './bind-package';
import { AGREEING_READS, findRequest, foreseeEnd, markOf, type Wanted } from './look-before-submit';

type Submission = Outcome<{
  requestId?: string | undefined;
  verdict?: Verdict | undefined;
  evidence?: Evidence;
}>;

/** What is this young may be unknown to the replica that is asked. */
const YOUNG_MS = 5 * 60_000;

/** Looks for what is there already, and submits the assignment request if nothing is. Safe to run any number of times. */
export function registerSubmitRequest(parts: Parts): void {
  registerActivity(calls.submitRequest, async (input, guard) => ({
    chain: input.announced ? input.chain : await announce(parts, input, 'assign'),
    outcome: await guard(() => submit(parts, input)),
  }));
}

async function submit(parts: Parts, wanted: Wanted): Promise<Submission> {
  const grant = await parts.workers.grant(wanted.run.fact.workerId, wanted.step.packageKey);
  if (grant?.instanceId === wanted.run.instanceId) {
    if (grant.state === 'requested' || grant.state === 'recording') {
      return { kind: 'done', requestId: grant.requestId };
    }
    // This execution comes late: the run has settled the step since, and asks for it only once.
    if (grant.state === 'settled') return STALE;
  }
  try {
    if (grant?.state === 'submitting') {
      const unclear = await clearUp(parts, wanted, grant);
      if (unclear) return unclear;
    }
    const verdict = await foreseeEnd(parts, wanted);
    if (verdict) return { kind: 'done', verdict };
    const underWay = grant && (await followOther(parts, wanted, grant));
    return underWay ?? (await send(parts, wanted, grant));
  } catch (error) {
    const refusal = classify(error);
    return refusal.kind === 'conflict' ? resolve(parts, wanted, refusal) : refusal;
  }
}

/** A POST went out and its answer was lost: adopts the request if there is one; undefined once it is surely absent. */
async function clearUp(
  parts: Parts,
  wanted: Wanted,
  grant: StoredGrant,
): Promise<Submission | undefined> {
  if (grant.requestId !== undefined) {
    const [known] = await ifKnown(parts.graph.getAssignmentRequest(grant.requestId));
    return known ? requested(parts, wanted, grant, known) : notYet('request-not-visible');
  }
  const request = await findRequest(parts, wanted, grant);
  if (request) return requested(parts, wanted, grant, request);
  const absentReads = grant.absentReads + 1;
  if (absentReads >= AGREEING_READS) return undefined;
  await save(parts, wanted, { ...grant, absentReads });
  return notYet('unclear-submit');
}

/** Another run of ours may have a request open: it is followed, because not every Graph would refuse a second one. */
async function followOther(
  parts: Parts,
  wanted: Wanted,
  grant: StoredGrant,
): Promise<Submission | undefined> {
  const { state, requestId, updatedAt } = grant;
  if (requestId === undefined || (state !== 'requested' && state !== 'recording')) return undefined;
  const [known] = await ifKnown(parts.graph.getAssignmentRequest(requestId));
  if (known) return isOpen(known.phase) ? requested(parts, wanted, grant, known) : undefined;
  return isYoung(updatedAt) ? notYet('request-not-visible') : undefined;
}

async function send(
  parts: Parts,
  wanted: Wanted,
  grant: StoredGrant | undefined,
): Promise<Submission> {
  const { run, targetId, ids } = wanted;
  const { eventHash, attempt, instanceId } = run;
  // Whoever lost the turn comes late: another run may be submitting by now.
  if (!(await parts.turns.holds(run.fact.workerId, instanceId))) return STALE;
  const updatedAt = new Date().toISOString();
  const submitting = await save(parts, wanted, {
    ...{ state: 'submitting', eventHash, attempt, instanceId, targetId, updatedAt },
    absentReads: 0,
    etag: grant?.etag,
  });
  if (!submitting) return notYet('changed-meanwhile');
  const sent = parts.graph.submitAssignmentRequest({
    packageId: ids.accessPackageId,
    policyId: ids.assignmentPolicyId,
    userId: targetId,
    justification: markOf(wanted, run),
  });
  const request = await sent.catch(async (error: unknown) => {
    // A clear refusal leaves nothing to look for; only an unclear one keeps the row as it is.
    if (error instanceof GraphError && !error.fault.ambiguous) {
      await save(parts, wanted, { ...submitting, state: 'idle' });
    }
    throw error;
  });
  return requested(parts, wanted, submitting, request);
}

/** What a refusal that names the state of things comes to. */
async function resolve(parts: Parts, wanted: Wanted, refusal: Conflict): Promise<Submission> {
  const { conflict, evidence } = refusal;
  if (conflict === 'existing-grant') return { kind: 'done', verdict: { outcome: 'already-held' } };
  if (conflict === 'existing-open-request') {
    const grant = await parts.workers.grant(wanted.run.fact.workerId, wanted.step.packageKey);
    const request = await findRequest(parts, wanted, wanted.run);
    if (!request || !grant) return notYet('open-request-not-visible');
    return requested(parts, wanted, grant, request);
  }
  if (conflict === 'not-found' && (await isPackageYoung(parts, wanted))) {
    return notYet('not-yet-visible');
  }
  return { kind: 'failed', why: conflict, evidence };
}

/** There is a request: sees that it has its package, and keeps its id whatever comes of that. */
async function requested(
  parts: Parts,
  wanted: Wanted,
  grant: StoredGrant,
  request: AssignmentRequest & { graphRequestId?: string },
): Promise<Submission> {
  const { eventHash, attempt, instanceId } = wanted.run;
  const updatedAt = new Date().toISOString();
  const requestId = request.id;
  const unbound = await bindPackage(parts, wanted, request);
  if (unbound) {
    await save(parts, wanted, { ...grant, requestId, updatedAt, state: 'submitting' });
    return unbound;
  }
  const ours = { eventHash, attempt, instanceId, requestId, updatedAt };
  await save(parts, wanted, { ...grant, ...ours, state: 'requested' });
  const { graphRequestId } = request;
  return { kind: 'done', requestId, ...(graphRequestId && { evidence: { graphRequestId } }) };
}

const save = ({ workers }: Parts, { run, step }: Wanted, grant: StoredGrant) =>
  workers.saveGrant(run.fact.workerId, step.packageKey, grant);

async function isPackageYoung({ packages, model }: Parts, { step }: Wanted): Promise<boolean> {
  const catalog = model().model.accessPackages.find(({ key }) => key === step.packageKey)?.catalog;
  const record = catalog && (await packages.load(catalog, step.packageKey));
  const writes = record ? Object.values(record.writes) : [];
  return writes.some(({ at }) => isYoung(at));
}

const isYoung = (at: string): boolean => Date.now() - Date.parse(at) < YOUNG_MS;

const STALE: Rejected = { kind: 'rejected', reason: 'stale' };

const notYet = (why: string): Later => ({ kind: 'later', afterSeconds: 1, why });
