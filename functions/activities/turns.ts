import { activities } from '../../shared/domain/workflow/activities';
import { parseInstanceId } from '../../shared/domain/events/keys';
import type { Run } from '../../shared/domain/workflow/run';
import type { Services } from '../services';
import { registerActivity } from './activity';

export function registerTurns(services: Services): void {
  const { turns } = services;
  registerActivity(activities.takeTurn, async ({ run, phase }) => {
    const taken = await turns.take(turnOf(run, phase), isOver(services));
    if (taken === 'taken') return { outcome: { kind: 'done' } };
    if (taken === 'stale') return { outcome: { kind: 'rejected', reason: 'stale' } };
    return { outcome: { kind: 'later', afterSeconds: 1, why: 'turn-held' } };
  });

  registerActivity(activities.releaseTurn, async ({ run, phase }) => {
    await turns.release(turnOf(run, phase));
    return { outcome: { kind: 'done' } };
  });
}

export const turnOf = ({ fact, instanceId }: Run, phase: number) => ({
  workerId: fact.workerId,
  instanceId,
  phase,
});

/** Whether the run of an instance is closed, or was followed by another attempt. */
export const isOver =
  ({ claims }: Services) =>
  async (instanceId: string): Promise<boolean> => {
    const run = parseInstanceId(instanceId);
    const claim = run && (await claims.read(run.eventHash));
    return !claim || claim.state === 'closed' || claim.attempt !== run.attempt;
  };
