import { activities } from '../../shared/domain/workflow/activities';
import { runOf } from '../../shared/domain/workflow/claim';
import { runs } from '../../shared/storage/claims';
import type { Services } from '../services';
import { registerActivity } from './activity';

/**
 * Makes this execution the run of its attempt and copies the event's fact to its worker. `stale` when the attempt is over,
 * is not the current one, or is run by another execution: a late or doubled start does nothing.
 */
export function registerBeginRun({ claims, workers, config }: Services): void {
  registerActivity(activities.beginRun, async (execution) => {
    const claim = await claims.start(execution, new Date().toISOString());
    if (claim?.state !== 'started' || !runs(claim, execution)) {
      return { outcome: { kind: 'rejected', reason: 'stale' } };
    }
    const { eventHash, attempt, fact, endDate, attributes } = claim;
    const { employmentId, sequence, startDate, timeZone, occurredAt } = fact;
    await workers.addFact(fact.workerId, {
      ...{
        eventHash,
        attempt,
        employmentId,
        sequence,
        startDate,
        endDate,
        timeZone,
        occurredAt,
        attributes,
      },
    });
    return {
      outcome: {
        kind: 'done',
        run: runOf(claim, execution.token),
        pace: config.pace,
      },
    };
  });
}
