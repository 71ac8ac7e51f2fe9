import { invalidRequest } from '../errors';
import type { Assignment, AssignmentRequest } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { enterStep } from './deliver';
import { grantRole, roleScopesOf } from './grants';
import { delivery } from './scripts';

const repairable = new Set(['deliveryFailed', 'partiallyDelivered']);

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-reprocess */
export function reprocessRequest(tenant: Tenant, request: AssignmentRequest): void {
  if (!repairable.has(request.state)) {
    throw invalidRequest(`A request in the state ${request.state} cannot be reprocessed.`);
  }
  enterStep(tenant, { ...request, script: delivery(tenant) }, 0, tenant.now());
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignment-reprocess */
export function reprocessAssignment(tenant: Tenant, assignment: Assignment): void {
  if (assignment.state !== 'delivered') {
    throw invalidRequest(`An assignment in the state ${assignment.state} cannot be reprocessed.`);
  }
  for (const role of roleScopesOf(tenant, assignment.packageId)) {
    grantRole(tenant, assignment, role);
  }
}
