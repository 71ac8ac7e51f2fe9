const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const FINER = /(\.\d{3})\d+/;
const DATE_LENGTH = 'yyyy-mm-dd'.length;

/** Whether the text is a `full-date` of RFC 3339 that exists in the calendar, of the years 1 to 9999. */
export function isDate(text: string): boolean {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || year === 0) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/**
 * Whether the text is a `date-time` of RFC 3339 that falls into the years 1 to 9999 of UTC. Hour 24 is not in the
 * grammar, and second 60 has no representation in JavaScript.
 */
export function isDateTime(text: string): boolean {
  if (!isDate(text.slice(0, DATE_LENGTH)) || !TIME.test(text.slice(DATE_LENGTH))) return false;
  const year = instantOf(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** The same instant in UTC, cut to milliseconds, so that comparing the texts compares the times. */
export function toUtc(dateTime: string): string {
  return instantOf(dateTime).toISOString();
}

/** V8 reads `.000999999999` as 999 milliseconds, so digits beyond the third are cut first. */
const instantOf = (dateTime: string): Date => new Date(dateTime.toUpperCase().replace(FINER, '$1'));

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return leap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// ICU also takes three-letter abbreviations such as BST and IST that mean different zones to different people.
const ABBREVIATION =
  /^(?!UTC$|GMT$|EST$|MST$|HST$|CET$|EET$|MET$|WET$|UCT$|PRC$|ROC$|ROK$)[A-Z]{3}$/i;
const ZONE = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Whether the text names a zone of the IANA database that this Node.js knows; offsets such as `+01:00` do not. */
export function isTimeZone(name: string): boolean {
  if (!ZONE.test(name) || ABBREVIATION.test(name) || name.startsWith('SystemV/')) return false;
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The first instant of `startDate` (yyyy-mm-dd) less `leadDays` calendar days in the zone, as ISO 8601 UTC. If the
 * clock skips midnight or the whole day, it is the first instant after it; if midnight occurs twice, the first one. Throws
 * RangeError on a date or zone that does not exist.
 */
export function dueAt(startDate: string, zone: string, leadDays: number): string {
  return instantAt(Date.parse(`${startDate}T00:00:00Z`) - leadDays * DAY, zone);
}

/** The instant of a time of day (hh:mm) on a date in the zone, as ISO 8601 UTC; skipped and repeated ones as in `dueAt`. */
export function timeOfDay(date: string, time: string, zone: string): string {
  return instantAt(Date.parse(`${date}T${time}:00Z`), zone);
}

/** The first instant at which the clock of the zone shows a local time or a later one. */
function instantAt(local: number, zone: string): string {
  // Offsets are below a day, and no zone changes its clock twice within two days.
  const offsets = [offsetAt(local - DAY, zone), offsetAt(local + DAY, zone)];
  const earliest = local - Math.max(...offsets);
  const latest = local - Math.min(...offsets);
  const exact = [earliest, latest].find((instant) => localTime(instant, zone) === local);
  return new Date(exact ?? firstAfter(local, earliest, latest, zone)).toISOString();
}

/** The instant in (`before`, `after`] at which the zone's clock jumps over a local time. */
function firstAfter(local: number, before: number, after: number, zone: string): number {
  let [low, high] = [before, after];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (localTime(middle, zone) < local) low = middle;
    else high = middle;
  }
  return high;
}

const offsetAt = (instant: number, zone: string): number => localTime(instant, zone) - instant;

/** The local time of the zone at an instant, as the instant at which a UTC clock shows the same time. */
function localTime(instant: number, zone: string): number {
  const parts = clockOf(zone).formatToParts(instant);
  const shown = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? '';
  const year = shown('era').startsWith('B') ? 1 - Number(shown('year')) : Number(shown('year'));
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, Number(shown('month')) - 1, Number(shown('day')));
  date.setUTCHours(Number(shown('hour')), Number(shown('minute')), Number(shown('second')));
  return date.getTime() + (((instant % 1000) + 1000) % 1000);
}

/** An instant as the clock of a zone shows it, without the zone: `yyyy-mm-ddThh:mm:ss`. */
export const inZone = (instant: number, zone: string): string =>
  new Date(localTime(instant, zone)).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length);

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  // A sender can write one zone in thousands of ways, in upper and lower case.
  if (clocks.size >= 500) clocks.clear();
  clocks.set(zone, clock);
  return clock;
}

export const DAY_MS = 86_400_000;

/** The UTC days from `from` to `to`. */
export function daysOf(from: Date, to: Date): string[] {
  const days: string[] = [];
  const end = to.toISOString().slice(0, 10);
  for (let at = from.getTime(); ; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    if (day > end) return days;
    days.push(day);
  }
}
