import { activities } from '../../shared/domain/workflow/activities';
import { turnOf } from '../../shared/events/close';
import type { Services } from '../services';
import { registerActivity } from './activity';

export function registerTurns({ claims, turns }: Services): void {
  registerActivity(activities.takeTurn, async ({ run, phase }) => {
    const taken = await turns.take(turnOf(run, phase), claims.isOver);
    if (taken === 'taken') return { outcome: { kind: 'done' } };
    if (taken === 'stale') return { outcome: { kind: 'rejected', reason: 'stale' } };
    return { outcome: { kind: 'later', afterSeconds: 1, why: 'turn-held' } };
  });

  registerActivity(activities.releaseTurn, async ({ run, phase }) => {
    await turns.release(turnOf(run, phase));
    return { outcome: { kind: 'done' } };
  });
}
