import { calls } from '../../orchestrations/calls';
import { classify, type Conflict } from '../../shared/graph/classify';
import type { Parts } from '../parts';
import { registerActivity } from './activity';
import { announce } from './audit-columns';
import { clearUp, followOther } from './follow-earlier';
import { isYoung, keepRequest, notYet, STALE, type Submission } from './keep-request';
import { findRequest, foreseeEnd, type Wanted } from './look-before-submit';
import { sendRequest } from './send-request';

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
    // The run has settled the step since, and asks for it only once.
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
    return underWay ?? (await sendRequest(parts, wanted, grant));
  } catch (error) {
    const refusal = classify(error);
    return refusal.kind === 'conflict' ? resolve(parts, wanted, refusal) : refusal;
  }
}

/** What a refusal that names the state of things comes to. */
async function resolve(parts: Parts, wanted: Wanted, refusal: Conflict): Promise<Submission> {
  const { conflict, evidence } = refusal;
  if (conflict === 'existing-grant') return { kind: 'done', verdict: { outcome: 'already-held' } };
  if (conflict === 'existing-open-request') {
    const grant = await parts.workers.grant(wanted.run.fact.workerId, wanted.step.packageKey);
    const request = await findRequest(parts, wanted, wanted.run);
    if (!request || !grant) return notYet('open-request-not-visible');
    return keepRequest(parts, wanted, grant, request);
  }
  if (conflict === 'not-found' && (await isPackageYoung(parts, wanted))) {
    return notYet('not-yet-visible');
  }
  return { kind: 'failed', why: conflict, evidence };
}

async function isPackageYoung({ packages, model }: Parts, { step }: Wanted): Promise<boolean> {
  const catalog = model().model.accessPackages.find(({ key }) => key === step.packageKey)?.catalog;
  const record = catalog && (await packages.load(catalog, step.packageKey));
  const writes = record ? Object.values(record.writes) : [];
  return writes.some(({ at }) => isYoung(at));
}
