import { calls } from '../../orchestrations/calls';
import { runOf } from '../../shared/domain/claim';
import { runs } from '../../shared/records/claims';
import type { Parts } from '../parts';
import { registerActivity } from './activity';

/**
 * Makes this execution the run of its attempt and copies the event's fact to its worker. `stale` when the attempt is over,
 * is not the current one, or is run by another execution: a late or doubled start does nothing.
 */
export function registerBeginRun({ claims, workers, config }: Parts): void {
  registerActivity(calls.beginRun, async (execution) => {
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
