import { z } from 'zod';
import { emptyOn404, GraphError } from '../../../shared/graph/errors';
import { literal, segment } from '../../../shared/graph/odata';
import type { ServicePrincipal } from '../../../shared/graph/tenant';
import type { TenantGraph } from '../../tenant/tenant-graph';

/** Finds an identity by its object id or client id. Throws an Error for the user if the tenant has neither. */
export async function findIdentity(graph: TenantGraph, id: string): Promise<ServicePrincipal> {
  const found =
    (await graph.principalByAppId(id)) ?? (await emptyOn404(graph.principalById(id)))[0];
  if (found !== undefined) return found;
  throw new Error(
    `this tenant has no identity with the object id or client id ${id}; a new one takes up to a minute to appear`,
  );
}

/** The service principal of Microsoft Graph in this tenant, with the permissions that it offers. */
export async function findGraph(graph: TenantGraph): Promise<ServicePrincipal> {
  const found = await graph.graphPrincipal();
  if (found === undefined)
    throw new Error('this tenant has no service principal of Microsoft Graph');
  return found;
}

/** A permission of Microsoft Graph that an identity has: its name, and the id of the grant. */
type HeldPermission = { permission: string; grantId: string };

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments */
export async function heldPermissions(
  graph: TenantGraph,
  identity: ServicePrincipal,
  api: ServicePrincipal,
): Promise<HeldPermission[]> {
  const held = await graph.appRoleAssignments(identity.id);
  return held
    .filter(({ resourceId }) => resourceId === api.id)
    .map(({ id, appRoleId }) => ({ permission: nameOf(api, appRoleId), grantId: id }));
}

const nameOf = ({ appRoles }: ServicePrincipal, id: string): string =>
  appRoles?.find((role) => role.id === id)?.value ?? id;

/**
 * Grants a permission. Answers `held` if somebody else granted it in the meantime.
 * docs: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
 */
export async function grantPermission(
  graph: TenantGraph,
  identity: ServicePrincipal,
  api: ServicePrincipal,
  permission: string,
): Promise<'granted' | 'held'> {
  const appRoleId = api.appRoles?.find(({ value }) => value === permission)?.id;
  if (appRoleId === undefined)
    throw new Error(`Microsoft Graph offers no permission ${permission}`);
  const body = { principalId: identity.id, resourceId: api.id, appRoleId };
  try {
    await graph.create(`servicePrincipals/${segment(api.id)}/appRoleAssignedTo`, body, z.unknown());
    return 'granted';
  } catch (error) {
    if (!(error instanceof GraphError && error.fault.status === 400)) throw error;
    const held = await heldPermissions(graph, identity, api);
    if (!held.some((one) => one.permission === permission)) throw error;
    return 'held';
  }
}

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignments */
export const revokePermission = (
  graph: TenantGraph,
  identity: ServicePrincipal,
  { grantId }: HeldPermission,
): Promise<void> =>
  graph.remove(`servicePrincipals/${segment(identity.id)}/appRoleAssignments/${segment(grantId)}`);

const ROLE_ASSIGNMENTS = 'roleManagement/entitlementManagement/roleAssignments';
const CATALOGS = 'identityGovernance/entitlementManagement/catalogs';

const Catalog = z.object({ id: z.string(), displayName: z.string() });
type Catalog = z.infer<typeof Catalog>;

/** Finds a catalog by its id or its display name. Throws an Error for the user unless exactly one has that name. */
export async function findCatalog(graph: TenantGraph, idOrName: string): Promise<Catalog> {
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(idOrName);
  if (isId) return graph.read(`${CATALOGS}/${segment(idOrName)}`, Catalog);
  const filter = encodeURIComponent(`displayName eq ${literal(idOrName)}`);
  const [found, ...others] = await graph.list(`${CATALOGS}?$filter=${filter}`, Catalog);
  if (found === undefined) {
    throw new Error(
      `there is no catalog "${idOrName}"; create it with "joinery model apply" or in the portal`,
    );
  }
  if (others.length > 0)
    throw new Error(`several catalogs are called "${idOrName}": give its id instead`);
  return found;
}

export async function holdsRole(
  graph: TenantGraph,
  identity: ServicePrincipal,
  roleDefinitionId: string,
  catalog: Catalog,
): Promise<boolean> {
  const held = await graph.entitlementRoles(identity.id);
  const scope = scopeOf(catalog).toLowerCase();
  return held.some(
    (one) => one.roleDefinitionId === roleDefinitionId && one.appScopeId?.toLowerCase() === scope,
  );
}

/**
 * Assigns a role in a catalog. Answers `held` if somebody else assigned it in the meantime.
 * docs: https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments (example 4)
 */
export async function assignRole(
  graph: TenantGraph,
  identity: ServicePrincipal,
  roleDefinitionId: string,
  catalog: Catalog,
): Promise<'granted' | 'held'> {
  const body = { principalId: identity.id, roleDefinitionId, appScopeId: scopeOf(catalog) };
  try {
    await graph.create(ROLE_ASSIGNMENTS, body, z.unknown());
    return 'granted';
  } catch (error) {
    if (!(error instanceof GraphError && error.fault.status !== 403)) throw error;
    if (!(await holdsRole(graph, identity, roleDefinitionId, catalog))) throw error;
    return 'held';
  }
}

const scopeOf = ({ id }: Catalog): string => `/AccessPackageCatalog/${id}`;
