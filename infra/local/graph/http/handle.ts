import { createHash, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { noToken } from '../errors';
import type { Disturbance, FaultSchedule } from '../faults';
import { Refusal } from '../refusal';
import type { LoggedRequest, RequestLog } from '../request-log';
import type { GraphSettings } from '../settings';
import { viewOf } from '../state/lag';
import type { Store } from '../state/store';
import type { Tenant } from '../tenant/tenant';
import type { Answer } from './call';
import { jsonOf, type Received } from './received';
import {
  gatewayReply,
  refusalReply,
  replyOf,
  send,
  sendHalf,
  type Reply,
  type RequestIds,
} from './reply';
import type { RouteTree } from './route-tree';

/** What answering needs. */
export type Parts = {
  settings: GraphSettings;
  store: Store;
  tenant: Tenant;
  routes: RouteTree;
  faults: FaultSchedule;
  log: RequestLog;
};

type Outcome = { reply: Reply; code?: string; created?: string };

/** Answers one call of Graph: the fault schedule first, then the operation, its commit, the log, and only then the wire. */
export async function handle(
  parts: Parts,
  received: Received,
  response: ServerResponse,
): Promise<void> {
  const n = parts.log.next();
  const ids = idsOf(received);
  const fault = parts.faults.next(received.method, received.path);
  const outcome = isBefore(fault) ? undefined : await carryOut(parts, received, ids, n);
  parts.log.add(entryOf(received, ids, n, outcome, fault), rawOf(received));
  await disturbed(response, outcome?.reply, fault, ids);
}

/** Whether a disturbance comes before the operation, which then never happens. */
function isBefore(fault: Disturbance | undefined): boolean {
  if (typeof fault === 'object' && 'status' in fault) return !fault.afterCommit;
  return fault === 'drop-before' || fault === 'html';
}

async function carryOut(
  parts: Parts,
  received: Received,
  ids: RequestIds,
  n: number,
): Promise<Outcome> {
  try {
    const answer = await operate(parts, received, n);
    const created = answer.status === 201 ? createdId(answer) : undefined;
    return { reply: replyOf(answer, ids), ...(created === undefined ? {} : { created }) };
  } catch (error) {
    if (!(error instanceof Refusal)) console.error('graph: an operation failed', error);
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(500, 'InternalServerError', 'The simulator has a defect; see its output.');
    return { reply: refusalReply(refusal, ids), code: refusal.code };
  } finally {
    parts.store.commit();
  }
}

async function operate(parts: Parts, received: Received, n: number): Promise<Answer> {
  const { settings, tenant, routes } = parts;
  const token = /^Bearer \S+$/.test(received.headers.authorization ?? '');
  if (settings.requireToken && !token) throw noToken();
  const { operation, ids } = routes(received.method, received.path);
  return operation({
    tenant,
    view: viewOf(settings.seed, settings.lagMs, n, tenant.now()),
    origin: received.origin,
    path: received.path,
    query: received.query,
    ids,
    body: jsonOf(received),
    pageSize: settings.pageSize,
  });
}

async function disturbed(
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

function idsOf({ headers }: Received): RequestIds {
  const given = headers['client-request-id'];
  return {
    requestId: randomUUID(),
    clientRequestId: typeof given === 'string' ? given : randomUUID(),
  };
}

function createdId({ body }: Answer): string | undefined {
  const id = (body as { id?: unknown } | undefined)?.id;
  return typeof id === 'string' ? id : undefined;
}

function entryOf(
  received: Received,
  { requestId, clientRequestId }: RequestIds,
  n: number,
  outcome: Outcome | undefined,
  fault: Disturbance | undefined,
): LoggedRequest {
  const { method, path, search, body } = received;
  return {
    n,
    at: new Date().toISOString(),
    method,
    path,
    query: search,
    status: outcome?.reply.status ?? null,
    ...(outcome?.code === undefined ? {} : { code: outcome.code }),
    ...(outcome?.created === undefined ? {} : { created: outcome.created }),
    clientRequestId,
    requestId,
    ...(body.length === 0 ? {} : { bodyHash: createHash('sha256').update(body).digest('hex') }),
    ...(fault === undefined ? {} : { fault }),
  };
}

function rawOf({ rawHeaders, body }: Received): { headers: [string, string][]; body: string } {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const secret = name.toLowerCase() === 'authorization';
    headers.push([name, secret ? hidden(rawHeaders[at + 1] ?? '') : (rawHeaders[at + 1] ?? '')]);
  }
  return { headers, body: body.toString('utf8') };
}

/** Keeps the scheme of an Authorization header and hides the token. */
const hidden = (value: string): string => `${value.split(' ')[0] ?? ''} (hidden)`;
