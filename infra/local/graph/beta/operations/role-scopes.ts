import { requirePackage } from '../../services/packages';
import { addRoleScope } from '../../services/role-scopes';
import type { Answer, Call } from '../../http/call';
import { list, made, type Listing } from '../../odata/entities';
import { guidAt, id, object, optionalObject, text } from '../../odata/read';
import type { RoleScope } from '../../state/rows';
import { beta, bodyOf } from '../dialect';
import { roleScope } from '../entities/resources';

/** docs: https://learn.microsoft.com/graph/api/accesspackage-list-accesspackageresourcerolescopes?view=graph-rest-beta */
export function listRoleScopes(call: Call): Answer {
  const { id: packageId } = requirePackage(call.tenant, call.view, guidAt(call));
  const roleScopes: Listing<RoleScope> = {
    filterable: {},
    candidates: ({ tenant, view }) =>
      tenant.tables.roleScopes.find('accessPackage', packageId, view),
  };
  return list(beta, roleScope, roleScopes, call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-post-accesspackageresourcerolescopes?view=graph-rest-beta */
export function postRoleScope(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageResourceRoleScope');
  const role = object(body, 'accessPackageResourceRole');
  const scope = optionalObject(body, 'accessPackageResourceScope');
  const wanted = {
    packageId: guidAt(call),
    resourceId: id(object(role, 'accessPackageResource'), 'id'),
    roleOriginId: text(role, 'originId'),
    scopeOriginId: scope === null ? undefined : text(scope, 'originId'),
  };
  return made(beta, roleScope, addRoleScope(call.tenant, call.view, wanted), call);
}
