import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Entitlements } from '../../shared/graph/entitlements';
import { classify, GraphError } from '../../shared/graph/errors';
import { literal, segment } from '../../shared/graph/odata';
import type { TenantGraph } from '../tenant/tenant-graph';

/** The product's client, which the smoke run tests, and the calls for which that client has no function. */
export type SmokeGraph = { product: Entitlements; tenant: TenantGraph };

const management = 'identityGovernance/entitlementManagement';

const Id = z.object({ id: z.string() });
const Named = z.object({ id: z.string(), displayName: z.string().nullish() });
export type Named = z.infer<typeof Named>;
const Person = z.object({ id: z.string(), accountEnabled: z.boolean().nullish() });
const Assignment = z.object({ id: z.string(), state: z.string().nullish() });

export const readTenant = async ({ tenant }: SmokeGraph): Promise<Named> => {
  const [found] = await tenant.organization();
  if (found === undefined) throw new Error('Graph returned no tenant');
  return found;
};

/** A user by object id or user principal name. Throws an Error for the user if the tenant has none. */
export async function readPerson(
  { tenant }: SmokeGraph,
  user: string,
): Promise<z.infer<typeof Person>> {
  try {
    return await tenant.read(`users/${encodeURIComponent(user)}?$select=id,accountEnabled`, Person);
  } catch (error) {
    if (!(error instanceof GraphError && error.fault.status === 404)) throw error;
    throw new Error(`this tenant has no user ${user}; give a user principal name or object id`, {
      cause: error,
    });
  }
}

export const listGroups = ({ tenant }: SmokeGraph, prefix: string): Promise<Named[]> =>
  tenant.list(
    `groups?$filter=${encodeURIComponent(`startsWith(displayName,${literal(prefix)})`)}`,
    Named,
  );

/** Lists every catalog: for this list only filters by equality are documented. */
export const listCatalogs = ({ tenant }: SmokeGraph): Promise<Named[]> =>
  tenant.list(`${management}/catalogs`, Named);

/** docs: https://learn.microsoft.com/graph/api/group-post-groups */
export const createGroup = ({ tenant }: SmokeGraph, name: string): Promise<{ id: string }> =>
  tenant.create(
    'groups',
    {
      displayName: name,
      description: 'Throwaway group of a smoke run of Joinery; may be deleted.',
      mailEnabled: false,
      mailNickname: name,
      securityEnabled: true,
    },
    Id,
  );

export const isMember = async (
  { tenant }: SmokeGraph,
  groupId: string,
  userId: string,
): Promise<boolean> => {
  const members = await tenant.list(`groups/${segment(groupId)}/members?$select=id`, Id);
  return members.some(({ id }) => id === userId);
};

/** All assignments of a package, of all users. */
export const listAssignments = (
  { tenant }: SmokeGraph,
  packageId: string,
): Promise<z.infer<typeof Assignment>[]> => {
  const filter = encodeURIComponent(`accessPackage/id eq ${literal(packageId)}`);
  return tenant.list(`${management}/assignments?$filter=${filter}`, Assignment);
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentrequests (adminRemove) */
export const requestRemoval = async (
  { tenant }: SmokeGraph,
  assignmentId: string,
): Promise<void> => {
  const body = { requestType: 'adminRemove', assignment: { id: assignmentId } };
  await tenant.create(`${management}/assignmentRequests`, body, Id);
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-resourcerequests (adminRemove) */
export const removeResource = async (
  { tenant }: SmokeGraph,
  catalogId: string,
  resourceId: string,
): Promise<void> => {
  const body = {
    requestType: 'adminRemove',
    resource: { id: resourceId },
    catalog: { id: catalogId },
  };
  await tenant.create(`${management}/resourceRequests`, body, Id);
};

export const listResources = ({ tenant }: SmokeGraph, catalogId: string): Promise<Named[]> =>
  tenant.list(`${management}/catalogs/${segment(catalogId)}/resources`, Named);

/** Deletes one object of entitlement management. */
export const remove = (
  { tenant }: SmokeGraph,
  kind: 'catalogs' | 'accessPackages' | 'assignmentPolicies' | 'assignmentRequests',
  id: string,
): Promise<void> => tenant.remove(`${management}/${kind}/${segment(id)}`);

export const removeGroup = ({ tenant }: SmokeGraph, id: string): Promise<void> =>
  tenant.remove(`groups/${segment(id)}`);

export type Timeouts = {
  /** Total time for one result. */
  deadlineMs: number;
  /** How long 403 and 404 are retried, because a replica may not have a new object yet. */
  replicationMs: number;
  intervalMs: number;
  /** Stops the waiting. */
  signal?: AbortSignal | undefined;
};

/**
 * Calls `read` until it returns a value. Retries after throttling, outages and errors that come from replication delay, not
 * before the Retry-After of the answer; throws any other error at once, and the last error after the deadline.
 */
export async function retryUntil<Value>(
  what: string,
  { deadlineMs, replicationMs, intervalMs, signal }: Timeouts,
  read: () => Promise<Value | undefined>,
): Promise<Value> {
  const start = Date.now();
  let lastError: GraphError | undefined;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const found = await read();
      if (found !== undefined) return found;
      lastError = undefined;
    } catch (error) {
      const waited = Date.now() - start;
      if (!isTransient(error) || (isNotFoundOrDenied(error) && waited > replicationMs)) throw error;
      lastError = error;
    }
    if (Date.now() - start > deadlineMs) {
      throw lastError ?? new Error(`${what}: nothing within ${Math.round(deadlineMs / 1000)} s`);
    }
    const askedMs = (lastError?.fault.retryAfterSeconds ?? 0) * 1000;
    await wait(Math.max(intervalMs, askedMs), undefined, signal && { signal });
  }
}

/** Conflicts that end by themselves once every replica has the change. */
const transientConflicts = [
  'not-found',
  'duplicate-key',
  'existing-open-request',
  'no-active-grant',
];

function isTransient(error: unknown): error is GraphError {
  const outcome = classify(error, { justCreated: true });
  if (outcome.kind === 'conflict') return transientConflicts.includes(outcome.conflict);
  return outcome.kind === 'later';
}

const isNotFoundOrDenied = ({ fault }: GraphError): boolean =>
  fault.status === 403 || fault.status === 404;
