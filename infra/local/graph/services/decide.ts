import { invalidRequest } from '../errors';
import type { AssignmentRequest } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { enterStep } from './deliver';
import { delivery } from './scripts';

/** What an approver says about a request that waits for one. */
export function decide(
  tenant: Tenant,
  request: AssignmentRequest,
  decision: 'approve' | 'deny',
): AssignmentRequest {
  if (request.state !== 'pendingApproval') {
    throw invalidRequest(`A request in the state ${request.state} cannot be decided.`);
  }
  const script = decision === 'approve' ? delivery(tenant) : [{ state: 'denied' }];
  return enterStep(tenant, { ...request, script }, 0, tenant.now());
}
