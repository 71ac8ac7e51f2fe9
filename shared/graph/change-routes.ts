import { AssignmentRequest } from './answers';
import { segment } from './odata';
import type { FurtherRoutes } from './operations';
import { managementOf, Nothing, scheduleUntil, type PublishedVersion } from './published-routes';

type ChangeRoutes = Pick<
  Required<FurtherRoutes>,
  'listProgress' | 'submitRemoval' | 'submitUpdate' | 'reprocessAssignment' | 'reprocessRequest'
>;

/**
 * What a published version has for access that is there already, or under way. A removal and an update are requests of their own, which
 * name the assignment and nothing else.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentrequests
 */
export function changeRoutes(published: PublishedVersion): ChangeRoutes {
  const { collections, members, requestTypes } = published;
  const assignments = `${managementOf(published)}/${collections.assignments}`;
  const requests = `${managementOf(published)}/${collections.requests}`;
  return {
    // Source: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignmentrequests
    listProgress: {
      method: 'GET',
      path: () => requests,
      query: ({ since }) => ({
        $filter: `createdDateTime gt ${since}`,
        $select: published.progress.select,
        $expand: published.progress.expand,
      }),
      answer: AssignmentRequest,
    },
    submitRemoval: {
      method: 'POST',
      path: () => requests,
      body: ({ assignmentId, justification }) => ({
        requestType: requestTypes.remove,
        [members.assignment]: { id: assignmentId },
        justification,
      }),
      object: ({ assignmentId }) => `${assignments}/${segment(assignmentId)}`,
      answer: AssignmentRequest,
    },
    submitUpdate: {
      method: 'POST',
      path: () => requests,
      body: ({ assignmentId, until, justification }) => ({
        requestType: requestTypes.update,
        [members.assignment]: { id: assignmentId },
        schedule: scheduleUntil(until),
        justification,
      }),
      object: ({ assignmentId }) => `${assignments}/${segment(assignmentId)}`,
      answer: AssignmentRequest,
    },
    // Source: https://learn.microsoft.com/graph/api/accesspackageassignment-reprocess
    reprocessAssignment: {
      method: 'POST',
      path: ({ id }) => `${assignments}/${segment(id)}/reprocess`,
      answer: Nothing,
    },
    // Source: https://learn.microsoft.com/graph/api/accesspackageassignmentrequest-reprocess
    reprocessRequest: {
      method: 'POST',
      path: ({ id }) => `${requests}/${segment(id)}/reprocess`,
      answer: Nothing,
    },
  };
}
