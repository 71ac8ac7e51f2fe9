import type { Outcome } from '../../domain/workflow/outcome';
import type { AccessPackage } from '../../graph/answers';
import type { Part } from './ensure-part';
import { ensurePart } from './ensure-part';
import type { Ensuring } from './ensuring';
import { failed } from './ensuring';
import { isSame, originsOf, type GrantableRole, type RoleScope } from './grantable-role';

/** The package grants exactly these roles: one that the model does not name is access that nobody reviewed. */
export async function ensureRoleScopes(
  ensuring: Ensuring,
  accessPackage: AccessPackage,
  roles: readonly GrantableRole[],
): Promise<Outcome> {
  const isWanted = (one: RoleScope) => roles.some((role) => isSame(one, role));
  if (!accessPackage.roleScopes.every(isWanted)) return failed('drift:package.resourceRoleScopes');
  for (const role of roles) {
    const outcome = await ensureRoleScope(ensuring, accessPackage, role);
    if (outcome.kind !== 'done') return outcome;
  }
  return { kind: 'done' };
}

function ensureRoleScope(
  ensuring: Ensuring,
  { id: packageId, roleScopes }: AccessPackage,
  grantable: GrantableRole,
): Promise<Outcome<{ found: RoleScope }>> {
  const { graph, packageRow } = ensuring;
  const matching = (all: RoleScope[]) => all.filter((one) => isSame(one, grantable)).slice(0, 1);
  const wanted = originsOf(grantable);
  const part: Part<RoleScope> = {
    name: `role-scope:${wanted.role}|${wanted.scope}`,
    row: packageRow,
    look: async () => matching((await graph.getAccessPackage(packageId)).roleScopes),
    make: async () => {
      await graph.addResourceRoleScope({ packageId, ...grantable });
      return wanted;
    },
  };
  return ensurePart(ensuring, part, matching(roleScopes));
}
