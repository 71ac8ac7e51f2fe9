import type { AccessPackage, Policy, Schedule, Step, User } from '../state/rows';
import type { Tenant } from '../tenant/tenant';

type Circumstances = {
  /** Absent where the dialect does not say for whom the request is: then only scripts for everybody fit. */
  user?: User;
  accessPackage: AccessPackage;
  policy: Policy;
  schedule: Schedule | undefined;
};

/** What happens to an assignment request: what the tenant file says of the person and package, else what is usual. */
export function scriptFor(tenant: Tenant, asked: Circumstances): Step[] {
  const written = tenant.rules.scripts.find(
    ({ employeeId, packageName }) =>
      (employeeId === undefined || employeeId === asked.user?.employeeId) &&
      (packageName === undefined || packageName === asked.accessPackage.displayName),
  );
  if (written !== undefined) return written.states;
  const submitted = { state: 'submitted', forMs: tenant.pace.deliveryMs };
  const approval = asked.policy.requestApprovalSettings['isApprovalRequiredForAdd'] === true;
  if (approval) return [submitted, { state: 'pendingApproval' }];
  const waitMs = startOf(asked.schedule) - tenant.now();
  const scheduled = waitMs > 0 ? [{ state: 'scheduled', forMs: waitMs }] : [];
  return [submitted, ...scheduled, ...delivery(tenant)];
}

/** The usual end: delivering, then delivered. */
export function delivery(tenant: Tenant): Step[] {
  return [{ state: 'delivering', forMs: tenant.pace.deliveryMs }, { state: 'delivered' }];
}

function startOf(schedule: Schedule | undefined): number {
  const start = Date.parse(schedule?.startDateTime ?? '');
  return Number.isNaN(start) ? 0 : start;
}
