import { z } from 'zod';
import { assignmentStatusOf, requestStatusOf, requestTypeOf } from './states';
import { GraphError } from './errors';

// Only what we read is declared. Graph sends null for what is absent, and its own samples mix the v1.0 and the beta
// names of one member, so both are read wherever they differ.
const text = z.string().nullish();
const flag = z.boolean().nullish();
/** The members that are there at all: null is what Graph sends for what is not. */
export const present = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));

const reference = z.object({ id: z.string() }).nullish();
const labels = { displayName: text, description: text };
const origin = { originId: text, originSystem: text };

/** With the attribute that was asked for, whose name varies. */
export const User = z.looseObject({ id: z.string(), accountEnabled: flag });
export type User = z.infer<typeof User>;

export const Catalog = z
  .object({ id: z.string(), ...labels, state: text, catalogStatus: text })
  .transform(({ state, catalogStatus, ...rest }) => ({
    ...rest,
    published: (state ?? catalogStatus ?? '').toLowerCase() === 'published',
  }));
export type Catalog = z.infer<typeof Catalog>;

export const ResourceRole = z.object({ id: text, displayName: text, ...origin });
export type ResourceRole = z.infer<typeof ResourceRole>;

export const ResourceScope = ResourceRole.extend({ isRootScope: flag });
export type ResourceScope = z.infer<typeof ResourceScope>;

export const CatalogResource = z
  .object({
    id: z.string(),
    ...origin,
    roles: z.array(ResourceRole).nullish(),
    scopes: z.array(ResourceScope).nullish(),
    accessPackageResourceRoles: z.array(ResourceRole).nullish(),
    accessPackageResourceScopes: z.array(ResourceScope).nullish(),
  })
  .transform(({ accessPackageResourceRoles, accessPackageResourceScopes, ...rest }) => ({
    ...rest,
    roles: rest.roles ?? accessPackageResourceRoles,
    scopes: rest.scopes ?? accessPackageResourceScopes,
  }));
export type CatalogResource = z.infer<typeof CatalogResource>;

/** A granted role of a resource, by the origin ids of role and scope: Graph's own ids of them may read as zeros. */
export const RoleScope = z
  .object({
    role: ResourceRole.nullish(),
    scope: ResourceScope.nullish(),
    accessPackageResourceRole: ResourceRole.nullish(),
    accessPackageResourceScope: ResourceScope.nullish(),
  })
  .transform((answer) => ({
    role: (answer.role ?? answer.accessPackageResourceRole)?.originId ?? '',
    scope: (answer.scope ?? answer.accessPackageResourceScope)?.originId ?? '',
  }));

export const AccessPackage = z
  .object({
    id: z.string(),
    ...labels,
    isHidden: flag,
    catalog: reference,
    catalogId: text,
    resourceRoleScopes: z.array(RoleScope).nullish(),
    accessPackageResourceRoleScopes: z.array(RoleScope).nullish(),
    // A part of what a package grants must never pass for all of it.
    'resourceRoleScopes@odata.nextLink': z.never().optional(),
    'accessPackageResourceRoleScopes@odata.nextLink': z.never().optional(),
  })
  .transform((answer) => ({
    id: answer.id,
    displayName: answer.displayName,
    description: answer.description,
    isHidden: answer.isHidden,
    catalogId: answer.catalog?.id ?? answer.catalogId ?? undefined,
    roleScopes: answer.resourceRoleScopes ?? answer.accessPackageResourceRoleScopes ?? [],
  }));
export type AccessPackage = z.infer<typeof AccessPackage>;

/** All that the document on incompatible packages names of a package, as far as the read tells it. */
export const PackageProperties = z.object({
  id: z.string(),
  catalogId: text,
  createdBy: text,
  createdDateTime: text,
  description: text,
  displayName: text,
  isHidden: flag,
  isRoleScopesVisible: flag,
  modifiedBy: text,
  modifiedDateTime: text,
});
export type PackageProperties = z.infer<typeof PackageProperties>;

const Expiration = z.object({ type: text, duration: text, endDateTime: text });

const ApprovalStage = z.object({
  durationBeforeAutomaticDenial: text,
  primaryApprovers: z
    .array(z.object({ userId: text, groupId: text, managerLevel: z.number().nullish() }))
    .nullish(),
});

export const AssignmentPolicy = z
  .object({
    id: z.string(),
    ...labels,
    expiration: Expiration.nullish(),
    requestApprovalSettings: z
      .object({
        isApprovalRequiredForAdd: flag,
        isApprovalRequiredForUpdate: flag,
        stages: z.array(ApprovalStage).nullish(),
      })
      .nullish(),
    allowedTargetScope: text,
    requestorSettings: z
      .object({
        scopeType: text,
        enableTargetsToSelfAddAccess: flag,
        allowCustomAssignmentSchedule: flag,
      })
      .nullish(),
    accessPackage: reference,
    // Not ours to judge, but lost if a policy is replaced without them.
    reviewSettings: z.unknown().optional(),
    notificationSettings: z.unknown().optional(),
    automaticRequestSettings: z.looseObject({ requestAccessForAllowedTargets: flag }).nullish(),
  })
  .transform(
    ({
      accessPackage,
      reviewSettings,
      notificationSettings,
      automaticRequestSettings,
      ...rest
    }) => ({
      ...rest,
      accessPackageId: accessPackage?.id,
      /** Whether it gives access by a rule of its own, and takes it when the rule no longer holds. */
      automatic: automaticRequestSettings?.requestAccessForAllowedTargets === true,
      kept: present({ reviewSettings, notificationSettings, automaticRequestSettings }),
    }),
  );
