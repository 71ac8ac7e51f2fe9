import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { badQuery, Refusal, resourceNotFound } from '../errors';
import { FaultRule } from '../http/faults';
import type { Runtime } from '../http/handle';
import { jsonOf, type Received } from '../http/received';
import { refusalReply, replyOf, type RequestIds, send } from '../http/reply';
import { TenantLimit } from '../http/tenant-limits';
import { applyRules } from '../services/automatic';
import { decide, enterStep } from '../services/delivery';
import { requireServicePrincipal } from '../services/permissions';
import { addPastRequests } from '../services/requests';
import type { AssignmentRequest } from '../state/rows';
import { UserEntry, userOf } from '../tenant/tenant-file';
import {
  plantAssignment,
  PlantedAssignment,
  PlantedPolicy,
  PlantedRequest,
  plantPolicy,
  plantRequest,
} from './plant';
import { deleteRow, editRow, showState } from './state';

const noIds: RequestIds = { requestId: '', clientRequestId: '' };

/** Answers a call of the control endpoint, without faults, replica lag or request log. */
export function answerControl(
  runtime: Runtime,
  received: Received,
  response: ServerResponse,
): void {
  try {
    const call: ControlCall = { runtime, query: received.query, body: jsonOf(received), ids: [] };
    const body = dispatch(received, call);
    runtime.store.commit();
    send(response, replyOf({ status: 200, body }, noIds));
  } catch (error) {
    runtime.store.commit();
    const refusal = error instanceof Refusal ? error : badQuery(String(error));
    send(response, refusalReply(refusal, noIds));
  }
}

function dispatch({ method, path }: Received, call: ControlCall): object {
  const segments = path.split('/').slice(2).map(decodeURIComponent);
  for (const route of controlRoutes) {
    const [routeMethod, routePath] = route.at;
    const pattern = routePath.split('/');
    if (routeMethod !== method || pattern.length !== segments.length) continue;
    const fits = pattern.every((part, place) => part === '{}' || part === segments[place]);
    const ids = segments.filter((_, place) => pattern[place] === '{}');
    if (fits) return route.run({ ...call, ids });
  }
  const known = controlRoutes.map(({ at }) => at.join(' /_control/')).join(', ');
  throw new Refusal(404, 'NotFound', `The control endpoint has: ${known}.`);
}

export type ControlCall = {
  runtime: Runtime;
  query: URLSearchParams;
  body: unknown;
  ids: readonly string[];
};

type ControlRoute = { at: [method: string, path: string]; run: (call: ControlCall) => object };

