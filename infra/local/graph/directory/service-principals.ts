import { requireServicePrincipal } from '../services/service-principals';
import type { Operation } from '../http/call';
import { list, one, type Dialect, type Entity, type Listing } from '../odata/entities';
import { guidAt } from '../odata/read';
import type { ServicePrincipal } from '../state/directory-rows';

const servicePrincipal: Entity<ServicePrincipal> = {
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
    id: { is: 'guid', value: ({ id }) => id },
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
export const listServicePrincipals =
  (dialect: Dialect): Operation =>
  (call) =>
    list(dialect, servicePrincipal, servicePrincipals, call);

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-get */
export const readServicePrincipal =
  (dialect: Dialect): Operation =>
  (call) => {
    const row = requireServicePrincipal(call.tenant, call.view, guidAt(call));
    return one(dialect, servicePrincipal, row, call);
  };
