import { setTimeout as wait } from 'node:timers/promises';

/** Looks until `look` finds something, and fails with what it was waiting for when the time is over. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  seconds = 60,
): Promise<T> {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    const found = await look();
    if (found !== undefined) return found;
    await wait(100);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
