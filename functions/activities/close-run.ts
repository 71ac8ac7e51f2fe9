import { calls } from '../../orchestrations/calls';
import { closeAttempt } from '../runs/close-attempt';
import type { Parts } from '../parts';
import { registerActivity } from './activity';

/** Closes the attempt in a turn of its own. A phase is used once, so whoever has to try again comes with the next. */
export function registerCloseRun(parts: Parts): void {
  registerActivity(calls.closeRun, async (closing, _, log) => {
    switch (await closeAttempt(parts, closing, log)) {
      case 'closed':
        return { outcome: { kind: 'done' } };
      case 'stale':
        return { outcome: { kind: 'rejected', reason: 'stale' } };
      case 'held':
        return { outcome: { kind: 'later', afterSeconds: 1, why: 'turn-held' } };
    }
  });
}
