import type { CatalogResource, ResourceRole, ResourceScope } from './answers';

export type CatalogDefinition = { displayName: string; description: string };
export type PackageDefinition = CatalogDefinition & { catalogId: string; hidden: boolean };
export type ResourceOrigin = { catalogId: string; originSystem: string; originId: string };
export type RoleScopeDefinition = {
  packageId: string;
  resource: CatalogResource;
  role: ResourceRole;
  scope: ResourceScope;
};
export type PolicyDefinition = {
  packageId: string;
  displayName: string;
  description: string;
  expiration: PolicyExpiration;
  approval: PolicyApproval;
};
/** How long an assignment lasts; `duration` is ISO 8601, `endDateTime` RFC 3339. */
export type PolicyExpiration =
  | { type: 'noExpiration' }
  | { type: 'afterDuration'; duration: string }
  | { type: 'afterDateTime'; endDateTime: string };
/** Who must agree first. A stage is decided by any one of its approvers within `days`. */
export type PolicyApproval = { required: boolean; stages: readonly ApprovalStage[] };
export type ApprovalStage = { days: number; approvers: readonly Approver[] };
export type Approver = { kind: 'user' | 'group'; id: string } | { kind: 'manager' };
/** `justification` is provenance and the mark by which our request is found again. */
export type GrantDefinition = {
  packageId: string;
  policyId: string;
  userId: string;
  justification: string;
};
