import type { Resource } from '../../domain/access-model';
import type { Outcome } from '../../domain/outcome';
import type { CatalogResource, ResourceRole, ResourceScope } from '../answers';
import type { Part } from './ensure-part';
import { ensurePart } from './ensure-part';
import type { Ensuring } from './ensuring';
import { failed, isRecent, notYetVisible } from './ensuring';

/** A role of a resource as the catalog knows it: what a package can be given. */
export type GrantableRole = {
  resource: CatalogResource;
  role: ResourceRole;
  scope: ResourceScope | undefined;
};

/** Every resource of the package is in its catalog and has the role that the model names. */
export async function ensureResources(
  ensuring: Ensuring,
  catalogId: string,
): Promise<Outcome<{ roles: GrantableRole[] }>> {
  const roles: GrantableRole[] = [];
  for (const wanted of ensuring.wanted.accessPackage.resources) {
    const resource = await ensureResource(ensuring, catalogId, wanted);
    if (resource.kind !== 'done') return resource;
    const role = await grantableRole(ensuring, catalogId, wanted, resource.found);
    if (role.kind !== 'done') return role;
    roles.push(role.role);
  }
  return { kind: 'done', roles };
}

function ensureResource(
  ensuring: Ensuring,
  catalogId: string,
  { originId, originSystem }: Resource,
): Promise<Outcome<{ found: CatalogResource }>> {
  const { graph, catalogRow } = ensuring;
  const part: Part<CatalogResource> = {
    name: resourcePart(originId),
    row: catalogRow,
    look: async () => {
      const found = await graph.findCatalogResources(catalogId, originId);
      return found.filter((one) => one.originSystem === originSystem);
    },
    make: async () => {
      await graph.addResourceToCatalog({ catalogId, originId, originSystem });
      return undefined;
    },
  };
  return ensurePart(ensuring, part);
}

async function grantableRole(
  ensuring: Ensuring,
  catalogId: string,
  wanted: Resource,
  resource: CatalogResource,
): Promise<Outcome<{ role: GrantableRole }>> {
  const expanded = resource.roles ?? [];
  const roles =
    expanded.length > 0 ? expanded : await ensuring.graph.findResourceRoles(catalogId, resource);
  const [role, ...others] = roles.filter((one) => isRole(one, wanted));
  if (others.length > 0) return failed('resource-role-ambiguous');
  if (role) {
    const scope = resource.scopes?.find((one) => one.isRootScope) ?? resource.scopes?.[0];
    return { kind: 'done', role: { resource, role, scope } };
  }
  const added = ensuring.catalogRow.now().writes[resourcePart(wanted.originId)];
  const isNew = added !== undefined && isRecent(added.at, ensuring.options);
  return isNew ? notYetVisible(ensuring) : failed('resource-role-missing');
}

/** A group's roles are known by their origin id, `Member_<group id>`, whatever language their names are in. */
function isRole({ originId, displayName }: ResourceRole, { role, ...resource }: Resource): boolean {
  return originId === `${role}_${resource.originId}` || originId === role || displayName === role;
}

/** A table row keeps this name, and an origin id may be a URL. */
function resourcePart(originId: string): string {
  return `resource:${originId}`;
}
