import { z } from 'zod';
import { resourceNotFound } from '../errors';
import { applyRule } from '../services/automatic';
import { createRequest, isActive } from '../services/delivery';
import { newId } from '../services/ids';
import { addPolicy, withPolicyDefaults } from '../services/policies';
import { delivery } from '../services/scripts';
import type { Tenant } from '../services/tenant';
import type { AccessPackage, Assignment, AssignmentRequest, Policy, User } from '../state/rows';
import { both, folded } from '../state/tables';

/* What tests plant as if others had done it, at once and whatever Graph would refuse. */

/** A package by `packageId` or `packageName`, a person by `userId` or `employeeId`. */
const ofPackage = { packageId: z.guid().optional(), packageName: z.string().optional() };
const Access = {
  ...ofPackage,
  userId: z.guid().optional(),
  employeeId: z.string().optional(),
  policyId: z.guid().optional(),
  justification: z.string().nullable().default('Granted by another administrator.'),
};

/** `until`: when it ends. `state`: `delivered` unless said otherwise. */
export const PlantedAssignment = z.strictObject({
  ...Access,
  until: z.iso.datetime({ offset: true }).optional(),
  state: z.enum(['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed']).optional(),
});

/** `state`: the one in which it stays until it is advanced or decided. A removal is of what the person holds. */
export const PlantedRequest = z.strictObject({
  ...Access,
  requestType: z.enum(['adminAdd', 'userAdd', 'adminRemove']).default('adminAdd'),
  state: z.enum(['submitted', 'pendingApproval', 'scheduled', 'delivering']).default('submitted'),
});

/** `rule`: an automatic policy, which takes the access when the rule no longer holds. `members`: as v1.0 names them. */
export const PlantedPolicy = z.strictObject({
  ...ofPackage,
  rule: z.string().optional(),
  members: z.record(z.string(), z.unknown()).default({}),
});

/** Gives a person a package, as an administrator does by hand, beside whatever they have of it. */
export function plantAssignment(
  tenant: Tenant,
  planted: z.infer<typeof PlantedAssignment>,
): Assignment {
  const { until, state = 'delivered', justification } = planted;
  const expiration = { type: 'afterDateTime', endDateTime: until ?? null, duration: null };
  const startDateTime = new Date(tenant.now()).toISOString();
  const request = createRequest(tenant, {
    ...{ requestType: 'adminAdd', ...idsOf(tenant, planted), justification },
    assignmentId: undefined,
    schedule: until === undefined ? undefined : { startDateTime, expiration },
    script: [{ state }],
  });
  const assignment = tenant.tables.assignments.get(request.assignmentId ?? '');
  if (assignment === undefined) throw resourceNotFound('assignment');
  return assignment;
}

/** Adds an open request, as somebody else made it. */
export function plantRequest(
  tenant: Tenant,
  planted: z.infer<typeof PlantedRequest>,
): AssignmentRequest {
  const { requestType, state, justification } = planted;
  const ids = idsOf(tenant, planted);
  const held = tenant.tables.assignments
    .find('accessPackageAndTarget', both(ids.packageId, ids.targetId))
    .find(({ row }) => isActive(row))?.row;
  const isRemoval = requestType === 'adminRemove';
  if (isRemoval && held === undefined) throw resourceNotFound('assignment');
  return createRequest(tenant, {
    ...{ requestType, ...ids, justification },
    assignmentId: isRemoval ? held?.id : undefined,
    schedule: undefined,
    script: [{ state }, ...delivery(tenant)],
  });
}

/** Adds a policy to a package. */
export function plantPolicy(
  tenant: Tenant,
  { rule, members, ...named }: z.infer<typeof PlantedPolicy>,
): Policy {
  const automatic = rule !== undefined && {
    allowedTargetScope: 'specificDirectoryUsers',
    specificAllowedTargets: [
      { '@odata.type': '#microsoft.graph.attributeRuleMembers', membershipRule: rule },
    ],
    automaticRequestSettings: {
      requestAccessForAllowedTargets: true,
      removeAccessWhenTargetLeavesAllowedTargets: true,
    },
  };
  const details = withPolicyDefaults({ displayName: 'planted', ...automatic, ...members });
  const policy = addPolicy(tenant, { ...details, packageId: packageOf(tenant, named).id }, newId());
  applyRule(tenant, policy);
  return policy;
}

type Named = {
  packageId?: string | undefined;
  packageName?: string | undefined;
  userId?: string | undefined;
  employeeId?: string | undefined;
  policyId?: string | undefined;
};

function idsOf(tenant: Tenant, named: Named) {
  const { id: packageId } = packageOf(tenant, named);
  const [first] = tenant.tables.policies.find('accessPackage', packageId);
  const policyId = named.policyId ?? first?.row.id;
  if (policyId === undefined) throw resourceNotFound('policy of the access package');
  return { packageId, policyId, targetId: userOf(tenant, named).id };
}

function packageOf({ tables }: Tenant, { packageId, packageName = '' }: Named): AccessPackage {
  const found =
    packageId === undefined
      ? tables.accessPackages.find('displayName', folded(packageName))[0]?.row
      : tables.accessPackages.get(packageId);
  if (found === undefined) throw resourceNotFound('access package');
  return found;
}

function userOf({ tables }: Tenant, { userId, employeeId = '' }: Named): User {
  const found =
    userId === undefined
      ? tables.users.find('employeeId', folded(employeeId))[0]?.row
      : tables.users.get(userId);
  if (found === undefined) throw resourceNotFound('user');
  return found;
}
