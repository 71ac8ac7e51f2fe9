import { grantAppRole } from '../services/app-roles';
import { requireServicePrincipal } from '../services/service-principals';
import { directoryObjectNotFound, directoryRefuses } from '../errors';
import { idAt, type Answer, type Call, type Operation } from '../http/call';
import { checkBody } from '../odata/check-body';
import { list, made, type Dialect, type Entity } from '../odata/entities';
import { instant } from '../odata/navigation';
import { guidAt, id } from '../odata/read';
import type { AppRoleAssignment } from '../state/directory-rows';

const appRoleAssignment: Entity<AppRoleAssignment> = {
  type: 'appRoleAssignment',
  properties: ({ createdAt, ...row }, { tenant: { tables } }) => ({
    ...row,
    createdDateTime: instant(createdAt),
    principalDisplayName: tables.servicePrincipals.get(row.principalId)?.displayName ?? null,
    principalType: tables.users.get(row.principalId) === undefined ? 'ServicePrincipal' : 'User',
    resourceDisplayName: tables.servicePrincipals.get(row.resourceId)?.displayName ?? null,
  }),
  navigation: {},
};

/** The same grants, seen from who holds them (appRoleAssignments) or from what they are for (appRoleAssignedTo). */
export type Side = 'principal' | 'resource';

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments, -list-approleassignedto */
export const listAppRoleAssignments =
  (dialect: Dialect, side: Side): Operation =>
  (call) => {
    const own = ownId(call);
    const candidates = () => call.tenant.tables.appRoleAssignments.find(side, own, call.view);
    return list(dialect, appRoleAssignment, { filterable: {}, candidates }, call);
  };

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments, -post-approleassignedto */
export const postAppRoleAssignment =
  (dialect: Dialect, side: Side): Operation =>
  (call) => {
    const body = checkBody(dialect.model, 'appRoleAssignment', call.body ?? {});
    const wanted = {
      principalId: id(body, 'principalId'),
      resourceId: id(body, 'resourceId'),
      appRoleId: id(body, 'appRoleId'),
    };
    if (wanted[`${side}Id`] !== ownId(call)) {
      throw directoryRefuses(`'${side}Id' must be the object that the address names.`);
    }
    return made(dialect, appRoleAssignment, grantAppRole(call.tenant, wanted), call);
  };

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignments, -delete-approleassignedto */
export const deleteAppRoleAssignment =
  (side: Side): Operation =>
  (call): Answer => {
    const own = ownId(call);
    const wanted = idAt(call, 1);
    const held = call.tenant.tables.appRoleAssignments.find(side, own);
    if (!held.some(({ row }) => row.id === wanted)) throw directoryObjectNotFound(wanted);
    call.tenant.remove('appRoleAssignments', wanted);
    return { status: 204 };
  };

const ownId = (call: Call): string =>
  requireServicePrincipal(call.tenant, call.view, guidAt(call)).id;
