import type { Operation } from '../http/call';
import { list, type Dialect, type Entity } from '../odata/entities';
import type { Organization, Sku } from '../state/directory-rows';

const organization: Entity<Organization> = {
  type: 'organization',
  properties: ({ id, displayName }) => ({ id, displayName, tenantType: 'AAD' }),
  navigation: {},
};

const sku: Entity<Sku> = {
  type: 'subscribedSku',
  properties: ({ enabledUnits, servicePlans, ...row }) => ({
    ...row,
    appliesTo: 'User',
    consumedUnits: 0,
    prepaidUnits: { enabled: enabledUnits, suspended: 0, warning: 0, lockedOut: 0 },
    servicePlans: servicePlans.map((plan) => ({ ...plan, appliesTo: 'User' })),
  }),
  navigation: {},
};

/** docs: https://learn.microsoft.com/graph/api/organization-list: the one tenant. */
export const listOrganizations =
  (dialect: Dialect): Operation =>
  (call) => {
    const candidates = () => call.tenant.tables.organizations.all(call.view);
    return list(dialect, organization, { filterable: {}, candidates }, call);
  };

/** docs: https://learn.microsoft.com/graph/api/subscribedsku-list, which supports no filter. */
export const listSkus =
  (dialect: Dialect): Operation =>
  (call) => {
    const candidates = () => call.tenant.tables.skus.all(call.view);
    return list(dialect, sku, { filterable: {}, candidates }, call);
  };
