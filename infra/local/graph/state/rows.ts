/*
 * What the simulator stores, independent of a dialect. Instants are milliseconds since 1970.
 */

export type User = {
  id: string;
  /** Null for a person unknown to HR. */
  employeeId: string | null;
  accountEnabled: boolean;
  userPrincipalName: string;
  displayName: string;
  /** Further members by their path, such as `jobTitle` or `onPremisesExtensionAttributes/extensionAttribute1`. */
  attributes?: Record<string, string>;
  /** The person appears in the directory this long after the first read. */
  appearsAfterMs?: number;
  appearsAt?: number;
};

export type Group = {
  id: string;
  displayName: string;
  description: string | null;
  mailNickname: string;
  mailEnabled: boolean;
  securityEnabled: boolean;
  membershipRule: string | null;
  isAssignableToRole: boolean | null;
  onPremisesSyncEnabled: boolean | null;
  createdAt: number;
};

export type Catalog = {
  id: string;
  displayName: string;
  description: string | null;
  state: 'published' | 'unpublished';
  isExternallyVisible: boolean;
  createdAt: number;
  modifiedAt: number;
};

export type OriginSystem = 'AadGroup' | 'AadApplication';

/** A resource in a catalog: its id is not the id of the group or application. */
export type Resource = {
  id: string;
  catalogId: string;
  originId: string;
  originSystem: OriginSystem;
  displayName: string;
  createdAt: number;
};

export type ResourceRequest = {
  id: string;
  requestType: 'adminAdd' | 'adminRemove';
  catalogId: string;
  resourceId: string;
  createdAt: number;
  /** When it fails, or null if it stays open. Absent: it was carried out at once. */
  failsAt?: number | null | undefined;
};

export type AccessPackage = {
  id: string;
  /** Absent for a package of the draft documents until it has a role. */
  catalogId?: string | undefined;
  displayName: string;
  description: string | null;
  isHidden: boolean;
  isRoleScopesVisible?: boolean | undefined;
  incompatibleWith: string[];
  createdAt: number;
  modifiedAt: number;
};

export type RoleScope = {
  /** `<package id>/<role id>_<scope id>`: the part after the slash is what clients see. */
  id: string;
  packageId: string;
  resourceId: string;
  roleOriginId: string;
  createdAt: number;
};

/** A set of people in a policy: `@odata.type` and the members of that type. */
export type SubjectSet = { '@odata.type': string } & Record<string, unknown>;

export type Settings = Record<string, unknown>;

export type Policy = {
  id: string;
  packageId: string;
  displayName: string | null;
  description: string | null;
  allowedTargetScope: string;
  specificAllowedTargets: SubjectSet[];
  expiration: Settings;
  requestorSettings: Settings;
  requestApprovalSettings: Settings;
  automaticRequestSettings: Settings | null;
  reviewSettings: Settings | null;
  notificationSettings: Settings | null;
  /** Only in beta. */
  canExtend?: boolean | undefined;
  acceptRequests?: boolean | undefined;
  createdAt: number;
  modifiedAt: number;
};

/** One state of a request. Without `forMs` the request stays in it. */
export type Step = { state: string; status?: string | undefined; forMs?: number | undefined };

export type Schedule = {
  startDateTime: string;
  expiration: { type: string; endDateTime: string | null; duration: string | null };
};

/** `system...` comes from an automatic policy, `user...` from the person. */
export type RequestType =
  'adminAdd' | 'adminUpdate' | 'adminRemove' | 'systemAdd' | 'systemRemove' | 'userAdd';

export type AssignmentRequest = {
  id: string;
  requestType: RequestType;
  /** Absent for a request of the draft documents until a package is bound to it. */
  packageId?: string | undefined;
  /** Both are absent for every request of the draft documents. */
  policyId?: string | undefined;
  targetId?: string | undefined;
  assignmentId: string | undefined;
  justification: string | null;
  schedule: Schedule | undefined;
  /** Dates from the caller, which the draft documents allow. */
  given?: { completedDate: string | null; expirationDateTime: string | null } | undefined;
  state: string;
  status: string;
  createdAt: number;
  completedAt: number | undefined;
  script: Step[];
  step: number;
  /** When the next step of the script is due. */
  dueAt: number | undefined;
};

export type Assignment = {
  id: string;
  packageId: string;
  policyId: string;
  targetId: string;
  state: string;
  status: string;
  schedule: Schedule;
  isExtended?: boolean | undefined;
  createdAt: number;
  expiredAt: number | undefined;
  /** When it ends: at the end of its schedule, or after a delivered removal. */
  dueAt: number | undefined;
};

/** A person has a role of a resource because of these assignments. */
export type Grant = {
  id: string;
  originId: string;
  roleOriginId: string;
  userId: string;
  assignmentIds: string[];
};

/** A permission that an application offers. */
export type AppRole = { id: string; value: string | null; displayName: string };

/** An application in the tenant: one with roles for people, or the identity of a caller. */
export type ServicePrincipal = {
  id: string;
  appId: string;
  displayName: string;
  servicePrincipalType: 'Application' | 'ManagedIdentity';
  appRoles: AppRole[];
};

/** A granted application permission. */
export type AppRoleAssignment = {
  id: string;
  principalId: string;
  resourceId: string;
  appRoleId: string;
  createdAt: number;
};

/** A role of entitlement management in one catalog (`appScopeId`) or in the tenant (`directoryScopeId`). */
export type EntitlementRole = {
  id: string;
  principalId: string;
  roleDefinitionId: string;
  appScopeId: string | null;
  directoryScopeId: string | null;
};

export type Organization = { id: string; displayName: string };

/** A subscription of the tenant. */
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
