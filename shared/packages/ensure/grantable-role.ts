import type { Resource } from '../../domain/access-model/access-model';
import type {
  AccessPackage,
  CatalogResource,
  ResourceRole,
  ResourceScope,
} from '../../graph/answers';
import type { Entitlements } from '../../graph/entitlements';

/** A role of a resource as the catalog knows it: what a package can be given. */
export type GrantableRole = {
  resource: CatalogResource;
  role: ResourceRole;
  scope: ResourceScope | undefined;
};

/** By the origin ids of role and scope. */
export type RoleScope = AccessPackage['roleScopes'][number];

/** The resource of the model as the catalog has it. */
export async function findResource(
  graph: Pick<Entitlements, 'findCatalogResources'>,
  catalogId: string,
  { originId, originSystem }: Resource,
): Promise<CatalogResource[]> {
  const found = await graph.findCatalogResources(catalogId, originId);
  return found.filter((one) => one.originSystem === originSystem);
}

/** The roles of the resource that the model may mean; more than one is ambiguous. */
export async function findRoles(
  graph: Pick<Entitlements, 'findResourceRoles'>,
  catalogId: string,
  wanted: Resource,
  resource: CatalogResource,
): Promise<GrantableRole[]> {
  const expanded = resource.roles ?? [];
  const roles = expanded.length > 0 ? expanded : await graph.findResourceRoles(catalogId, resource);
  const scope = resource.scopes?.find((one) => one.isRootScope) ?? resource.scopes?.[0];
  return roles.filter((one) => isRole(one, wanted)).map((role) => ({ resource, role, scope }));
}

export function originsOf({ resource, role, scope }: GrantableRole): RoleScope {
  return { role: role.originId ?? '', scope: scope?.originId ?? resource.originId ?? '' };
}

export function isSame(one: RoleScope, grantable: GrantableRole): boolean {
  const { role, scope } = originsOf(grantable);
  return one.role === role && one.scope === scope;
}

/** A group's roles are known by their origin id, `Member_<group id>`, whatever language their names are in. */
function isRole({ originId, displayName }: ResourceRole, { role, ...resource }: Resource): boolean {
  return originId === `${role}_${resource.originId}` || originId === role || displayName === role;
}