export type AssignmentPolicy = z.infer<typeof AssignmentPolicy>;

/**
 * A request to add a resource to a catalog. Graph answers 201 and carries it out at once or later, or not at all. An
 * answer without a state says nothing.
 */
export const ResourceRequest = z
  .object({ id: text, state: text, requestState: text })
  .catch({})
  .transform((answer) => ({
    id: answer.id ?? undefined,
    state: answer.state ?? answer.requestState ?? undefined,
  }));
export type ResourceRequest = z.infer<typeof ResourceRequest>;

const Subject = z.object({ objectId: text }).nullish();

const Schedule = z.object({ startDateTime: text, expiration: Expiration.nullish() }).nullish();

/** When access by a schedule ends; undefined if it does not, or if its duration cannot be read. */
function endOfSchedule(schedule: z.infer<typeof Schedule>): string | undefined {
  const { type, duration, endDateTime } = schedule?.expiration ?? {};
  if (endDateTime) return endDateTime;
  if (type?.toLowerCase() !== 'afterduration' || !schedule?.startDateTime) return undefined;
  return after(new Date(schedule.startDateTime), duration ?? '')?.toISOString();
}

export const Assignment = z
  .object({
    id: z.string(),
    state: text,
    assignmentState: text,
    status: text,
    assignmentStatus: text,
    target: Subject,
    accessPackage: reference,
    accessPackageId: text,
    assignmentPolicy: reference,
    assignmentPolicyId: text,
    catalogId: text,
    expiredDateTime: text,
    schedule: Schedule,
  })
  .transform((answer) => {
    const state = answer.state ?? answer.assignmentState ?? undefined;
    return {
      id: answer.id,
      state,
      assignmentStatus: assignmentStatusOf(state),
      status: answer.status ?? answer.assignmentStatus ?? undefined,
      userId: answer.target?.objectId ?? undefined,
      packageId: answer.accessPackage?.id ?? answer.accessPackageId ?? undefined,
      policyId: answer.assignmentPolicy?.id ?? answer.assignmentPolicyId ?? undefined,
      catalogId: answer.catalogId ?? undefined,
      expiredDateTime: answer.expiredDateTime ?? undefined,
      /** When the access ends by its schedule; undefined if it does not. */
      until: endOfSchedule(answer.schedule),
    };
  });
export type Assignment = z.infer<typeof Assignment>;

const AssignmentOfRequest = z
  .object({ id: text, target: Subject, state: text, assignmentState: text })
  .nullish();

export const AssignmentRequest = z
  .object({
    id: z.string(),
    requestType: text,
    state: text,
    requestState: text,
    status: text,
    requestStatus: text,
    justification: text,
    createdDateTime: text,
    completedDateTime: text,
    completedDate: text,
    requestor: Subject,
    accessPackage: reference,
    assignment: AssignmentOfRequest,
    accessPackageAssignment: AssignmentOfRequest,
  })
  .transform((answer) => {
    const state = answer.state ?? answer.requestState ?? undefined;
    const status = answer.status ?? answer.requestStatus ?? undefined;
    const assignment = answer.assignment ?? answer.accessPackageAssignment;
    return {
      id: answer.id,
      requestType: requestTypeOf(answer.requestType ?? undefined),
      state,
      status,
      requestStatus: requestStatusOf(state, status),
      justification: answer.justification ?? undefined,
      createdDateTime: answer.createdDateTime ?? undefined,
      completedDateTime: answer.completedDateTime ?? answer.completedDate ?? undefined,
      packageId: answer.accessPackage?.id,
      assignmentId: assignment?.id ?? undefined,
      /** Undefined where the answer does not show the assignment. */
      assignmentStatus:
        assignment &&
        assignmentStatusOf(assignment.state ?? assignment.assignmentState ?? undefined),
      // Of a direct assignment the requestor is the assignee, should the target not be readable.
      userId: assignment?.target?.objectId ?? answer.requestor?.objectId ?? undefined,
    };
  });
export type AssignmentRequest = z.infer<typeof AssignmentRequest>;

/**
 * When access under a policy ends that began at `from` (ISO 8601), or undefined if it does not end.
 * Source: https://learn.microsoft.com/graph/api/resources/expirationpattern
 */
export function endUnder(
  { expiration }: Pick<AssignmentPolicy, 'expiration'>,
  from: string,
): string | undefined {
  const type = expiration?.type?.toLowerCase();
  if (type === 'afterdatetime') return expiration?.endDateTime ?? unreadable();
  if (type !== 'afterduration') return undefined;
  return (after(new Date(from), expiration?.duration ?? '') ?? unreadable()).toISOString();
}

/** What cannot be read must never become access without an end. */
function unreadable(): never {
  throw new GraphError('expiration', { code: 'invalid-value', ambiguous: false });
}

const DURATION =
  /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Calendar arithmetic in UTC; undefined for a duration that cannot be read. */
function after(from: Date, duration: string): Date | undefined {
  const parts = DURATION.exec(duration);
  if (!parts || Number.isNaN(from.getTime())) return undefined;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const end = new Date(from);
  end.setUTCFullYear(end.getUTCFullYear() + years, end.getUTCMonth() + months);
  end.setUTCDate(end.getUTCDate() + weeks * 7 + days);
  end.setUTCHours(end.getUTCHours() + hours, end.getUTCMinutes() + minutes);
  end.setUTCSeconds(end.getUTCSeconds() + seconds);
  return end;
}
