import { invalidModel, resourceNotFound } from '../errors';
import type { View } from '../state/lag';
import type { Assignment, Policy, Schedule } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { requireGrantable, requireNothingInTheWay, requireTarget, type Named } from './conditions';
import { grantRole, roleScopesOf } from './grants';
import { newId } from './ids';

type Recorded = Named & {
  catalogId: string;
  isExtended: boolean;
  /** When it ends, as the caller wrote it. */
  expiredDateTime: string | null;
};

/**
 * Records that a person has a package, and gives them what it grants. The documents tie it to no request, so nothing is
 * asked of one; whatever stands in the way of a request does so here.
 */
export function recordAssignment(tenant: Tenant, view: View, recorded: Recorded): Assignment {
  const { accessPackage, policy } = requireGrantable(tenant, view, recorded);
  const { catalogId } = tenant.tables.accessPackages.get(accessPackage.id) ?? accessPackage;
  if (catalogId !== recorded.catalogId) throw resourceNotFound('access package in the catalog');
  const user = requireTarget(tenant, view, policy, recorded.targetId);
  requireNothingInTheWay(tenant, accessPackage, user);
  const schedule = scheduleOf(tenant, recorded.expiredDateTime, policy);
  const { endDateTime } = schedule.expiration;
  const assignment: Assignment = {
    id: newId(),
    packageId: accessPackage.id,
    policyId: policy.id,
    targetId: user.id,
    state: 'delivered',
    status: 'Delivered',
    schedule,
    isExtended: recorded.isExtended,
    createdAt: tenant.now(),
    expiredAt: undefined,
    dueAt: endDateTime === null ? undefined : Date.parse(endDateTime),
  };
  tenant.put('assignments', assignment);
  for (const role of roleScopesOf(tenant, accessPackage.id)) grantRole(tenant, assignment, role);
  return assignment;
}

/** The end is the caller's to give where the policy has one. */
function scheduleOf(tenant: Tenant, end: string | null, { expiration }: Policy): Schedule {
  const ends = expiration['type'] === 'afterDateTime' || expiration['type'] === 'afterDuration';
  if (ends && end === null) {
    throw invalidModel("'expiredDateTime' is required under a policy that has an end.");
  }
  const type = end === null ? 'noExpiration' : 'afterDateTime';
  return {
    startDateTime: new Date(tenant.now()).toISOString(),
    expiration: { type, endDateTime: end, duration: null },
  };
}