/** What tests and demonstrations can do that no client of Graph can. `{}` is a variable segment. */
export const controlRoutes: readonly ControlRoute[] = [
  { at: ['GET', 'state'], run: ({ runtime }) => showState(runtime.tenant.tables) },
  {
    at: ['GET', 'requests'],
    run: ({ runtime, query }) => ({
      value: runtime.log.read(Number(query.get('since') ?? 0), query.get('raw') === '1'),
    }),
  },
  { at: ['GET', 'faults'], run: ({ runtime }) => ({ value: runtime.faults.list() }) },
  {
    at: ['POST', 'faults'],
    run: ({ runtime, body }) => {
      runtime.faults.add(
        parsed(z.union([z.array(FaultRule), FaultRule.transform((one) => [one])]), body),
      );
      return { value: runtime.faults.list() };
    },
  },
  {
    at: ['DELETE', 'faults'],
    run: ({ runtime }) => {
      runtime.faults.clear();
      return { value: [] };
    },
  },
  { at: ['GET', 'tenant-limit'], run: ({ runtime }) => runtime.limits.report() },
  {
    at: ['PUT', 'tenant-limit'],
    run: ({ runtime, body }) => {
      runtime.limits.set(parsed(NewTenantLimit, body).limit);
      return runtime.limits.report();
    },
  },
  {
    at: ['POST', 'users'],
    run: ({ runtime, body }) => {
      const user = userOf(parsed(UserEntry, body));
      runtime.tenant.put('users', user);
      applyRules(runtime.tenant, user.id);
      return user;
    },
  },
  {
    at: ['PUT', 'caller'],
    run: ({ runtime: { tenant }, body }) => {
      const { id } = parsed(Caller, body);
      if (id !== null) requireServicePrincipal(tenant, undefined, id);
      tenant.caller.id = id ?? undefined;
      return { id };
    },
  },
  {
    at: ['PUT', 'resources/{}/undeliverable'],
    run: ({ runtime: { tenant }, body, ids: [originId = ''] }) => {
      const { afterMs } = parsed(Undeliverable, body);
      tenant.undeliverable.set(originId, afterMs);
      return { originId, afterMs };
    },
  },
  {
    at: ['DELETE', 'resources/{}/undeliverable'],
    run: ({ runtime: { tenant }, ids: [originId = ''] }) => {
      tenant.undeliverable.delete(originId);
      return { originId };
    },
  },
  {
    at: ['POST', 'past-requests'],
    run: ({ runtime: { tenant }, body }) => {
      const { packageName, employeeId, count } = parsed(PastRequests, body);
      addPastRequests(tenant, packageName, employeeId, count);
      return { count };
    },
  },
  {
    at: ['POST', 'assignments'],
    run: ({ runtime: { tenant }, body }) =>
      plantAssignment(tenant, parsed(PlantedAssignment, body)),
  },
  {
    at: ['POST', 'requests'],
    run: ({ runtime: { tenant }, body }) => plantRequest(tenant, parsed(PlantedRequest, body)),
  },
  {
    at: ['POST', 'policies'],
    run: ({ runtime: { tenant }, body }) => plantPolicy(tenant, parsed(PlantedPolicy, body)),
  },
  {
    at: ['PUT', 'approvals'],
    run: ({ runtime: { tenant }, body }) =>
      Object.assign(tenant.approvals, parsed(Approvals, body)),
  },
  {
    at: ['POST', 'requests/{}/decide'],
    run: (call) => {
      const request = requestOf(call);
      return decide(call.runtime.tenant, request, parsed(Decision, call.body).decision);
    },
  },
  {
    at: ['POST', 'requests/{}/advance'],
    run: (call) => {
      const { tenant } = call.runtime;
      const request = requestOf(call);
      return enterStep(tenant, request, request.step + 1, tenant.now());
    },
  },
  { at: ['PATCH', '{}/{}'], run: ({ runtime, body, ids }) => editRow(runtime.tenant, ids, body) },
  {
    at: ['DELETE', '{}/{}'],
    run: ({ runtime, query, ids }) =>
      deleteRow(runtime.tenant, ids, query.get('keepsAssignments') === '1'),
  },
  {
    at: ['POST', 'reset'],
    run: ({ runtime }) => {
      runtime.store.reset();
      runtime.log.clear();
      runtime.faults.clear();
      runtime.limits.set(runtime.settings.tenantLimit);
      runtime.tenant.caller.id = runtime.tenant.rules.caller;
      runtime.tenant.undeliverable.clear();
      runtime.tenant.approvals.areBypassed = false;
      return { reset: true };
    },
  },
];

function requestOf({ runtime, ids: [id = ''] }: ControlCall): AssignmentRequest {
  const request = runtime.tenant.tables.requests.get(id);
  if (request === undefined) throw resourceNotFound('assignment request');
  return request;
}

const Caller = z.strictObject({ id: z.guid().nullable() });
const Undeliverable = z.strictObject({ afterMs: z.int().nonnegative().nullable() });
const PastRequests = z.strictObject({
  packageName: z.string(),
  employeeId: z.string(),
  count: z.int().positive(),
});
const NewTenantLimit = z.strictObject({ limit: TenantLimit });
const Approvals = z.strictObject({ areBypassed: z.boolean() });
const Decision = z.strictObject({ decision: z.enum(['approve', 'deny']) });

function parsed<Type>(schema: z.ZodType<Type>, body: unknown): Type {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  throw new Refusal(400, 'BadRequest', z.prettifyError(read.error));
}
