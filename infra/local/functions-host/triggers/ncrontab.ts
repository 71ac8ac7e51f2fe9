import { parseTimeSpan } from '../time-span';

/** Tells when a timer is due next after a moment. */
export type Schedule = (after: Date) => Date;

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const days = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/**
 * Reads an NCRONTAB expression in UTC: `{second} {minute} {hour} {day} {month} {day-of-week}`, the second may be left
 * out; or a TimeSpan such as `00:05:00`. Throws on anything else.
 */
export function parseSchedule(expression: string): Schedule {
  const interval = parseTimeSpan(expression);
  if (interval) return (after) => new Date(after.getTime() + interval);
  const parts = expression.trim().split(/\s+/);
  const [seconds, minutes, hours, monthDays, monthNumbers, weekDays] =
    parts.length === 5 ? ['0', ...parts] : parts;
  if (weekDays === undefined || parts.length > 6) {
    throw new Error(`"${expression}" is no NCRONTAB expression: it needs five or six fields`);
  }
  const fits = {
    second: field(seconds, 0, 59),
    minute: field(minutes, 0, 59),
    hour: field(hours, 0, 23),
    day: field(monthDays, 1, 31),
    month: field(monthNumbers, 1, 12, months),
    weekDay: field(weekDays, 0, 6, days),
  };
  return (after) => nextFit(fits, after, expression);
}

type Fits = Record<'second' | 'minute' | 'hour' | 'day' | 'month' | 'weekDay', ReadonlySet<number>>;

/** Four years and a day: within them every date comes, also the 29th of February. */
const HORIZON = 1_461;

function nextFit(fits: Fits, after: Date, expression: string): Date {
  const first = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
  const day = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate()));
  for (let i = 0; i <= HORIZON; i++) {
    if (fitsDay(fits, day)) {
      const found = timeOfDay(fits, day, i === 0 ? first : day);
      if (found) return found;
    }
    day.setUTCDate(day.getUTCDate() + 1);
  }
  throw new Error(`"${expression}" never comes`);
}

function fitsDay(fits: Fits, day: Date): boolean {
  return (
    fits.month.has(day.getUTCMonth() + 1) &&
    fits.day.has(day.getUTCDate()) &&
    fits.weekDay.has(day.getUTCDay())
  );
}

function timeOfDay(fits: Fits, day: Date, from: Date): Date | undefined {
  for (const hour of fits.hour) {
    for (const minute of fits.minute) {
      for (const second of fits.second) {
        const time = new Date(day.getTime() + ((hour * 60 + minute) * 60 + second) * 1000);
        if (time >= from) return time;
      }
    }
  }
  return undefined;
}

function field(text = '', low: number, high: number, names: readonly string[] = []): Set<number> {
  const number = (name: string): number => {
    const index = names.indexOf(name.toUpperCase().slice(0, 3));
    const value = index < 0 ? Number(name) : index + low;
    const known = value === 7 && names === days ? 0 : value; // Sunday has two numbers
    if (Number.isInteger(known) && known >= low && known <= high && name !== '') return known;
    throw new Error(`"${name}" is no value from ${low} to ${high} in the schedule field "${text}"`);
  };
  const found = text.split(',').flatMap((part) => {
    const [range = '', step] = part.split('/');
    const [first = '', last] = range.split('-');
    const from = range === '*' ? low : number(first);
    const to =
      range === '*' || (step !== undefined && last === undefined) ? high : number(last ?? first);
    const by = step === undefined ? 1 : Number(step);
    if (!(by >= 1)) throw new Error(`"${step ?? ''}" is no step in the schedule field "${text}"`);
    return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
  });
  return new Set(found.sort((a, b) => a - b));
}
