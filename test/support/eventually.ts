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

/**
 * The only waiter of the tests. Calls `check` until it returns something other than `undefined` or `false`, and resolves
 * to that value. Throws an error that names `what` if nothing comes within 60 seconds, or `seconds`. An error that `check`
 * throws ends the wait at once.
 */
export async function eventually<T>(
  what: string,
  check: () => Maybe<T> | Promise<Maybe<T>>,
  { seconds = 60, everyMs = 100, details = () => '' }: WaitOptions = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    await wait(everyMs);
  }
  throw new Error([`not within ${seconds} s: ${what}`, details()].filter(Boolean).join('\n'));
}
