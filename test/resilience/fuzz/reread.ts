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
  if (specversion !== '1.0' || source !== SOURCE) return undefined;
  const instant = instantOf(time);
  if (!isId(id) || instant === undefined || !isMembers(data)) return undefined;
  const marks = ['replayid', 'replayreason', 'replayedby'].map((name) => sent[name] ?? undefined);
  if (marks.some((mark) => mark !== undefined && !isId(mark))) return undefined;
  const media = sent['datacontenttype'] ?? '';
  if (typeof media !== 'string' || Array.from(media).length > 256) return undefined;
  const kept = dataOf(String(type), data);
  if (!kept || (sent['subject'] ?? kept['workerId']) !== kept['workerId']) return undefined;
  return { specversion, type, source, id, time: instant, data: kept };
}

const ALLOWED = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-');

const isId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= 64 &&
  Array.from(value).every((one) => ALLOWED.has(one));

const isSequence = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) >= 0 && !Object.is(value, -0);

type Check = (value: unknown) => boolean;

const isRef: Check = (value) => isMembers(value) && isId(value['id']) && isUri(value['source']);
const isUri: Check = (value) =>
  typeof value === 'string' &&
  value.length <= 256 &&
  /^[A-Za-z][A-Za-z0-9+.-]*:(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/.test(value);
const isMap: Check = (value) => isMembers(value) && areAttributes(value);
const isSpan: Check = (value) =>
  isMembers(value) &&
  isId(value['employmentId']) &&
  isDay(value['from']) &&
  isNotBefore(value['until'], value['from']) &&
  isMap(value['attributes']);
const areSpans: Check = (value) =>
  Array.isArray(value) &&
  value.length <= 1000 &&
  value.every(isSpan) &&
  JSON.stringify(value.map((span: Members) => span['attributes'])).length <= 32_000;
const isNotBefore = (end: unknown, start: unknown): boolean =>
  end === undefined || (isDay(end) && (typeof start !== 'string' || end >= start));

/** Per type: the members of data that only some types have, and what is required of each that is there. */
const checks: Record<string, Record<string, Check>> = {
  joined: { startDate: isDay, endDate: isDay, attributes: isMap, previousWorkerId: isId },
  moved: { effectiveDate: isDay, endDate: isDay, attributes: isMap },
  left: { lastDay: isDay, endsAt: (value) => instantOf(value) !== undefined },
  rescinded: { revises: isRef, startDate: isDay },
  snapshot: { spans: areSpans, previousWorkerId: isId },
};
checks['corrected'] = {
  ...{ ...checks['joined'], ...checks['moved'], ...checks['left'], spans: areSpans },
  revises: isRef,
};

/** The members of which exactly one, or all, must be there. */
const needs: Record<string, { one?: string[]; all?: string[] }> = {
  joined: { all: ['startDate', 'attributes'] },
  moved: { all: ['effectiveDate', 'attributes'] },
  left: { one: ['lastDay', 'endsAt'] },
  corrected: {
    one: ['startDate', 'effectiveDate', 'lastDay', 'endsAt', 'spans'],
    all: ['revises'],
  },
  rescinded: { one: ['revises', 'startDate'] },
  snapshot: { all: ['spans'] },
};

function dataOf(type: string, data: Members): Members | undefined {
  const [, kind = ''] = /^hr\.worker\.([a-z]+)\.v1$/.exec(type) ?? [];
  const [own, { one, all = [] } = {}] = [checks[kind], needs[kind]];
  if (own === undefined) return undefined;
  const { workerId, employmentId = 'primary', sequence, timeZone } = data;
  const isPresent = (name: string): boolean => data[name] !== undefined;
  const isValid =
    isId(workerId) &&
    isId(employmentId) &&
    (sequence === undefined || isSequence(sequence)) &&
    (timeZone === undefined || isZone(timeZone)) &&
    Object.entries(own).every(([name, check]) => !isPresent(name) || check(data[name])) &&
    all.every(isPresent) &&
    (one === undefined || one.filter(isPresent).length === 1) &&
    ['startDate', 'effectiveDate'].every(
      (start) => !('endDate' in own && start in own) || isNotBefore(data['endDate'], data[start]),
    ) &&
    (kind !== 'corrected' || isPresent('attributes') || !one?.slice(0, 2).some(isPresent));
  if (!isValid) return undefined;
  const kept = ['sequence', 'timeZone', ...Object.keys(own)].filter(isPresent);
  const members = Object.fromEntries(kept.map((name) => [name, keptOf(name, data[name])]));
  return { workerId, employmentId, ...members };
}

/** A member without what the contract does not name in it, and an instant in UTC. */
function keptOf(name: string, value: unknown): unknown {
  const only = (members: unknown, names: string[]): Members =>
    Object.fromEntries(names.map((one) => [one, (members as Members)[one]]));
  if (name === 'endsAt') return instantOf(value);
  if (name === 'revises') return only(value, ['source', 'id']);
  if (name !== 'spans') return value;
  return (value as Members[]).map((one) =>
    only(one, ['employmentId', 'from', 'until', 'attributes']),
  );
}

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
