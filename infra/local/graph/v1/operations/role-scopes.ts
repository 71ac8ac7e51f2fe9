import { requirePackage } from '../../services/packages';
import { addRoleScope } from '../../services/role-scopes';
import type { Answer, Call } from '../../http/call';
import { list, made, type Listing } from '../../odata/entities';
import type { RoleScope } from '../../state/rows';
import { bodyOf, v1 } from '../dialect';
import { roleScope } from '../entities/catalogs';
import { guidAt, id, object, optionalObject, text } from '../../odata/read';

/** docs: https://learn.microsoft.com/graph/api/accesspackage-list-resourcerolescopes */
export function listRoleScopes(call: Call): Answer {
  const { id: packageId } = requirePackage(call.tenant, call.view, guidAt(call));
  const roleScopes: Listing<RoleScope> = {
    filterable: {},
    candidates: ({ tenant, view }) =>
      tenant.tables.roleScopes.find('accessPackage', packageId, view),
  };
  return list(v1, roleScope, roleScopes, call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-post-resourcerolescopes */
export function postRoleScope(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageResourceRoleScope');
  const role = object(body, 'role');
  const scope = optionalObject(body, 'scope');
  const wanted = {
    packageId: guidAt(call),
    resourceId: id(object(role, 'resource'), 'id'),
    roleOriginId: text(role, 'originId'),
    scopeOriginId: scope === null ? undefined : text(scope, 'originId'),
  };
  return made(v1, roleScope, addRoleScope(call.tenant, call.view, wanted), call);
}
