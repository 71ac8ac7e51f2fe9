import { reprocessRequest } from '../services/reprocess';
import { delegatedOnly, invalidModel, notSimulated, resourceNotFound } from '../errors';
import type { Answer, Call } from '../http/call';
import type { Body } from '../odata/check-body';
import { guidAt, id, optionalObject, optionalText } from '../odata/read';
import type { View } from '../state/lag';
import type { AssignmentRequest, Schedule } from '../state/rows';

/* What v1.0 and beta have alike of assignment requests. */

/** The user's object id: `targetId` as the reference page has it, or `target.objectId` as the metadata has it. */
export function targetIn(assignment: Body): string {
  const target = optionalObject(assignment, 'target');
  if (target === null) return id(assignment, 'targetId');
  if ('email' in target) throw notSimulated('targets by mail address');
  return id(target, 'objectId');
}

export function scheduleIn(body: Body): Schedule | undefined {
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
export function requestAt(call: Call, view?: View): AssignmentRequest {
  const found = call.tenant.tables.requests.get(guidAt(call), view);
  if (found === undefined) throw resourceNotFound('assignment request');
  return found;
}
