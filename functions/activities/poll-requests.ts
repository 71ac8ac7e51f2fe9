import { activities } from '../../shared/domain/workflow/activities';
import type { Later } from '../../shared/domain/workflow/outcome';
import type { RequestPhase } from '../../shared/domain/workflow/settlement';
import { classify } from '../../shared/graph/classify';
import type { Services } from '../services';
import { registerActivity } from './activity';

type Reading = { phase: RequestPhase; graphState: string; completedAt?: string | undefined };

/** Reads the state of each open request, in the order of the ids. */
export function registerPollRequests({ graph }: Services): void {
  const read = async (id: string): Promise<Reading | Later> => {
    try {
      const { phase, state = 'unknown', completedDateTime } = await graph.getAssignmentRequest(id);
      return { phase, graphState: state, completedAt: completedDateTime };
    } catch (error) {
      const verdict = classify(error);
      if (verdict.kind === 'later') return verdict;
      // A replica may not have it yet; one that stays away ends like every state that nobody knows.
      return verdict.kind === 'conflict'
        ? { phase: 'unknown', graphState: verdict.conflict }
        : { phase: 'unreadable', graphState: verdict.why };
    }
  };

  registerActivity(activities.pollRequests, async ({ requestIds }) => {
    const readings: Reading[] = [];
    for (const id of requestIds) {
      const reading = await read(id);
      if ('kind' in reading) return { outcome: reading };
      readings.push(reading);
    }
    return { outcome: { kind: 'done', readings } };
  });
}
