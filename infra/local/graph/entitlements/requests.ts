import { filtersIn, nameIn, rootOf } from '../dialects/dialect';
import { delegatedOnly, invalidModel, notSimulated, resourceNotFound } from '../errors';
import { type Answer, type Call, deletion, notImplemented, type Routes } from '../http/routes';
import {
  flag,
  guidAt,
  id,
  object,
  optionalObject,
  optionalText,
  requireOnly,
  text,
} from '../odata/body';
import { list, type Listing } from '../odata/list';
import { checkBody, type Body } from '../odata/model';
import { created, instant, one } from '../odata/present';
import { deleteRequest } from '../services/deletions';
import { reprocessRequest } from '../services/delivery';
import { submitGrant, submitRemoval, submitUpdate } from '../services/requests';
import type { View } from '../state/lag';
import type { AssignmentRequest, Schedule } from '../state/rows';
import type { Version } from './version';

/** Assignment requests. docs: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentrequest */
export function requestRoutes({ dialect, entities }: Version): Routes {
  const { request } = entities;
  const { model, spell } = dialect;
  const collection = `${rootOf(dialect)}/${nameIn(dialect, 'assignmentRequests')}`;
  const approvals = `${rootOf(dialect)}/accessPackageAssignmentApprovals`;
  const stages = dialect.version === 'beta' ? 'steps' : 'stages';

  const requests: Listing<AssignmentRequest> = {
    alone: true,
    filterable: filtersIn(dialect, request.type, {
      id: { is: 'guid', value: (row) => row.id },
      state: {
        is: model.enums['accessPackageRequestState'] ?? [],
        value: ({ state }) => spell(state),
      },
      createdDateTime: {
        ...{ is: 'instant', also: ['gt', 'ge'] },
        value: ({ createdAt }) => instant(createdAt),
      },
      'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
    }),
    candidates: ({ tenant, view }, equals) => {
      const { requests: table } = tenant.tables;
      const [packageId, spelled] = [equals('accessPackage/id'), equals('state')];
      if (packageId !== undefined) return table.find('accessPackage', packageId, view);
      if (spelled === undefined) return table.all(view);
      return table.find('state', dialect.unspell(spelled, 'state'), view);
    },
  };

  /** What a request about an assignment may say: the assignment alone tells whose access to which package it concerns. */
  const aboutAssignment = ['requestType', 'justification', nameIn(dialect, 'assignment')];

  function postRequest(call: Call): Answer {
    const body = checkBody(model, dialect.newRequest, call.body ?? {});
    if (flag(body, 'isValidationOnly', false)) throw notSimulated('validation without a request');
    return created(request, submit(call, body), call);
  }

  function submit({ tenant, view }: Call, body: Body): AssignmentRequest {
    const assignment = object(body, nameIn(dialect, 'assignment'));
    const justification = optionalText(body, 'justification');
    const requestType = dialect.unspell(text(body, 'requestType'), 'requestType');
    if (requestType === 'adminRemove') {
      requireOnly(body, aboutAssignment);
      requireOnly(assignment, ['id']);
      const assignmentId = id(assignment, 'id');
      return submitRemoval(tenant, view, { assignmentId, justification });
    }
    if (dialect.requestsNotSimulated.includes(requestType)) {
      throw notSimulated(`assignment requests of type ${requestType}`);
    }
    if (requestType === 'adminUpdate') {
      requireOnly(body, [...aboutAssignment, 'schedule']);
      requireOnly(assignment, ['id']);
      const schedule = scheduleIn(body);
      if (schedule === undefined) throw invalidModel("'schedule' is required.");
      const assignmentId = id(assignment, 'id');
      return submitUpdate(tenant, view, { assignmentId, justification, schedule });
    }
    // The other types come from a signed-in user or from the service itself.
    if (requestType !== 'adminAdd') throw delegatedOnly();
    return submitGrant(tenant, view, {
      packageId: id(assignment, 'accessPackageId'),
      policyId: id(assignment, 'assignmentPolicyId'),
      targetId: targetIdIn(assignment),
      justification,
      schedule: scheduleIn(body),
    });
  }

  return {
    [collection]: { GET: (call) => list(request, requests, call), POST: postRequest },
    [`${collection}/{}`]: {
      GET: (call) => one(request, requestAt(call, call.view), call),
      DELETE: deletion(requestAt, ({ tenant }, row) => deleteRequest(tenant, row)),
    },
    [`${collection}/{}/cancel`]: { POST: refuseApplication },
    [`${collection}/{}/reprocess`]: { POST: postReprocess },
    [`${collection}/{}/resume`]: { POST: notImplemented('resuming custom extensions') },
    [`${approvals}/{}`]: { GET: refuseApplication },
    [`${approvals}/{}/${stages}`]: { GET: refuseApplication },
    [`${approvals}/{}/${stages}/{}`]: { GET: refuseApplication, PATCH: refuseApplication },
  };
}

/** The object id of the user: `targetId` as on the reference page, or `target.objectId` as in the metadata. */
function targetIdIn(assignment: Body): string {
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
function postReprocess(call: Call): Answer {
  requestAt(call, call.view);
  reprocessRequest(call.tenant, requestAt(call));
  return { status: 202 };
}

/**
 * What only a signed-in user may do: cancel a request, read who decided about it, and decide.
 * docs: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-cancel, .../approval-get, .../approval-list-stages
 */
function refuseApplication(call: Call): Answer {
  guidAt(call);
  throw delegatedOnly();
}

/** The request that the address names: with a view as its replica knows it, without one as it truly is. */
export function requestAt(call: Call, view?: View): AssignmentRequest {
  const found = call.tenant.tables.requests.get(guidAt(call), view);
  if (found === undefined) throw resourceNotFound('assignment request');
  return found;
}
