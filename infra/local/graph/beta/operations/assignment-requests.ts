import { submitGrant, submitRemoval } from '../../services/requests';
import { delegatedOnly, notSimulated } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import { flag, id, object, optionalText, text } from '../../odata/read';
import { requestAt, scheduleIn, targetIn } from '../../published/requests';
import type { AssignmentRequest } from '../../state/rows';
import { both } from '../../state/tables';
import { beta, bodyOf } from '../dialect';
import { request } from '../entities/assignments';
import { camel, pascal } from '../words';

/** Beta names no enumeration of them: these are the words of v1.0 in its spelling. */
const states = [
  'Submitted',
  'PendingApproval',
  'Delivering',
  'Delivered',
  'DeliveryFailed',
  'Denied',
  'Scheduled',
  'Canceled',
  'PartiallyDelivered',
];

const requests: Listing<AssignmentRequest> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    requestState: { is: states, value: ({ state }) => pascal(state) },
    requestType: { is: ['AdminAdd', 'AdminRemove'], value: (row) => pascal(row.requestType) },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
  },
  candidates: ({ tenant, view }, equals) => {
    const { requests: table } = tenant.tables;
    const [packageId, shown] = [equals('accessPackage/id'), equals('requestState')];
    const state = shown === undefined ? undefined : camel(shown, 'requestState');
    if (packageId !== undefined && state !== undefined) {
      return table.find('accessPackageAndState', both(packageId, state), view);
    }
    if (packageId !== undefined) return table.find('accessPackage', packageId, view);
    return state === undefined ? table.all(view) : table.find('state', state, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackageassignmentrequests?view=graph-rest-beta */
export const listRequests = (call: Call): Answer => list(beta, request, requests, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-get?view=graph-rest-beta */
export const readRequest = (call: Call): Answer =>
  one(beta, request, requestAt(call, call.view), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackageassignmentrequests?view=graph-rest-beta */
export function postRequest(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageAssignmentRequest');
  if (flag(body, 'isValidationOnly', false)) throw notSimulated('validation without a request');
  return made(beta, request, submit(call, body), call);
}

function submit(call: Call, body: Body): AssignmentRequest {
  const assignment = object(body, 'accessPackageAssignment');
  const justification = optionalText(body, 'justification');
  const requestType = camel(text(body, 'requestType'), 'requestType');
  if (requestType === 'adminRemove') {
    return submitRemoval(call.tenant, call.view, id(assignment, 'id'), justification);
  }
  // The other types are made by a signed-in user or by the service itself.
  if (requestType !== 'adminAdd') throw delegatedOnly();
  return submitGrant(call.tenant, call.view, {
    packageId: id(assignment, 'accessPackageId'),
    policyId: id(assignment, 'assignmentPolicyId'),
    targetId: targetIn(assignment),
    justification,
    schedule: scheduleIn(body),
  });
}
