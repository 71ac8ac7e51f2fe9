import type { Resource } from '../../domain/access-model/access-model';
import type { Outcome } from '../../domain/workflow/outcome';
import type { CatalogResource } from '../../graph/answers';
import type { Part } from './ensure-part';
import { ensurePart } from './ensure-part';
import type { Ensuring } from './ensuring';
import { failed, isRecent, notYetVisible } from './ensuring';
import { findResource, findRoles, type GrantableRole } from './grantable-role';

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
  wanted: Resource,
): Promise<Outcome<{ found: CatalogResource }>> {
  const { graph, catalogRow } = ensuring;
  const { originId, originSystem } = wanted;
  const part: Part<CatalogResource> = {
    name: resourcePart(originId),
    row: catalogRow,
    look: () => findResource(graph, catalogId, wanted),
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
  const [role, ...others] = await findRoles(ensuring.graph, catalogId, wanted, resource);
  if (others.length > 0) return failed('resource-role-ambiguous');
  if (role) return { kind: 'done', role };
  const added = ensuring.catalogRow.now().writes[resourcePart(wanted.originId)];
  const isNew = added !== undefined && isRecent(added.at, ensuring.options);
  return isNew ? notYetVisible(ensuring) : failed('resource-role-missing');
}

/** A table row keeps this name, and an origin id may be a URL. */
function resourcePart(originId: string): string {
  return `resource:${originId}`;
}
