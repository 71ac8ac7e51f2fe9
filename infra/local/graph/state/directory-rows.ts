/*
 * What the simulator stores of the directory beside people and groups: who may do what, and what the tenant has bought.
 */

/** A permission that an application offers; those of Microsoft Graph are what its callers need. */
export type AppRole = { id: string; value: string | null; displayName: string };

/** An application as the tenant knows it: one that people are given roles of, or the identity of one that calls. */
export type ServicePrincipal = {
  id: string;
  appId: string;
  displayName: string;
  servicePrincipalType: 'Application' | 'ManagedIdentity';
  appRoles: AppRole[];
};

/** An application permission that somebody was granted. */
export type AppRoleAssignment = {
  id: string;
  principalId: string;
  resourceId: string;
  appRoleId: string;
  createdAt: number;
};

/** A role of entitlement management that somebody has, in one catalog (`appScopeId`) or the tenant (`directoryScopeId`). */
export type EntitlementRole = {
  id: string;
  principalId: string;
  roleDefinitionId: string;
  appScopeId: string | null;
  directoryScopeId: string | null;
};

export type Organization = { id: string; displayName: string };

/** What the tenant has bought. */
export type Sku = {
  id: string;
  skuId: string;
  skuPartNumber: string;
  capabilityStatus: string;
  enabledUnits: number;
  servicePlans: ServicePlan[];
};

export type ServicePlan = {
  servicePlanId: string;
  servicePlanName: string;
  provisioningStatus: string;
};
