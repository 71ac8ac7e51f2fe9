import { setTimeout as wait } from 'node:timers/promises';
import { duplicateKey, invalidRequest, resourceNotFound } from '../errors';
import type { View } from '../state/lag';
import type { Policy } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { grantHoldings } from './holdings';
import { newId } from './ids';
import { requirePackage } from './packages';

type Wanted = Omit<Policy, 'id' | 'createdAt' | 'modifiedAt'>;

/**
 * Makes a policy. It takes a moment, and another one that is asked for meanwhile, even for another package, fails with
 * DuplicateKey.
 */
export async function createPolicy(tenant: Tenant, view: View, wanted: Wanted): Promise<Policy> {
  requirePackage(tenant, view, wanted.packageId);
  requireApprovers(wanted);
  if (tenant.busy.policy) throw duplicateKey();
  tenant.busy.policy = true;
  try {
    await wait(tenant.pace.policyMs);
  } finally {
    tenant.busy.policy = false;
  }
  return addPolicy(tenant, wanted);
}

/** Adds a policy at once. The package is whole with it, so whoever is said to hold it then gets it. */
export function addPolicy(tenant: Tenant, wanted: Wanted, id = newId()): Policy {
  const now = tenant.now();
  const policy = { ...wanted, id, createdAt: now, modifiedAt: now };
  tenant.put('policies', policy);
  grantHoldings(tenant, policy);
  return policy;
}

/** Replaces all of a policy but its id and package, as PUT does. */
export function replacePolicy(tenant: Tenant, policy: Policy, wanted: Wanted): Policy {
  if (wanted.packageId !== policy.packageId) {
    throw invalidRequest('A policy cannot be moved to another access package.');
  }
  requireApprovers(wanted);
  const replaced = {
    ...wanted,
    id: policy.id,
    createdAt: policy.createdAt,
    modifiedAt: tenant.now(),
  };
  tenant.put('policies', replaced);
  return replaced;
}

/** The policy with this id as the view knows it, else ResourceNotFound. */
export function requirePolicy(tenant: Tenant, view: View | undefined, id: string): Policy {
  const policy = tenant.tables.policies.get(id, view);
  if (policy === undefined) throw resourceNotFound('assignment policy');
  return policy;
}

function requireApprovers({ requestApprovalSettings }: Wanted): void {
  const stages = requestApprovalSettings['stages'];
  const required = requestApprovalSettings['isApprovalRequiredForAdd'] === true;
  if (required && (!Array.isArray(stages) || stages.length === 0)) {
    throw invalidRequest('A policy that requires approval needs at least one approval stage.');
  }
}
