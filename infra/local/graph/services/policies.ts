import { setTimeout as wait } from 'node:timers/promises';
import { duplicateKey, invalidModel, invalidRequest, resourceNotFound } from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, Policy, Settings, SubjectSet, User } from '../state/rows';
import { applyRule, isAutomatic, requireAutomatic } from './automatic';
import { enterStep } from './delivery';
import { usersNumbered } from './directory';
import { derivedId, newId } from './ids';
import { requirePackage } from './packages';
import type { Tenant } from './tenant';

export type PolicyDetails = Omit<Policy, 'id' | 'createdAt' | 'modifiedAt'>;

/**
 * Creates a policy. It takes a moment. Creating another one meanwhile, even for another package, fails with DuplicateKey.
 */
export async function createPolicy(
  tenant: Tenant,
  view: View,
  details: PolicyDetails,
): Promise<Policy> {
  requirePackage(tenant, view, details.packageId);
  requireApprovers(details);
  requireLimits(details);
  requireAutomatic(tenant, details);
  if (tenant.busy.policy) throw duplicateKey();
  tenant.busy.policy = true;
  try {
    await wait(tenant.durations.policyMs);
  } finally {
    tenant.busy.policy = false;
  }
  const policy = addPolicy(tenant, details);
  applyRule(tenant, policy);
  return policy;
}

/** Adds a policy at once. It completes the package, so every holder in the tenant file gets it; its rule is not applied. */
export function addPolicy(tenant: Tenant, details: PolicyDetails, id = newId()): Policy {
  const now = tenant.now();
  const policy = { ...details, id, createdAt: now, modifiedAt: now };
  tenant.put('policies', policy);
  grantHoldings(tenant, policy);
  return policy;
}

/** Replaces everything in a policy but its id and package, as PUT does. */
export function replacePolicy(tenant: Tenant, policy: Policy, details: PolicyDetails): Policy {
  if (details.packageId !== policy.packageId) {
    throw invalidRequest('A policy cannot be moved to another access package.');
  }
  requireApprovers(details);
  requireLimits(details);
  requireAutomatic(tenant, details, policy.id);
  const replaced = {
    ...details,
    id: policy.id,
    createdAt: policy.createdAt,
    modifiedAt: tenant.now(),
  };
  tenant.put('policies', replaced);
  applyRule(tenant, replaced);
  return replaced;
}

/** The policy with this id as the view knows it. Throws ResourceNotFound. */
export function requirePolicy(tenant: Tenant, view: View | undefined, id: string): Policy {
  const policy = tenant.tables.policies.get(id, view);
  if (policy === undefined) throw resourceNotFound('assignment policy');
  return policy;
}

function requireApprovers({ requestApprovalSettings }: PolicyDetails): void {
  const stages = requestApprovalSettings['stages'];
  const required = requestApprovalSettings['isApprovalRequiredForAdd'] === true;
  if (required && (!Array.isArray(stages) || stages.length === 0)) {
    throw invalidRequest('A policy that requires approval needs at least one approval stage.');
  }
}

/** The documented limits: managers of one or two levels, lifetimes of 0 to 3,660 days. The code of the answer is unproven. */
function requireLimits({ requestApprovalSettings, expiration }: PolicyDetails): void {
  const stages = JSON.stringify(requestApprovalSettings['stages'] ?? []);
  const levels = Array.from(stages.matchAll(/"managerLevel":(-?\d+)/g), ([, level]) =>
    Number(level),
  );
  if (levels.some((level) => level < 1 || level > 2)) {
    throw invalidModel("'managerLevel' must be 1 or 2.");
  }
  const [, days] = /^P(\d+)D$/.exec(textOrNull(expiration['duration']) ?? '') ?? [];
  if (days !== undefined && Number(days) > 3660) {
    throw invalidModel('The lifetime must be from 0 to 3660 days.');
  }
}

const requestorDefaults = {
  enableTargetsToSelfAddAccess: false,
  enableTargetsToSelfUpdateAccess: false,
  enableTargetsToSelfRemoveAccess: false,
  allowCustomAssignmentSchedule: false,
  enableOnBehalfRequestorsToAddAccess: false,
  enableOnBehalfRequestorsToUpdateAccess: false,
  enableOnBehalfRequestorsToRemoveAccess: false,
  onBehalfRequestors: [],
};

const approvalDefaults = {
  isApprovalRequiredForAdd: false,
  isApprovalRequiredForUpdate: false,
  isRequestorJustificationRequired: false,
  stages: [],
};

const noExpiration = { type: 'noExpiration', endDateTime: null, duration: null };

/**
 * The members of a policy. Those that the body lacks have the defaults of the service. Policies are stored in the shape of
 * v1.0.
 */
export function withPolicyDefaults(
  body: Settings,
): Omit<Policy, 'id' | 'packageId' | 'createdAt' | 'modifiedAt'> {
  const targets = body['specificAllowedTargets'];
  return {
    displayName: textOrNull(body['displayName']),
    description: textOrNull(body['description']),
    allowedTargetScope: textOrNull(body['allowedTargetScope']) ?? 'notSpecified',
    specificAllowedTargets: Array.isArray(targets) ? (targets as SubjectSet[]) : [],
    expiration: { ...noExpiration, ...settingsOrNull(body['expiration']) },
    requestorSettings: { ...requestorDefaults, ...settingsOrNull(body['requestorSettings']) },
    requestApprovalSettings: {
      ...approvalDefaults,
      ...settingsOrNull(body['requestApprovalSettings']),
    },
    automaticRequestSettings: settingsOrNull(body['automaticRequestSettings']),
    reviewSettings: settingsOrNull(body['reviewSettings']),
    notificationSettings: settingsOrNull(body['notificationSettings']),
  };
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const settingsOrNull = (value: unknown): Settings | null =>
  typeof value === 'object' && value !== null ? (value as Settings) : null;

/** Grants a complete package to every holder in the tenant file, as another administrator would. */
function grantHoldings(tenant: Tenant, policy: Policy): void {
  const accessPackage = tenant.tables.accessPackages.get(policy.packageId);
  if (accessPackage === undefined) return;
  for (const { employeeId, holdsOnceMade } of tenant.rules.holdings) {
    if (!holdsOnceMade.includes(accessPackage.displayName)) continue;
    for (const user of usersNumbered(tenant, employeeId)) {
      hold(tenant, accessPackage, policy, user);
    }
  }
}

/**
 * Gives a person a package at once, without a request of a client: by an administrator, or by the rule of an automatic
 * policy. Calling it again changes nothing.
 */
export function hold(
  tenant: Tenant,
  accessPackage: AccessPackage,
  policy: Policy,
  user: User,
): void {
  const id = derivedId('held', accessPackage.id, user.id);
  if (tenant.tables.requests.get(id) !== undefined) return;
  const now = tenant.now();
  enterStep(
    tenant,
    {
      id,
      requestType: isAutomatic(policy) ? 'systemAdd' : 'adminAdd',
      packageId: accessPackage.id,
      policyId: policy.id,
      targetId: user.id,
      assignmentId: undefined,
      justification: 'Granted by another administrator.',
      schedule: undefined,
      state: 'delivered',
      status: 'Delivered',
      createdAt: now,
      completedAt: undefined,
      script: [{ state: 'delivered' }],
      step: 0,
      dueAt: undefined,
    },
    0,
    now,
  );
}
