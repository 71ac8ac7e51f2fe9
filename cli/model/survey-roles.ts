import type * as answer from '../../shared/graph/answers';
import type { AccessPackage, Resource } from '../../shared/domain/access-model/access-model';
import {
  findResource,
  findRoles,
  isSame,
  type GrantableRole,
} from '../../shared/packages/ensure/grantable-role';
import type { Part } from './part';
import type { Reads } from './reads';

/** The resources of a package in its catalog and their roles in the package, and what the package grants besides. */
export async function surveyRoles(
  graph: Pick<Reads, 'findCatalogResources' | 'findResourceRoles'>,
  { resources }: AccessPackage,
  catalogId: string | undefined,
  found: answer.AccessPackage | undefined,
): Promise<Part[]> {
  const parts: Part[] = [];
  const meant: GrantableRole[] = [];
  for (const wanted of resources) {
    const known = catalogId === undefined ? [] : await findResource(graph, catalogId, wanted);
    const [resource] = known;
    const about = wanted.originId;
    if (!resource || catalogId === undefined) {
      parts.push({ part: 'resource', about, state: 'absent' }, roleOf(wanted, 'absent'));
      continue;
    }
    parts.push({ part: 'resource', about, state: known.length > 1 ? 'ambiguous' : 'equal' });
    const [role, ...others] = await findRoles(graph, catalogId, wanted, resource);
    if (!role || others.length > 0) {
      parts.push(roleOf(wanted, role ? 'ambiguous' : 'no-such-role'));
      continue;
    }
    meant.push(role);
    const granted = (found?.roleScopes ?? []).some((one) => isSame(one, role));
    parts.push(roleOf(wanted, granted ? 'equal' : 'absent'));
  }
  const extra = (found?.roleScopes ?? []).filter((one) => !meant.some((role) => isSame(one, role)));
  return [
    ...parts,
    ...extra.map(({ role }): Part => ({ part: 'role', about: role, state: 'extra' })),
  ];
}

const roleOf = ({ originId, role }: Resource, state: Part['state']): Part => ({
  part: 'role',
  about: `${role} of ${originId}`,
  state,
});
