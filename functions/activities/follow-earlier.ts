import { emptyOn404 } from '../../shared/graph/classify';
import { isOpen } from '../../shared/graph/states';
import type { StoredGrant } from '../../shared/storage/workers';
import type { Services } from '../services';
import { isYoung, keepRequest, notYet, saveGrant, type Submission } from './keep-request';
import { AGREEING_READS, findRequest, type Wanted } from './look-before-submit';

/** A POST went out and its answer was lost: adopts the request if there is one; undefined once it is surely absent. */
export async function clearUp(
  services: Services,
  wanted: Wanted,
  grant: StoredGrant,
): Promise<Submission | undefined> {
  if (grant.requestId !== undefined) {
    const [known] = await emptyOn404(services.graph.getAssignmentRequest(grant.requestId));
    return known ? keepRequest(services, wanted, grant, known) : notYet('request-not-visible');
  }
  const request = await findRequest(services, wanted, grant);
  if (request) return keepRequest(services, wanted, grant, request);
  const absentReads = grant.absentReads + 1;
  if (absentReads >= AGREEING_READS) return undefined;
  await saveGrant(services, wanted, { ...grant, absentReads });
  return notYet('unclear-submit');
}

/** Another run of ours may have a request open: it is followed, because not every Graph would refuse a second one. */
export async function followOther(
  services: Services,
  wanted: Wanted,
  grant: StoredGrant,
): Promise<Submission | undefined> {
  const { state, requestId, updatedAt } = grant;
  if (requestId === undefined || (state !== 'requested' && state !== 'recording')) return undefined;
  const [known] = await emptyOn404(services.graph.getAssignmentRequest(requestId));
  if (known) return isOpen(known.phase) ? keepRequest(services, wanted, grant, known) : undefined;
  return isYoung(updatedAt) ? notYet('request-not-visible') : undefined;
}
