import { activities } from '../../shared/domain/workflow/activities';
import { closeAttempt } from '../../shared/events/close';
import type { Services } from '../services';
import { registerActivity } from './activity';

/** Closes the attempt under a worker lock of its own. A fencing token is used once: each try brings the next. */
export function registerCloseRun(services: Services): void {
  registerActivity(activities.closeRun, async (closing, _, log) => {
    switch (await closeAttempt(services, closing, log)) {
      case 'closed':
        return { outcome: { kind: 'done' } };
      case 'stale':
        return { outcome: { kind: 'rejected', reason: 'stale' } };
      case 'held':
        return { outcome: { kind: 'later', afterSeconds: 1, why: 'lock-held' } };
    }
  });
}
