import { activities } from '../../shared/domain/workflow/activities';
import { lockOf } from '../../shared/storage/worker-locks';
import type { Services } from '../services';
import { registerActivity } from './activity';

export function registerWorkerLocks({ claims, workerLocks }: Services): void {
  registerActivity(activities.acquireLock, async ({ run, fencingToken }) => {
    const acquired = await workerLocks.acquire(lockOf(run, fencingToken), claims.isOver);
    if (acquired === 'acquired') return { outcome: { kind: 'done' } };
    if (acquired === 'stale') return { outcome: { kind: 'rejected', reason: 'stale' } };
    return { outcome: { kind: 'later', afterSeconds: 1, why: 'lock-held' } };
  });

  registerActivity(activities.releaseLock, async ({ run, fencingToken }) => {
    await workerLocks.release(lockOf(run, fencingToken));
    return { outcome: { kind: 'done' } };
  });
}
