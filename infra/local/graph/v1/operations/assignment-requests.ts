import { submitGrant, submitRemoval, type Asked } from '../../services/requests';
import { delegatedOnly, notSimulated } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import type { AssignmentRequest } from '../../state/rows';
import { both } from '../../state/tables';
import { bodyOf, v1 } from '../dialect';
import { request } from '../entities/assignments';
import { enums } from '../model/enums';
import { id, object, optionalText, text } from '../../odata/read';
import { requestAt, scheduleIn, targetIn } from '../../published/requests';

const requests: Listing<AssignmentRequest> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    state: { is: enums['accessPackageRequestState'] ?? [], value: ({ state }) => state },
    requestType: { is: enums['accessPackageRequestType'] ?? [], value: (row) => row.requestType },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
  },
  candidates: ({ tenant, view }, equals) => {
    const { requests: table } = tenant.tables;
    const [packageId, state] = [equals('accessPackage/id'), equals('state')];
    if (packageId !== undefined && state !== undefined) {
      return table.find('accessPackageAndState', both(packageId, state), view);
    }
    if (packageId !== undefined) return table.find('accessPackage', packageId, view);
    return state === undefined ? table.all(view) : table.find('state', state, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignmentrequests */
export const listRequests = (call: Call): Answer => list(v1, request, requests, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-get */
export const readRequest = (call: Call): Answer =>
  one(v1, request, requestAt(call, call.view), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentrequests */
export function postRequest(call: Call): Answer {
  const body = bodyOf(call, 'newAssignmentRequest');
  return made(v1, request, submit(call, body), call);
}

function submit(call: Call, body: Body): AssignmentRequest {
  const assignment = object(body, 'assignment');
  const justification = optionalText(body, 'justification');
  switch (text(body, 'requestType')) {
    case 'adminAdd':
      return submitGrant(call.tenant, call.view, asked(body, assignment, justification));
    case 'adminRemove':
      return submitRemoval(call.tenant, call.view, id(assignment, 'id'), justification);
    case 'adminUpdate':
      throw notSimulated('assignment requests of type adminUpdate');
    default:
      // The other types are made by a signed-in user or by the service itself.
      throw delegatedOnly();
  }
}

function asked(body: Body, assignment: Body, justification: string | null): Asked {
  return {
    packageId: id(assignment, 'accessPackageId'),
    policyId: id(assignment, 'assignmentPolicyId'),
    targetId: targetIn(assignment),
    justification,
    schedule: scheduleIn(body),
  };
}
