import { boundToAnother, resourceNotFound } from '../errors';
import type { AccessPackage } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { requireWhole } from './conditions';
import { enterStep } from './deliver';
import { scriptFor } from './scripts';

/**
 * Gives a request that has none its package, from when on it passes through its states. Nobody is named, so only scripts
 * for everybody apply, and approval is waited for only if every policy of the package requires it. The same package
 * again changes nothing.
 */
export function bindRequest(tenant: Tenant, requestId: string, accessPackage: AccessPackage): void {
  const request = tenant.tables.requests.get(requestId);
  if (request === undefined) throw resourceNotFound('assignment request');
  if (request.packageId === accessPackage.id) return;
  if (request.packageId !== undefined) throw boundToAnother();
  requireWhole(tenant, accessPackage.id);
  const policies = tenant.tables.policies.find('accessPackage', accessPackage.id);
  const [first, ...others] = policies.map(({ row }) => row);
  if (first === undefined) throw resourceNotFound('policy of the access package');
  const policy = [first, ...others].find(({ requestApprovalSettings }) => {
    return requestApprovalSettings['isApprovalRequiredForAdd'] !== true;
  });
  const script = scriptFor(tenant, { accessPackage, policy: policy ?? first, schedule: undefined });
  const bound = { ...request, packageId: accessPackage.id, script };
  enterStep(tenant, bound, 0, tenant.now());
}
