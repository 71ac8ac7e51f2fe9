import type { Later, Outcome } from '../domain/workflow/outcome';
import type { RequestStatus } from '../domain/workflow/step-outcome';
import { classify } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';

type Reading = {
  requestStatus: RequestStatus;
  graphState: string;
  completedAt?: string | undefined;
};

/** Reads the state of each open request, in the order of the ids. Ends with the first read that has to wait. */
export async function pollRequests(
  graph: Entitlements,
  requestIds: readonly string[],
): Promise<Outcome<{ readings: Reading[] }>> {
  const readings: Reading[] = [];
  for (const id of requestIds) {
    const reading = await readRequest(graph, id);
    if ('kind' in reading) return reading;
    readings.push(reading);
  }
  return { kind: 'done', readings };
}

async function readRequest(graph: Entitlements, id: string): Promise<Reading | Later> {
  try {
    const {
      requestStatus,
      state = 'unknown',
      completedDateTime,
    } = await graph.getAssignmentRequest(id);
    return { requestStatus, graphState: state, completedAt: completedDateTime };
  } catch (error) {
    const classified = classify(error);
    if (classified.kind === 'later') return classified;
    // A replica may not have it yet. A request that stays unknown ends like one in an unknown state.
    return classified.kind === 'conflict'
      ? { requestStatus: 'unknown', graphState: classified.conflict }
      : { requestStatus: 'unreadable', graphState: classified.why };
  }
}
