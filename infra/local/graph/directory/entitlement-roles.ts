import {
  assignRole,
  definitionOf,
  roleDefinitions,
  type RoleDefinition,
} from '../services/entitlement-roles';
import { resourceNotFound } from '../errors';
import type { Answer, Call, Operation } from '../http/call';
import { checkBody } from '../odata/check-body';
import { list, made, one, type Dialect, type Entity } from '../odata/entities';
import { navigationIn } from '../odata/navigation';
import { guidAt, id, optionalText } from '../odata/read';
import type { EntitlementRole } from '../state/directory-rows';

const definition: Entity<RoleDefinition> = {
  type: 'unifiedRoleDefinition',
  properties: ({ id, displayName, description }) => ({
    id,
    displayName,
    description,
    isBuiltIn: true,
    isEnabled: true,
    templateId: id,
  }),
  navigation: {},
};

const assignment = (dialect: Dialect): Entity<EntitlementRole> => ({
  type: 'unifiedRoleAssignment',
  properties: (row) => ({ ...row }),
  navigation: {
    roleDefinition: navigationIn(dialect).toOne(
      () => definition,
      ({ roleDefinitionId }: EntitlementRole) => definitionOf(roleDefinitionId),
    ),
  },
});

/** docs: https://learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions (entitlement management) */
export const listRoleDefinitions =
  (dialect: Dialect): Operation =>
  (call) => {
    const candidates = () => roleDefinitions.map((row, at) => ({ row, order: at + 1 }));
    const filterable = {
      id: { is: 'guid' as const, value: (row: RoleDefinition) => row.id },
      displayName: { is: 'text' as const, value: (row: RoleDefinition) => row.displayName },
    };
    return list(dialect, definition, { filterable, candidates }, call);
  };

/** docs: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments (entitlement management) */
export const listRoleAssignments =
  (dialect: Dialect): Operation =>
  (call) => {
    const filterable = {
      principalId: { is: 'guid' as const, value: (row: EntitlementRole) => row.principalId },
      roleDefinitionId: {
        is: 'guid' as const,
        value: (row: EntitlementRole) => row.roleDefinitionId,
      },
      appScopeId: { is: 'text' as const, value: (row: EntitlementRole) => row.appScopeId },
    };
    const candidates = () => call.tenant.tables.entitlementRoles.all(call.view);
    return list(dialect, assignment(dialect), { filterable, candidates }, call);
  };

/** docs: https://learn.microsoft.com/graph/api/unifiedroleassignment-get */
export const readRoleAssignment =
  (dialect: Dialect): Operation =>
  (call) =>
    one(dialect, assignment(dialect), assignmentAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments (entitlement management) */
export const postRoleAssignment =
  (dialect: Dialect): Operation =>
  (call) => {
    const body = checkBody(dialect.model, 'unifiedRoleAssignment', call.body ?? {});
    const given = assignRole(call.tenant, {
      principalId: id(body, 'principalId'),
      roleDefinitionId: id(body, 'roleDefinitionId'),
      appScopeId: optionalText(body, 'appScopeId'),
      directoryScopeId: optionalText(body, 'directoryScopeId'),
    });
    return made(dialect, assignment(dialect), given, call);
  };

/** docs: https://learn.microsoft.com/graph/api/unifiedroleassignment-delete */
export function deleteRoleAssignment(call: Call): Answer {
  call.tenant.remove('entitlementRoles', assignmentAt(call).id);
  return { status: 204 };
}

function assignmentAt(call: Call): EntitlementRole {
  const found = call.tenant.tables.entitlementRoles.get(guidAt(call), call.view);
  if (found === undefined) throw resourceNotFound('role assignment');
  return found;
}
