import { reprocessRequest } from '../../acts/reprocess';
import { submitGrant, submitRemoval, type Asked } from '../../acts/requests';
import { delegatedOnly, invalidModel, notSimulated, resourceNotFound } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import type { View } from '../../state/lag';
import type { AssignmentRequest, Schedule } from '../../state/rows';
import { both } from '../../state/tables';
import { bodyOf, guidAt, v1 } from '../dialect';
import { request } from '../entities/assignments';
import { enums } from '../model/enums';
import { id, object, optionalObject, optionalText, text } from '../../odata/read';

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

/** The user's object id: `targetId` as the reference page has it, or `target.objectId` as the metadata has it. */
function targetIn(assignment: Body): string {
  const target = optionalObject(assignment, 'target');
  if (target === null) return id(assignment, 'targetId');
  if ('email' in target) throw notSimulated('targets by mail address');
  return id(target, 'objectId');
}

function scheduleIn(body: Body): Schedule | undefined {
  const schedule = optionalObject(body, 'schedule');
  if (schedule === null) return undefined;
  const expiration = optionalObject(schedule, 'expiration') ?? {};
  const type = optionalText(expiration, 'type') ?? 'notSpecified';
  const endDateTime = optionalText(expiration, 'endDateTime');
  const duration = optionalText(expiration, 'duration');
  if (type === 'afterDateTime' && endDateTime === null) {
    throw invalidModel("'endDateTime' is required for afterDateTime.");
  }
  if (type === 'afterDuration' && duration === null) {
    throw invalidModel("'duration' is required for afterDuration.");
  }
  return {
    startDateTime: optionalText(schedule, 'startDateTime') ?? new Date().toISOString(),
    expiration: { type, endDateTime, duration },
  };
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-reprocess */
export function postReprocessRequest(call: Call): Answer {
  requestAt(call, call.view);
  reprocessRequest(call.tenant, requestAt(call));
  return { status: 202 };
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-cancel: for signed-in users only. */
export function postCancel(call: Call): Answer {
  guidAt(call);
  throw delegatedOnly();
}

/** The request as a replica knows it, or as it truly is: an act must not work on what a replica remembers. */
function requestAt(call: Call, view?: View): AssignmentRequest {
  const found = call.tenant.tables.requests.get(guidAt(call), view);
  if (found === undefined) throw resourceNotFound('assignment request');
  return found;
}
