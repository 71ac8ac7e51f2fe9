import { calls } from '../../orchestrations/calls';
import { parseInstanceId } from '../../shared/domain/keys';
import type { Run } from '../../shared/domain/run';
import type { Parts } from '../parts';
import { registerActivity } from './activity';

export function registerTurns(parts: Parts): void {
  const { turns } = parts;
  registerActivity(calls.takeTurn, async ({ run, phase }) => {
    const taken = await turns.take(turnOf(run, phase), isOver(parts));
    if (taken === 'taken') return { outcome: { kind: 'done' } };
    if (taken === 'stale') return { outcome: { kind: 'rejected', reason: 'stale' } };
    return { outcome: { kind: 'later', afterSeconds: 1, why: 'turn-held' } };
  });

  registerActivity(calls.releaseTurn, async ({ run, phase }) => {
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
  ({ claims }: Parts) =>
  async (instanceId: string): Promise<boolean> => {
    const run = parseInstanceId(instanceId);
    const claim = run && (await claims.read(run.eventHash));
    return !claim || claim.state === 'closed' || claim.attempt !== run.attempt;
  };
