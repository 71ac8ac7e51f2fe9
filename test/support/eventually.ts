import { setTimeout as wait } from 'node:timers/promises';

export type WaitOptions = {
  /** How long to wait before giving up. */
  seconds?: number;
  /** The pause between two checks, in milliseconds. */
  everyMs?: number;
  /** Text for the error, for example the last log lines. */
  details?: () => string;
};

type Maybe<T> = T | undefined | false;
type Wait = { isAbandoned: boolean };

const waits = new Set<Wait>();

/**
 * Ends the waits that still go on, so that none of them ever settles. A test that fails or times out may leave one behind:
 * its next check would meet a stopped service, and Jest would report that error for the suite that this process runs next.
 */
export function abandonWaits(): void {
  for (const wait of waits) wait.isAbandoned = true;
}

/**
 * The only waiter of the tests. Calls `check` until it returns something other than `undefined` or `false`, and resolves
 * to that value. Throws an error that names `what` if nothing comes within 60 seconds, or `seconds`. An error that `check`
 * throws ends the wait at once. What goes on beside a wait belongs into one `Promise.all` with it.
 */
export async function eventually<T>(
  what: string,
  check: () => Maybe<T> | Promise<Maybe<T>>,
  options: WaitOptions = {},
): Promise<T> {
  const own: Wait = { isAbandoned: false };
  waits.add(own);
  try {
    return await poll(what, check, options, own);
  } catch (error) {
    if (own.isAbandoned) return await new Promise<never>(() => undefined);
    throw error;
  } finally {
    waits.delete(own);
  }
}

async function poll<T>(
  what: string,
  check: () => Maybe<T> | Promise<Maybe<T>>,
  { seconds = 60, everyMs = 100, details = () => '' }: WaitOptions,
  own: Wait,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline && !own.isAbandoned) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    await wait(everyMs);
  }
  throw new Error([`not within ${seconds} s: ${what}`, details()].filter(Boolean).join('\n'));
}
