import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { noToken } from '../errors';
import type { FaultSchedule } from '../faults';
import { Refusal } from '../refusal';
import type { RequestLog } from '../request-log';
import type { GraphSettings } from '../settings';
import { viewOf } from '../state/lag';
import type { Store } from '../state/store';
import type { Tenant } from '../tenant/tenant';
import type { Answer } from './call';
import { jsonOf, type Received } from './received';
import { isBefore, sendDisturbed } from './inject-fault';
import { entryOf, rawOf, type Outcome } from './log-entry';
import { refusalReply, replyOf, type RequestIds } from './reply';
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
  await sendDisturbed(response, outcome?.reply, fault, ids);
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
    headers: received.headers,
    ids,
    body: jsonOf(received),
    pageSize: settings.pageSize,
  });
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
