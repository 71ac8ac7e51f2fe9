import { resourceNotFound } from '../errors';
import type { Answer, Call } from '../http/routes';
import { guidAt, id, optionalText } from '../odata/body';
import { list, type Listing } from '../odata/list';
import { checkBody } from '../odata/model';
import { created, type Entity, one, toOne } from '../odata/present';
import {
  assignRole,
  definitionOf,
  type RoleDefinition,
  roleDefinitions,
} from '../services/permissions';
import type { EntitlementRole } from '../state/rows';
import { directoryModel as model } from './model';

const definition: Entity<RoleDefinition> = {
  model,
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

const definitions: Listing<RoleDefinition> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    displayName: { is: 'text', value: (row) => row.displayName },
  },
  candidates: () => roleDefinitions.map((row, at) => ({ row, order: at + 1 })),
};

const assignment: Entity<EntitlementRole> = {
  model,
  type: 'unifiedRoleAssignment',
  properties: (row) => ({ ...row }),
  navigation: {
    roleDefinition: toOne(
      () => definition,
      ({ roleDefinitionId }) => definitionOf(roleDefinitionId),
    ),
  },
};

const assignments: Listing<EntitlementRole> = {
  filterable: {
    principalId: { is: 'guid', value: (row) => row.principalId },
    roleDefinitionId: { is: 'guid', value: (row) => row.roleDefinitionId },
    appScopeId: { is: 'text', value: (row) => row.appScopeId },
  },
  candidates: ({ tenant, view }) => tenant.tables.entitlementRoles.all(view),
};

/** docs: https://learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions (entitlement management) */
export const listRoleDefinitions = (call: Call): Answer => list(definition, definitions, call);

/** docs: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments (entitlement management) */
export const listRoleAssignments = (call: Call): Answer => list(assignment, assignments, call);

/** docs: https://learn.microsoft.com/graph/api/unifiedroleassignment-get */
export const readRoleAssignment = (call: Call): Answer => one(assignment, assignmentAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments (entitlement management) */
export function postRoleAssignment(call: Call): Answer {
  const body = checkBody(model, 'unifiedRoleAssignment', call.body ?? {});
  const assigned = assignRole(call.tenant, {
    principalId: id(body, 'principalId'),
    roleDefinitionId: id(body, 'roleDefinitionId'),
    appScopeId: optionalText(body, 'appScopeId'),
    directoryScopeId: optionalText(body, 'directoryScopeId'),
  });
  return created(assignment, assigned, call);
}

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
