import { z } from 'zod';
import { enterStep } from '../services/deliver';
import { decide } from '../services/decide';
import { requireServicePrincipal } from '../services/service-principals';
import { resourceNotFound } from '../errors';
import { FaultRule } from '../faults';
import type { Parts } from '../http/handle';
import { Refusal } from '../refusal';
import type { AssignmentRequest } from '../state/rows';
import { userOf } from '../tenant/people';
import { User } from '../tenant/tenant-file';
import { deleteRow, editRow } from './edits';
import { showState } from './show-state';

export type ControlCall = {
  parts: Parts;
  query: URLSearchParams;
  body: unknown;
  ids: readonly string[];
};

type ControlRoute = { at: [method: string, path: string]; act: (call: ControlCall) => object };

/** What tests and demonstrations may do that no client of Graph can. `{}` is a variable segment. */
export const controlRoutes: readonly ControlRoute[] = [
  { at: ['GET', 'state'], act: ({ parts }) => showState(parts.tenant.tables) },
  {
    at: ['GET', 'requests'],
    act: ({ parts, query }) => ({
      value: parts.log.read(Number(query.get('since') ?? 0), query.get('raw') === '1'),
    }),
  },
  { at: ['GET', 'faults'], act: ({ parts }) => ({ value: parts.faults.list() }) },
  {
    at: ['POST', 'faults'],
    act: ({ parts, body }) => {
      parts.faults.add(
        parsed(z.union([z.array(FaultRule), FaultRule.transform((one) => [one])]), body),
      );
      return { value: parts.faults.list() };
    },
  },
  {
    at: ['DELETE', 'faults'],
    act: ({ parts }) => {
      parts.faults.clear();
      return { value: [] };
    },
  },
  {
    at: ['POST', 'users'],
    act: ({ parts, body }) => {
      const user = userOf(parsed(User, body));
      parts.tenant.put('users', user);
      return user;
    },
  },
  {
    at: ['PUT', 'caller'],
    act: ({ parts: { tenant }, body }) => {
      const { id } = parsed(Caller, body);
      if (id !== null) requireServicePrincipal(tenant, undefined, id);
      tenant.caller.id = id ?? undefined;
      return { id };
    },
  },
  {
    at: ['POST', 'requests/{}/decide'],
    act: (call) => {
      const request = requestOf(call);
      return decide(call.parts.tenant, request, parsed(Decision, call.body).decision);
    },
  },
  {
    at: ['POST', 'requests/{}/advance'],
    act: (call) => {
      const { tenant } = call.parts;
      const request = requestOf(call);
      return enterStep(tenant, request, request.step + 1, tenant.now());
    },
  },
  { at: ['PATCH', '{}/{}'], act: ({ parts, body, ids }) => editRow(parts.tenant, ids, body) },
  { at: ['DELETE', '{}/{}'], act: ({ parts, ids }) => deleteRow(parts.tenant, ids) },
  {
    at: ['POST', 'reset'],
    act: ({ parts }) => {
      parts.store.reset();
      parts.log.clear();
      parts.faults.clear();
      parts.tenant.caller.id = parts.tenant.rules.caller;
      return { reset: true };
    },
  },
];

function requestOf({ parts, ids: [id = ''] }: ControlCall): AssignmentRequest {
  const request = parts.tenant.tables.requests.get(id);
  if (request === undefined) throw resourceNotFound('assignment request');
  return request;
}

const Caller = z.strictObject({ id: z.guid().nullable() });
const Decision = z.strictObject({ decision: z.enum(['approve', 'deny']) });

function parsed<Type>(schema: z.ZodType<Type>, body: unknown): Type {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  throw new Refusal(400, 'BadRequest', z.prettifyError(read.error));
}
