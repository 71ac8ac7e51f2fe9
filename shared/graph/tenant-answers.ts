import { z } from 'zod';

// What is read of the tenant around entitlement management, and only what is judged of it.
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

/** A person with the member that is asked for, whatever its name. */
export const Person = z.looseObject({ id: z.string() });
export type Person = z.infer<typeof Person>;
