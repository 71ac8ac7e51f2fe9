import type { Answer, Call } from '../http/routes';
import { list, type Listing } from '../odata/list';
import type { Entity } from '../odata/present';
import type { Organization, Sku } from '../state/rows';
import { directoryModel as model } from './model';

const organization: Entity<Organization> = {
  model,
  type: 'organization',
  properties: ({ id, displayName }) => ({ id, displayName, tenantType: 'AAD' }),
  navigation: {},
};

const organizations: Listing<Organization> = {
  filterable: {},
  candidates: ({ tenant, view }) => tenant.tables.organizations.all(view),
};

const sku: Entity<Sku> = {
  model,
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

const skus: Listing<Sku> = {
  filterable: {},
  candidates: ({ tenant, view }) => tenant.tables.skus.all(view),
};

/** docs: https://learn.microsoft.com/graph/api/organization-list: the one tenant. */
export const listOrganizations = (call: Call): Answer => list(organization, organizations, call);

/** docs: https://learn.microsoft.com/graph/api/subscribedsku-list, which supports no filter. */
export const listSkus = (call: Call): Answer => list(sku, skus, call);
