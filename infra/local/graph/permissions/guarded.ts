import { requestDenied } from '../errors';
import type { Operation, Routes } from '../http/routes';
import type { Permission } from '../services/permissions';
import type { Tenant } from '../services/tenant';
import { hasAny, requireEntitlement } from './entitlements';

const management = /^\/[^/]+\/identityGovernance\/entitlementManagement/;

/** Routes that check the permissions of the caller first: see `Tenant.caller`. */
export function guarded(routes: Routes): Routes {
  return Object.fromEntries(
    Object.entries(routes).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [
          method,
          operation && guard(path, method, operation),
        ]),
      ),
    ]),
  );
}

const guard =
  (path: string, method: string, operation: Operation): Operation =>
  (call) => {
    if (call.tenant.caller.id !== undefined) {
      if (management.test(path)) requireEntitlement(call, path.replace(management, ''), method);
      else requireDirectoryPermission(call.tenant, path, method);
    }
    return operation(call);
  };

const directory: Permission[] = ['Directory.Read.All', 'Directory.ReadWrite.All'];
const applications: Permission[] = ['Application.Read.All', 'Application.ReadWrite.All'];
const groups: Permission[] = ['Group.Read.All', 'Group.ReadWrite.All', ...directory];
const members: Permission[] = ['GroupMember.Read.All', 'GroupMember.ReadWrite.All'];
const entitlements: Permission[] = ['EntitlementManagement.ReadWrite.All'];
const grants: Permission[] = ['AppRoleAssignment.ReadWrite.All'];

/**
 * Any one of these permissions is enough. `User.ReadBasic.All` is not among them, because no source shows whether it
 * includes the employee id.
 * Source: permissions.json of https://github.com/microsoftgraph/microsoft-graph-devx-content (August 2026).
 */
const needed: [path: RegExp, methods: Record<string, readonly Permission[]>][] = [
  [/\/organization$/, { GET: ['Organization.Read.All', 'User.Read.All', ...directory] }],
  [/\/subscribedSkus$/, { GET: ['Organization.Read.All', ...directory] }],
  [/\/users(\/\{\})?$/, { GET: ['User.Read.All', 'User.ReadWrite.All', ...directory] }],
  [
    /\/groups(\/\{\})?$/,
    {
      GET: [...groups, 'GroupMember.Read.All'],
      POST: ['Group.Create', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'],
      DELETE: ['Group.ReadWrite.All'],
    },
  ],
  [/\/groups\/\{\}\/(members|owners)$/, { GET: [...groups, ...members] }],
  [/\/servicePrincipals(\/\{\})?$/, { GET: [...applications, 'Directory.Read.All'] }],
  [
    /\/appRoleAssign(ments|edTo)(\/\{\})?$/,
    { GET: [...applications, ...directory], POST: grants, DELETE: grants },
  ],
  [
    /\/entitlementManagement\/role(Assignments|Definitions)(\/\{\})?$/,
    {
      GET: [
        ...entitlements,
        'EntitlementManagement.Read.All',
        'RoleManagement.Read.All',
        'RoleManagement.Read.Directory',
      ],
      POST: [...entitlements, 'RoleManagement.ReadWrite.Directory'],
      DELETE: [...entitlements, 'RoleManagement.ReadWrite.Directory'],
    },
  ],
];

/** Throws Authorization_RequestDenied unless the caller may do this. */
function requireDirectoryPermission(tenant: Tenant, path: string, method: string): void {
  const [, methods] = needed.find(([pattern]) => pattern.test(path)) ?? [];
  const permissions = methods?.[method];
  if (permissions !== undefined && !hasAny(tenant, permissions)) throw requestDenied();
}
