import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Disturbance } from '../faults';
import { Refusal } from '../refusal';
import { gatewayReply, refusalReply, send, sendHalf, type Reply, type RequestIds } from './reply';

/** Whether a disturbance comes before the operation, which then never happens. */
export function isBefore(fault: Disturbance | undefined): boolean {
  if (typeof fault === 'object' && 'status' in fault) return !fault.afterCommit;
  return fault === 'drop-before' || fault === 'html';
}

/** Sends a reply as the fault schedule lets it through, which may be not at all. */
export async function sendDisturbed(
  response: ServerResponse,
  reply: Reply | undefined,
  fault: Disturbance | undefined,
  ids: RequestIds,
): Promise<void> {
  if (fault === 'drop-before' || fault === 'drop-after-commit') response.destroy();
  else if (fault === 'html') send(response, gatewayReply(ids));
  else if (typeof fault === 'object' && 'status' in fault) {
    const retryAfter = fault.retryAfter === undefined ? {} : { retryAfter: `${fault.retryAfter}` };
    const refusal = new Refusal(
      fault.status,
      fault.code,
      'The fault schedule says so.',
      retryAfter,
    );
    send(response, refusalReply(refusal, ids));
  } else if (reply !== undefined && fault === 'truncate') sendHalf(response, reply);
  else if (reply !== undefined) {
    if (typeof fault === 'object') await delay(fault.delayMs, response);
    send(response, reply);
  }
}

/** Waits, but not for somebody who has gone. */
async function delay(ms: number, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await wait(ms, undefined, { signal: gone.signal }).catch(() => undefined);
}
