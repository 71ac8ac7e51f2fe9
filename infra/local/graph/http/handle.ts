import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { noToken, Refusal } from '../errors';
import type { Tenant } from '../services/tenant';
import type { GraphSettings } from '../settings';
import { behind, viewOf } from '../state/lag';
import type { Store } from '../state/store';
import { type FaultSchedule, isBefore, listFaultOf, sendWithFault } from './faults';
import type { ListFault } from './list-fault';
import { jsonOf, type Received } from './received';
import { refusalReply, replyOf, type RequestIds, send } from './reply';
import { entryOf, type Outcome, rawOf, type RequestLog } from './request-log';
import type { Answer, RouteTree } from './routes';
import type { TenantLimits } from './tenant-limits';

/** What it takes to answer calls. */
export type Runtime = {
  settings: GraphSettings;
  store: Store;
  tenant: Tenant;
  routes: RouteTree;
  faults: FaultSchedule;
  limits: TenantLimits;
  log: RequestLog;
};

/**
 * Answers one call of Graph: first the limits of the tenant, then the fault schedule, the operation, its commit, the log, and
 * last the reply. A throttled call gets no fault, so that planned faults hit calls that would have succeeded.
 */
export async function handle(
  runtime: Runtime,
  received: Received,
  response: ServerResponse,
): Promise<void> {
  const n = runtime.log.next();
  const ids = idsOf(received);
  const { headers, refusal } = runtime.limits.charge(received);
  if (refusal !== undefined) {
    const outcome = refused(refusal, ids);
    Object.assign(outcome.reply.headers, headers);
    runtime.log.add(entryOf(received, ids, n, outcome, undefined), rawOf(received));
    send(response, outcome.reply);
    return;
  }
  const fault = runtime.faults.next(received.method, received.path, received.query.toString());
  const outcome = isBefore(fault)
    ? undefined
    : await carryOut(runtime, received, ids, n, listFaultOf(fault));
  Object.assign(outcome?.reply.headers ?? {}, headers);
  runtime.log.add(entryOf(received, ids, n, outcome, fault), rawOf(received));
  await sendWithFault(response, outcome?.reply, fault, ids);
}

const refused = (refusal: Refusal, ids: RequestIds): Outcome => ({
  reply: refusalReply(refusal, ids),
  code: refusal.code,
});

async function carryOut(
  runtime: Runtime,
  received: Received,
  ids: RequestIds,
  n: number,
  listFault: ListFault | undefined,
): Promise<Outcome> {
  try {
    const answer = await operate(runtime, received, n, listFault);
    const created = answer.status === 201 ? createdId(answer) : undefined;
    return { reply: replyOf(answer, ids), ...(created === undefined ? {} : { created }) };
  } catch (error) {
    if (!(error instanceof Refusal)) console.error('graph: an operation failed', error);
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(500, 'InternalServerError', 'The simulator has a defect; see its output.');
    return refused(refusal, ids);
  } finally {
    runtime.store.commit();
  }
}

async function operate(
  runtime: Runtime,
  received: Received,
  n: number,
  listFault: ListFault | undefined,
): Promise<Answer> {
  const { settings, tenant, routes } = runtime;
  const token = /^Bearer \S+$/.test(received.headers.authorization ?? '');
  if (settings.requireToken && !token) throw noToken();
  const { operation, ids } = routes(received.method, received.path);
  const view = viewOf(settings.seed, settings.lagMs, n, tenant.now());
  return operation({
    tenant,
    view: listFault?.list === 'lags' ? behind(view, listFault.byMs, tenant.now()) : view,
    listFault,
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
