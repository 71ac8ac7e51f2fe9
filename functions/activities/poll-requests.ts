import { calls } from '../../orchestrations/calls';
import type { Outcome } from '../../shared/domain/outcome';
import { classify } from '../../shared/graph/classify';
import type { Parts } from '../parts';
import { registerActivity } from './activity';

type Reading = { phase: 'unknown'; graphState: string };

/** Reads the state of each open request, in the order of the ids. */
export function registerPollRequests({ graph }: Parts): void {
  const read = async (id: string) => {
    try {
      const { phase, state = 'unknown', completedDateTime } = await graph.getAssignmentRequest(id);
      return { phase, graphState: state, completedAt: completedDateTime };
    } catch (error) {
      const verdict = classify(error);
      // A replica may not have it yet. One that stays away ends like every state that nobody knows.
      if (verdict.kind === 'conflict')
        return { phase: 'unknown', graphState: verdict.conflict } as Reading;
      return verdict;
    }
  };

  registerActivity(calls.pollRequests, async ({ requestIds }) => {
    const readings = [];
    for (const id of requestIds) {
      const reading = await read(id);
      if ('kind' in reading) return { outcome: reading as Outcome<never> };
      readings.push(reading);
    }
    return { outcome: { kind: 'done', readings } };
  });
}
