import { activities } from '../../shared/domain/workflow/activities';
import { classify, type Conflict } from '../../shared/graph/classify';
import type { Services } from '../services';
import { registerActivity } from './activity';
import { recordIntent } from '../../shared/events/audit-context';
import { clearUp, followOther } from './follow-earlier';
import { isYoung, keepRequest, notYet, STALE, type Submission } from './keep-request';
import { findRequest, foreseeEnd, type Wanted } from './look-before-submit';
import { sendRequest } from './send-request';

/** Looks for what is there already, and submits the assignment request if nothing is. Safe to run any number of times. */
export function registerSubmitRequest(services: Services): void {
  registerActivity(activities.submitRequest, async (input, guard) => ({
    chain: input.announced ? input.chain : await recordIntent(services, input, 'assign'),
    outcome: await guard(() => submit(services, input)),
  }));
}

async function submit(services: Services, wanted: Wanted): Promise<Submission> {
  const grant = await services.workers.grant(wanted.run.fact.workerId, wanted.step.packageKey);
  if (grant?.instanceId === wanted.run.instanceId) {
    if (grant.state === 'requested' || grant.state === 'recording') {
      return { kind: 'done', requestId: grant.requestId };
    }
    // The run has settled the step since, and asks for it only once.
    if (grant.state === 'settled') return STALE;
  }
  try {
    if (grant?.state === 'submitting') {
      const unclear = await clearUp(services, wanted, grant);
      if (unclear) return unclear;
    }
    const verdict = await foreseeEnd(services, wanted);
    if (verdict) return { kind: 'done', verdict };
    const underWay = grant && (await followOther(services, wanted, grant));
    return underWay ?? (await sendRequest(services, wanted, grant));
  } catch (error) {
    const refusal = classify(error);
    return refusal.kind === 'conflict' ? resolve(services, wanted, refusal) : refusal;
  }
}

/** What a refusal that names the state of things comes to. */
async function resolve(services: Services, wanted: Wanted, refusal: Conflict): Promise<Submission> {
  const { conflict, evidence } = refusal;
  if (conflict === 'existing-grant') return { kind: 'done', verdict: { outcome: 'already-held' } };
  if (conflict === 'existing-open-request') {
    const grant = await services.workers.grant(wanted.run.fact.workerId, wanted.step.packageKey);
    const request = await findRequest(services, wanted, wanted.run);
    if (!request || !grant) return notYet('open-request-not-visible');
    return keepRequest(services, wanted, grant, request);
  }
  if (conflict === 'not-found' && (await isPackageYoung(services, wanted))) {
    return notYet('not-yet-visible');
  }
  return { kind: 'failed', why: conflict, evidence };
}

async function isPackageYoung({ packages, model }: Services, { step }: Wanted): Promise<boolean> {
  const catalog = model().model.accessPackages.find(({ key }) => key === step.packageKey)?.catalog;
  const record = catalog && (await packages.load(catalog, step.packageKey));
  const writes = record ? Object.values(record.writes) : [];
  return writes.some(({ at }) => isYoung(at));
}
