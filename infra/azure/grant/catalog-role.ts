import { z } from 'zod';
import { GraphError } from '../../../shared/graph/errors';
import { literal, segment } from '../../../shared/graph/odata';
import type { TenantGraph } from '../../tenant/tenant-graph';
import type { ServicePrincipal } from '../../../shared/graph/tenant';

const roles = 'roleManagement/entitlementManagement/roleAssignments';
const catalogs = 'identityGovernance/entitlementManagement/catalogs';

const Catalog = z.object({ id: z.string(), displayName: z.string() });
export type Catalog = z.infer<typeof Catalog>;

/** A catalog by its id or its display name, which must be the name of one only. */
export async function findCatalog(graph: TenantGraph, wanted: string): Promise<Catalog> {
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted);
  if (isId) return graph.read(`${catalogs}/${segment(wanted)}`, Catalog);
  const filter = encodeURIComponent(`displayName eq ${literal(wanted)}`);
  const [found, ...others] = await graph.list(`${catalogs}?$filter=${filter}`, Catalog);
  if (found === undefined) {
    throw new Error(
      `there is no catalog "${wanted}"; make it with "joinery model apply" or in the portal`,
    );
  }
  if (others.length > 0)
    throw new Error(`several catalogs are called "${wanted}": name one by its id`);
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
 * Gives a role in a catalog. Somebody who did so meanwhile is no fault.
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
    await graph.create(roles, body, z.unknown());
    return 'granted';
  } catch (error) {
    if (!(error instanceof GraphError && error.fault.status !== 403)) throw error;
    if (!(await holdsRole(graph, identity, roleDefinitionId, catalog))) throw error;
    return 'held';
  }
}

const scopeOf = ({ id }: Catalog): string => `/AccessPackageCatalog/${id}`;
