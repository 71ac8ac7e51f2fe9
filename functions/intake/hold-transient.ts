import { setTimeout as wait } from 'node:timers/promises';
import { StoreUnavailable } from '../../shared/storage/storage-port';
import type { Log } from '../../shared/log';
import { HostUnavailable } from '../runs/instance-status';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Tries again here while a store or the host is away, for at most `seconds`: Service Bus redelivers at once, so ten
 * deliveries would be burnt within a second. The host renews the message's lock meanwhile. Throws what is no passing
 * trouble, and the last passing one.
 */
export async function holdTransient(
  seconds: number,
  log: Log,
  act: () => Promise<void>,
): Promise<void> {
  const until = Date.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      await act();
      return;
    } catch (error) {
      const passing = error instanceof StoreUnavailable || error instanceof HostUnavailable;
      if (!passing || Date.now() + pause > until) throw error;
      log({ what: 'held', why: error.name, pauseMs: pause });
    }
    await wait(pause);
  }
}
