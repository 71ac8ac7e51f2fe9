const HOUR_MS = 3_600_000;

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
