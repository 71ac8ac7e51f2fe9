import { activities } from '../../shared/domain/workflow/activities';
import { startAttempt } from '../../shared/events/start';
import type { Services } from '../services';
import { registerActivity } from './activity';

/** Makes this execution the run of its attempt; `stale` when another execution is that, or the attempt is over. */
export function registerBeginRun(services: Services): void {
  registerActivity(activities.beginRun, async (execution) => {
    const run = await startAttempt(services, execution);
    if (!run) return { outcome: { kind: 'rejected', reason: 'stale' } };
    return { outcome: { kind: 'done', run, timeouts: services.config.timeouts } };
  });
}
