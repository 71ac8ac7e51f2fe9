import type { AccessPackage, Policy, User } from '../state/rows';
import { enterStep } from './delivery';
import { derivedId } from './ids';
import type { Tenant } from './tenant';

/** Grants a complete package to everybody whom the tenant file names as its holder, as another administrator would. */
export function grantHoldings(tenant: Tenant, policy: Policy): void {
  const accessPackage = tenant.tables.accessPackages.get(policy.packageId);
  if (accessPackage === undefined) return;
  for (const { employeeId, holdsOnceMade } of tenant.rules.holdings) {
    if (!holdsOnceMade.includes(accessPackage.displayName)) continue;
    for (const { row } of tenant.tables.users.find('employeeId', employeeId)) {
      hold(tenant, accessPackage, policy, row);
    }
  }
}

/** Gives a person a package at once, without a request of a client. Calling it again changes nothing. */
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
      requestType: 'adminAdd',
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
