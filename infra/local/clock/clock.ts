/** Of this process: how far its clock is from that of the machine, and who wants to know when that changes. */
let offsetMs = 0;
const listeners = new Set<() => void>();
const RealDate = Date;

/** Milliseconds that the clock of this process is ahead of the machine's; negative if it is behind. */
export const clockOffset = (): number => offsetMs;

/** The time of the machine, in milliseconds since 1970. */
export const machineTime = (): number => RealDate.now();

/** Moves the clock of this process and calls everyone who depends on it, before it returns. */
export function moveClock(toOffsetMs: number): void {
  offsetMs = toOffsetMs;
  for (const listener of [...listeners]) listener();
}

/** Calls `listener` after each move of the clock, until the answered function is called. */
export function onClockMove(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Makes `Date` of this process follow its clock. What measures durations is not touched: timers of Node, `performance.now`
 * and `process.hrtime` are monotonic. Dates that the runtime makes itself stay instances of `Date`.
 */
export function replaceDate(): void {
  const now = (): number => RealDate.now() + offsetMs;
  function MovedDate(...given: unknown[]): unknown {
    const target: unknown = new.target;
    if (target === undefined) return new RealDate(now()).toString();
    const values = given.length === 0 ? [now()] : given;
    const made = target === MovedDate ? RealDate : (target as DateConstructor);
    return Reflect.construct(RealDate, values, made);
  }
  Object.setPrototypeOf(MovedDate, RealDate);
  Object.defineProperties(MovedDate, {
    name: { value: 'Date' },
    length: { value: RealDate.length },
    prototype: { value: RealDate.prototype },
    now: { value: now, configurable: true, writable: true },
  });
  RealDate.prototype.constructor = MovedDate;
  globalThis.Date = MovedDate as unknown as DateConstructor;
}
