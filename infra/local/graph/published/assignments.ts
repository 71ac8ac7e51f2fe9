import { reprocessAssignment } from '../services/reprocess';
import { assignmentsAreNotDeleted, resourceNotFound } from '../errors';
import type { Answer, Call } from '../http/call';
import { guidAt } from '../odata/read';
import type { View } from '../state/lag';
import type { Assignment } from '../state/rows';

/* What v1.0 and beta have alike of assignments. */

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignment-reprocess */
export function postReprocessAssignment(call: Call): Answer {
  assignmentAt(call, call.view);
  reprocessAssignment(call.tenant, assignmentAt(call));
  return { status: 202 };
}

export function deleteAssignment(): Answer {
  throw assignmentsAreNotDeleted();
}

export function assignmentAt(call: Call, view?: View): Assignment {
  const found = call.tenant.tables.assignments.get(guidAt(call), view);
  if (found === undefined) throw resourceNotFound('assignment');
  return found;
}
