const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const FINER = /(\.\d{3})\d+/;
const DATE_LENGTH = 'yyyy-mm-dd'.length;

/** Whether the text is a `full-date` of RFC 3339 that the calendar has, of the years 1 to 9999. */
export function isDate(text: string): boolean {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || year === 0) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/**
 * Whether the text is a `date-time` of RFC 3339 that falls into the years 1 to 9999 of UTC. Neither hour 24 nor second 60
 * is taken: the one is not in the grammar, the other cannot be told in JavaScript's time.
 */
export function isDateTime(text: string): boolean {
  if (!isDate(text.slice(0, DATE_LENGTH)) || !TIME.test(text.slice(DATE_LENGTH))) return false;
  const year = instantOf(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** The same instant in UTC, cut to milliseconds, so that texts compare as the times do. */
export function toUtc(dateTime: string): string {
  return instantOf(dateTime).toISOString();
}

/** V8 reads `.000999999999` as 999 milliseconds, so what is finer than one never reaches it. */
const instantOf = (dateTime: string): Date => new Date(dateTime.toUpperCase().replace(FINER, '$1'));

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return leap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
