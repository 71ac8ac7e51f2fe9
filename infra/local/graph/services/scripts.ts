import type { AccessPackage, Policy, Schedule, Step, User } from '../state/rows';
import type { Tenant } from './tenant';

/* The states that a request passes through. */

type Circumstances = {
  /** Absent if the dialect names no person. Then only scripts without a person apply. */
  user?: User;
  accessPackage: AccessPackage;
  policy: Policy;
  schedule: Schedule | undefined;
};

/** The states of a request for access: those that the tenant file prescribes, else the usual ones. */
export function scriptFor(tenant: Tenant, circumstances: Circumstances): Step[] {
  const written = tenant.rules.scripts.find(
    ({ employeeId, packageName }) =>
      (employeeId === undefined || employeeId === circumstances.user?.employeeId) &&
      (packageName === undefined || packageName === circumstances.accessPackage.displayName),
  );
  if (written !== undefined) return written.states;
  if (needsApproval(tenant, circumstances.policy, 'isApprovalRequiredForAdd')) {
    return [submitted(tenant), { state: 'pendingApproval' }];
  }
  const waitMs = startOf(circumstances.schedule) - tenant.now();
  const scheduled = waitMs > 0 ? [{ state: 'scheduled', forMs: waitMs }] : [];
  return [submitted(tenant), ...scheduled, ...delivery(tenant)];
}

/** The states of a request for another end. */
export const updateScript = (tenant: Tenant, policy: Policy): Step[] =>
  needsApproval(tenant, policy, 'isApprovalRequiredForUpdate')
    ? [submitted(tenant), { state: 'pendingApproval' }]
    : unconditional(tenant);

/** The states of a request that nobody has to approve. */
export const unconditional = (tenant: Tenant): Step[] => [submitted(tenant), ...delivery(tenant)];

const submitted = ({ durations }: Tenant): Step => ({
  ...{ state: 'submitted', forMs: durations.deliveryMs },
});

/** The usual last states: delivering, then delivered. */
export function delivery(tenant: Tenant): Step[] {
  return [{ state: 'delivering', forMs: tenant.durations.deliveryMs }, { state: 'delivered' }];
}

/** Whether a request of an administrator waits for an approver: a setting of the tenant can let all of them pass. */
const needsApproval = (
  { approvals }: Tenant,
  { requestApprovalSettings }: Policy,
  member: 'isApprovalRequiredForAdd' | 'isApprovalRequiredForUpdate',
): boolean => requestApprovalSettings[member] === true && !approvals.areBypassed;

function startOf(schedule: Schedule | undefined): number {
  const start = Date.parse(schedule?.startDateTime ?? '');
  return Number.isNaN(start) ? 0 : start;
}
