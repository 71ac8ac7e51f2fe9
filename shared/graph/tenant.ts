import { z } from 'zod';
import { openDialect, type EntitlementsOptions } from './entitlements';
import { literal, propertyPath, segment } from './odata';
import { v1Calls, type V1Calls } from './call';

// Reads of the tenant beside entitlement management, with only the members that checks use.
const text = z.string().nullish();
const flag = z.boolean().nullish();

export const Organization = z.object({ id: z.string(), displayName: text });

/** Source: https://learn.microsoft.com/graph/api/resources/subscribedsku */
export const Sku = z.object({
  skuPartNumber: text,
  capabilityStatus: text,
  servicePlans: z
    .array(z.object({ servicePlanId: z.string(), provisioningStatus: text }))
    .nullish(),
});
export type Sku = z.infer<typeof Sku>;

export const ServicePrincipal = z.object({
  id: z.string(),
  appId: text,
  displayName: text,
  appRoles: z.array(z.object({ id: z.string(), value: text, displayName: text })).nullish(),
});
export type ServicePrincipal = z.infer<typeof ServicePrincipal>;

export const AppRoleAssignment = z.object({
  id: z.string(),
  appRoleId: z.string(),
  resourceId: z.string(),
});

/** Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments */
export const EntitlementRole = z.object({ roleDefinitionId: z.string(), appScopeId: text });
export type EntitlementRole = z.infer<typeof EntitlementRole>;

/** Source: https://learn.microsoft.com/graph/api/resources/group */
export const Group = z.object({
  id: z.string(),
  groupTypes: z.array(z.string()).nullish(),
  isAssignableToRole: flag,
  mailEnabled: flag,
  onPremisesSyncEnabled: flag,
});
export type Group = z.infer<typeof Group>;

/** A person with the requested member, whose name varies. */
export const Person = z.looseObject({ id: z.string() });
export type Person = z.infer<typeof Person>;

/** Microsoft Graph itself, in every tenant. */
const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

export type TenantReads = ReturnType<typeof tenantReads>;

/** `tenantReads` over a transport of their own. Throws at once if no token may be sent to the root. */
export function createTenantReads(options: EntitlementsOptions): TenantReads {
  const { root, send } = openDialect(options);
  return tenantReads(v1Calls(root, send));
}

/**
 * Reads of the tenant beside entitlement management, in v1.0 for every dialect; no writes. Each throws `GraphError`.
 */
export function tenantReads({ get, ask, list }: V1Calls) {
  const read = <Answer>(operation: string, path: string, answer: z.ZodType<Answer>) =>
    ask(operation, ['GET', path], answer);
  const principals = (operation: string, appId: string) =>
    list(
      operation,
      `servicePrincipals?$filter=${encodeURIComponent(`appId eq ${literal(appId)}`)}`,
      ServicePrincipal,
    );

  return {
    /** Graph's clock, from the `date` header of an answer; undefined without one. */
    clock: async (): Promise<Date | undefined> => {
      const response = await get('clock', 'organization?$select=id');
      const date = new Date(response.headers.get('date') ?? '');
      return Number.isNaN(date.getTime()) ? undefined : date;
    },
    organization: () => list('organization', 'organization?$select=id,displayName', Organization),
    skus: () => list('subscribedSkus', 'subscribedSkus', Sku),
    graphPrincipal: async () => (await principals('graphPrincipal', GRAPH_APP_ID))[0],
    principalByAppId: async (appId: string) => (await principals('principalByAppId', appId))[0],
    principalById: (id: string) =>
      read('principalById', `servicePrincipals/${segment(id)}`, ServicePrincipal),
    appRoleAssignments: (principalId: string) =>
      list(
        'appRoleAssignments',
        `servicePrincipals/${segment(principalId)}/appRoleAssignments`,
        AppRoleAssignment,
      ),
    /** Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments */
    entitlementRoles: (principalId: string) =>
      list(
        'entitlementRoles',
        `roleManagement/entitlementManagement/roleAssignments?$filter=${encodeURIComponent(`principalId eq ${literal(principalId)}`)}`,
        EntitlementRole,
      ),
    group: (id: string) =>
      read(
        'group',
        `groups/${segment(id)}?$select=id,groupTypes,isAssignableToRole,mailEnabled,onPremisesSyncEnabled`,
        Group,
      ),
    /** The first `most` (to 999) enabled members of the tenant, each with one attribute. */
    people: async (attribute: string, most: number): Promise<Person[]> => {
      const [member = ''] = propertyPath(attribute).split('/');
      const filter = encodeURIComponent(`accountEnabled eq true and userType eq 'Member'`);
      const path = `users?$filter=${filter}&$select=id,${member}&$top=${most}`;
      const page = z.object({ value: z.array(Person) });
      return (await read('people', path, page)).value;
    },
  };
}
