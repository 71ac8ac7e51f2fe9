import { z } from 'zod';
import type { Entitlements } from '../../shared/graph/entitlements';
import { GraphError } from '../../shared/graph/errors';
import { literal, segment } from '../../shared/graph/odata';
import type { TenantGraph } from '../tenant/tenant-graph';

/** The product's own client, which the run proves, and the calls that the product has no verb for. */
export type SmokeGraph = { product: Entitlements; tenant: TenantGraph };

const management = 'identityGovernance/entitlementManagement';

const Id = z.object({ id: z.string() });
const Named = z.object({ id: z.string(), displayName: z.string().nullish() });
export type Named = z.infer<typeof Named>;
const Person = z.object({ id: z.string(), accountEnabled: z.boolean().nullish() });
const Held = z.object({ id: z.string(), state: z.string().nullish() });

export const readTenant = async ({ tenant }: SmokeGraph): Promise<Named> => {
  const [found] = await tenant.organization();
  if (found === undefined) throw new Error('Graph tells of no tenant');
  return found;
};

/** A person by object id or user principal name. Throws with what to do if the tenant has none. */
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

/** Every catalog: which filters of text their list takes beside equality, nobody documents. */
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

/** All assignments of a package, whoever has them. */
export const listAssignments = (
  { tenant }: SmokeGraph,
  packageId: string,
): Promise<z.infer<typeof Held>[]> => {
  const filter = encodeURIComponent(`accessPackage/id eq ${literal(packageId)}`);
  return tenant.list(`${management}/assignments?$filter=${filter}`, Held);
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

/** Deletes one thing of entitlement management. */
export const remove = (
  { tenant }: SmokeGraph,
  kind: 'catalogs' | 'accessPackages' | 'assignmentPolicies' | 'assignmentRequests',
  id: string,
): Promise<void> => tenant.remove(`${management}/${kind}/${segment(id)}`);

export const removeGroup = ({ tenant }: SmokeGraph, id: string): Promise<void> =>
  tenant.remove(`groups/${segment(id)}`);
