import type { z } from 'zod';
import { catalogKeyOf } from '../domain/access-model/access-model';
import type { activities } from '../domain/workflow/activities';
import type { Evidence, Later, Outcome } from '../domain/workflow/outcome';
import type { RequestStatus } from '../domain/workflow/step-outcome';
import type { LoadedModel } from '../config/load-model';
import type { Entitlements } from '../graph/entitlements';
import { classify, isForbiddenObject } from '../graph/errors';
import { inScope } from '../graph/permissions';

type Reading = {
  requestStatus: RequestStatus;
  graphState: string;
  completedAt?: string | undefined;
  assignmentId?: string | undefined;
  /** The refusal behind an unreadable request. */
  evidence?: Evidence | undefined;
};

/** Reads the state of each open request, in their order. Ends with the first read that has to wait. */
export async function pollRequests(
  { graph, model }: { graph: Entitlements; model: () => LoadedModel },
  requests: z.infer<typeof activities.pollRequests.input>['requests'],
): Promise<Outcome<{ readings: Reading[] }>> {
  const readings: Reading[] = [];
  for (const { requestId, packageKey } of requests) {
    const catalog = catalogKeyOf(model().model, packageKey);
    const reading = await inScope({ catalog }, () => readRequest(graph, requestId));
    if ('kind' in reading) return reading;
    readings.push(reading);
  }
  return { kind: 'done', readings };
}

async function readRequest(graph: Entitlements, id: string): Promise<Reading | Later> {
  try {
    const request = await graph.getAssignmentRequest(id);
    const { requestStatus, state = 'unknown', completedDateTime, assignmentId } = request;
    return { requestStatus, graphState: state, completedAt: completedDateTime, assignmentId };
  } catch (error) {
    const classified = classify(error);
    const { evidence } = classified;
    // A replica may not have it yet. A request that stays unknown ends like one in an unknown state, and the others of its
    // event are read on.
    if (classified.kind === 'later')
      return isForbiddenObject(error)
        ? { requestStatus: 'unknown', graphState: classified.why, evidence }
        : classified;
    return classified.kind === 'conflict'
      ? { requestStatus: 'unknown', graphState: classified.conflict, evidence }
      : { requestStatus: 'unreadable', graphState: classified.why, evidence };
  }
}
