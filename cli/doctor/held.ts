import { emptyOn404 } from '../../shared/graph/errors';
import type { Patient } from './patient';

/** What an identity holds: app roles of Graph by name, and the catalogs ("/" is all) on which it may assign. */
export type Held = { appRoles: readonly string[]; catalogs: readonly string[] };

/**
 * The roles that may assign packages: catalog owner, access package manager and access package assignment manager.
 * Source: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
const MAY_ASSIGN = [
  'ae79f266-94d4-4dab-b730-feca7e132178',
  '7f480852-ebdc-47d4-87de-0d8498384a83',
  'e2182095-804a-4656-ae11-64734e9b7ae5',
];

/** What the service principal of a client or object id holds; undefined if the tenant has none. Throws `GraphError`. */
export async function heldBy({ tenant }: Patient, identity: string): Promise<Held | undefined> {
  const principal =
    (await tenant.principalByAppId(identity)) ??
    (await emptyOn404(tenant.principalById(identity)))[0];
  if (!principal) return undefined;
  const [graph, assigned, roles] = await Promise.all([
    tenant.graphPrincipal(),
    tenant.appRoleAssignments(principal.id),
    tenant.entitlementRoles(principal.id),
  ]);
  const names = new Map(graph?.appRoles?.map(({ id, value }) => [id, value ?? '']));
  return {
    appRoles: assigned
      .filter(({ resourceId }) => resourceId === graph?.id)
      .map(({ appRoleId }) => names.get(appRoleId) ?? ''),
    catalogs: roles
      .filter(({ roleDefinitionId }) => MAY_ASSIGN.includes(roleDefinitionId.toLowerCase()))
      .map(({ appScopeId }) => appScopeId?.replace(/^\/AccessPackageCatalog\//i, '') ?? '/'),
  };
}
