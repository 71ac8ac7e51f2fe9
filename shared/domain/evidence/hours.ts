const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** An hour is sealed when it has been over for so long: clocks differ, and a row is written before it can be read. */
export const SEALED_AFTER_MS = 4 * MINUTE_MS;

/** After so long the seal of an hour is there, even if the timer of the app missed it once: `audit verify` misses it then. */
export const SEAL_DUE_MS = 65 * MINUTE_MS;

/** After so many hours the seal was tried again, and failed: the doctor warns, and the alert `not-sealed` follows. */
export const SEALING_FAILS_HOURS = 2;

/** A seal takes what closed up to so many days before its hour and is in none yet, as rows may be written late; so does the first. */
export const SEALED_WITHIN_DAYS = 7;

/** The UTC hour of an instant, such as `2026-11-28T13`. */
export const hourOf = (instant: number | string): string =>
  new Date(instant).toISOString().slice(0, 13);

/** When an hour begins, in milliseconds since 1970. */
export const startOf = (hour: string): number => Date.parse(`${hour}:00:00.000Z`);

export const hourAfter = (hour: string, count = 1): string =>
  hourOf(startOf(hour) + count * HOUR_MS);

/** The UTC days from that of one instant to that of another. */
export function daysBetween(from: number, to: number): string[] {
  const days: string[] = [];
  const last = new Date(to).toISOString().slice(0, 10);
  for (let at = from; ; at += 24 * HOUR_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    if (day > last) return days;
    days.push(day);
  }
}
