import { onClockMove } from './clock';

/** The maximum of setTimeout, in milliseconds: a longer one fires at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls `fire` once at an instant (milliseconds since 1970) of this process's clock, never early, and never before this
 * function has returned. It follows a clock that is moved and does not keep the process alive. Answers what cancels it.
 */
export function startWallTimer(at: number, fire: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const left = Math.max(at - Date.now(), 0);
    timer = setTimeout(check, Math.min(left, LONGEST)).unref();
  };
  const check = (): void => {
    clearTimeout(timer);
    if (Date.now() < at) {
      arm();
      return;
    }
    unsubscribe();
    fire();
  };
  const unsubscribe = onClockMove(check);
  arm();
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}
