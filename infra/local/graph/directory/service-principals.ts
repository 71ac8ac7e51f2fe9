import { directoryObjectNotFound, directoryRefuses } from '../errors';
import { type Answer, type Call, idAt, type Operation } from '../http/routes';
import { guidAt, id } from '../odata/body';
import { list, type Listing } from '../odata/list';
import { checkBody } from '../odata/model';
import { created, type Entity, instant, one } from '../odata/present';
import { grantAppRole, requireServicePrincipal } from '../services/permissions';
import type { AppRoleAssignment, ServicePrincipal } from '../state/rows';
import { directoryModel as model } from './model';

const servicePrincipal: Entity<ServicePrincipal> = {
  model,
  type: 'servicePrincipal',
  properties: ({ appRoles, ...row }) => ({
    ...row,
    accountEnabled: true,
    appDisplayName: row.displayName,
    appRoles: appRoles.map((role) => ({
      ...role,
      allowedMemberTypes: ['Application', 'User'],
      description: role.displayName,
      isEnabled: true,
      origin: 'Application',
    })),
  }),
  navigation: {},
};

const servicePrincipals: Listing<ServicePrincipal> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    appId: { is: 'guid', value: ({ appId }) => appId },
    displayName: { is: 'text', value: ({ displayName }) => displayName, also: ['startsWith'] },
  },
  advanced: true,
  candidates: ({ tenant, view }, equals) => {
    const appId = equals('appId');
    return appId === undefined
      ? tenant.tables.servicePrincipals.all(view)
      : tenant.tables.servicePrincipals.find('appId', appId, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-list */
export const listServicePrincipals = (call: Call): Answer =>
  list(servicePrincipal, servicePrincipals, call);

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-get */
export const readServicePrincipal = (call: Call): Answer =>
  one(servicePrincipal, servicePrincipalAt(call), call);

const appRoleAssignment: Entity<AppRoleAssignment> = {
  model,
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

/** The side that a grant is seen from: its holder (appRoleAssignments) or its resource (appRoleAssignedTo). */
export type Side = 'principal' | 'resource';

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments, -list-approleassignedto */
export const listAppRoleAssignments =
  (side: Side): Operation =>
  (call) => {
    const own = servicePrincipalAt(call).id;
    const candidates = () => call.tenant.tables.appRoleAssignments.find(side, own, call.view);
    return list(appRoleAssignment, { filterable: {}, candidates }, call);
  };

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments, -post-approleassignedto */
export const postAppRoleAssignment =
  (side: Side): Operation =>
  (call) => {
    const body = checkBody(model, 'appRoleAssignment', call.body ?? {});
    const grant = {
      principalId: id(body, 'principalId'),
      resourceId: id(body, 'resourceId'),
      appRoleId: id(body, 'appRoleId'),
    };
    if (grant[`${side}Id`] !== servicePrincipalAt(call).id) {
      throw directoryRefuses(`'${side}Id' must be the object that the address names.`);
    }
    return created(appRoleAssignment, grantAppRole(call.tenant, grant), call);
  };

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignments, -delete-approleassignedto */
export const deleteAppRoleAssignment =
  (side: Side): Operation =>
  (call) => {
    const own = servicePrincipalAt(call).id;
    const grantId = idAt(call, 1);
    const grants = call.tenant.tables.appRoleAssignments.find(side, own);
    if (!grants.some(({ row }) => row.id === grantId)) throw directoryObjectNotFound(grantId);
    call.tenant.remove('appRoleAssignments', grantId);
    return { status: 204 };
  };

const servicePrincipalAt = (call: Call): ServicePrincipal =>
  requireServicePrincipal(call.tenant, call.view, guidAt(call));
