import { SOURCE } from '../../support/events';
import type { Members } from './mutation';

/**
 * A second reader of docs/event-contract.md that shares no code and no method with the product's: JSON.parse and plain
 * comparisons. It cannot see what JSON.parse hides (duplicate keys, forbidden keys, depth). Answers the event as it must
 * be accepted if nothing of that kind is wrong, or undefined.
 */
export function reread(body: Uint8Array): Members | undefined {
  if (body.length > 65_536) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? eventOf(value) : undefined;
  } catch {
    return undefined;
  }
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function eventOf(sent: Members): Members | undefined {
  const { specversion, type, source, id, time, data } = sent;
  if (specversion !== '1.0' || type !== 'hr.worker.joined.v1' || source !== SOURCE)
    return undefined;
  const instant = instantOf(time);
  if (!isId(id) || instant === undefined || !isMembers(data)) return undefined;
  const marks = ['replayid', 'replayreason', 'replayedby'].map((name) => sent[name] ?? undefined);
  if (marks.some((mark) => mark !== undefined && !isId(mark))) return undefined;
  const media = sent['datacontenttype'] ?? '';
  if (typeof media !== 'string' || Array.from(media).length > 256) return undefined;
  const kept = dataOf(data);
  if (!kept || (sent['subject'] ?? kept['workerId']) !== kept['workerId']) return undefined;
  return { specversion, type, source, id, time: instant, data: kept };
}

function dataOf(data: Members): Members | undefined {
  const { workerId, employmentId = 'primary', sequence, startDate, endDate, timeZone } = data;
  const { attributes } = data;
  const isValid =
    isId(workerId) &&
    isId(employmentId) &&
    (sequence === undefined || isSequence(sequence)) &&
    isDay(startDate) &&
    (endDate === undefined || (isDay(endDate) && endDate >= startDate)) &&
    (timeZone === undefined || isZone(timeZone)) &&
    isMembers(attributes) &&
    areAttributes(attributes);
  if (!isValid) return undefined;
  const present = Object.entries({ sequence, endDate, timeZone }).filter(
    ([, one]) => one !== undefined,
  );
  return { workerId, employmentId, startDate, attributes, ...Object.fromEntries(present) };
}

const ALLOWED = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-');

const isId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= 64 &&
  Array.from(value).every((one) => ALLOWED.has(one));

const isSequence = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) >= 0 && !Object.is(value, -0);

/** A day that JavaScript writes back unchanged. */
function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 10 || value.startsWith('0000')) return false;
  const read = new Date(`${value}T00:00:00.000Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().slice(0, 10) === value;
}

function instantOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !isDay(value.slice(0, 10))) return undefined;
  const rest = value.slice(10).toUpperCase();
  const [clock = '', sign = '', zone = ''] = rest.split(/(Z|[+-])/);
  const [, fraction, ...more] = clock.slice(1).split('.');
  const digits = clock.slice(1, 9);
  const isClock = clock.startsWith('T') && isTimeOfDay(digits.split(':'), [23, 59, 59]);
  const isFraction =
    fraction === undefined ? clock.length === 9 : /^\d+$/.test(fraction) && clock[9] === '.';
  const isZulu = sign === 'Z' && rest.endsWith('Z') && zone === '';
  const isOffset = (sign === '+' || sign === '-') && isTimeOfDay(zone.split(':'), [23, 59]);
  if (!isClock || !isFraction || more.length > 0 || !(isZulu || isOffset)) return undefined;
  if (rest.length !== clock.length + sign.length + zone.length) return undefined;
  const at = new Date(
    `${value.slice(0, 10)}T${digits}.${(fraction ?? '0').slice(0, 3)}${sign}${zone}`,
  );
  const year = at.getUTCFullYear();
  return year >= 1 && year <= 9999 ? at.toISOString() : undefined;
}

const isTimeOfDay = (parts: string[], most: number[]): boolean =>
  parts.length === most.length &&
  parts.every((part, index) => /^[0-9]{2}$/.test(part) && Number(part) <= (most[index] ?? 0));

const zones = new Set(Intl.supportedValuesOf('timeZone').map((zone) => zone.toLowerCase()));

const UNAMBIGUOUS = 'UTC GMT EST MST HST CET EET MET WET UCT PRC ROC ROK'.split(' ');

/** The zones that the platform lists, and those of their old names that are not ambiguous. */
function isZone(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (zones.has(value.toLowerCase())) return true;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions();
    const ambiguous = value.length === 3 && !UNAMBIGUOUS.includes(value.toUpperCase());
    return !ambiguous && !/^[+-]/.test(timeZone) && !/^systemv/i.test(value);
  } catch {
    return false;
  }
}

function areAttributes(map: Members): boolean {
  const all = Object.entries(map);
  return (
    all.length <= 32 &&
    JSON.stringify(map).length <= 32_000 &&
    all.every(
      ([name, value]) =>
        name !== '' &&
        Array.from(name).length <= 64 &&
        typeof value === 'string' &&
        Array.from(value).length <= 256,
    )
  );
}
