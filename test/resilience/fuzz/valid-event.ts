import fc from 'fast-check';
import { SOURCE } from '../../support/events';
import type { Members, Valid } from './mutation';

const idCharacter = fc.constantFrom(
  ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-'),
);
const edgeIds = ['.', '..', '--', '__proto__', 'constructor', 'null', 'undefined', 'true', 'CON'];
export const id = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: idCharacter, minLength: 1, maxLength: 64 }) },
  { weight: 1, arbitrary: fc.constantFrom(...edgeIds, 'json:1', 'a'.repeat(64)) },
);

const DAY = 86_400_000;
const FIRST_DAY = Date.parse('0001-01-01') / DAY;
const LAST_DAY = Date.parse('9999-12-31') / DAY;
const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
const day = fc.oneof(
  fc.integer({ min: FIRST_DAY, max: LAST_DAY }),
  fc.constantFrom(
    ...['2024-02-29', '2000-02-29', '2026-03-29'].map((one) => Date.parse(one) / DAY),
  ),
);
const days = fc
  .tuple(day, fc.nat(4000))
  .map(([start, length]) => [dayText(start), dayText(Math.min(start + length, LAST_DAY))] as const);

/** A time as text, with any offset and fraction, and the instant that it names. */
const time = fc
  .record({
    day: fc.integer({ min: FIRST_DAY + 1, max: LAST_DAY - 1 }),
    within: fc.nat(DAY - 1),
    offset: fc.integer({ min: -1439, max: 1439 }),
    zulu: fc.constantFrom('Z', 'z', ''),
    tee: fc.constantFrom('T', 't'),
    digits: fc.constantFrom('', '0', '999999999'),
  })
  .map(({ day, within, offset, zulu, tee, digits }) => {
    const instant = day * DAY + within;
    const shift = zulu === '' ? offset : 0;
    const local = new Date(instant + shift * 60_000).toISOString();
    const text = local.slice(0, 10) + tee + local.slice(11, 23) + digits;
    return { text: text + (zulu || offsetText(shift)), instant: new Date(instant).toISOString() };
  });

function offsetText(minutes: number): string {
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];
const words = [
  'department',
  'O’Neil',
  "x' or 1 eq 1",
  'Nguyễn',
  '李',
  '😀',
  'toString',
  '\u0000\r\n',
  '‮',
];
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value.isWellFormed()),
  fc.constantFrom(...words, '', '=cmd()', '<script>', '${x}', '\u2028', 'İ', '\u001b[31m'),
);
const name = text.filter(
  (value) => value !== '' && Array.from(value).length <= 64 && !FORBIDDEN.includes(value),
);
export const attributes = fc.dictionary(name, text, { maxKeys: 6, noNullPrototype: true });

const zones = Intl.supportedValuesOf('timeZone').flatMap((zone) => [zone, zone.toLowerCase()]);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** A valid event of a joiner, in any of the ways that a sender may write its members. */
export const validEvent: fc.Arbitrary<Valid> = fc
  .record({
    ids: fc.record({ id, workerId: id, employmentId: optional(id) }),
    time,
    days,
    hasSubject: fc.boolean(),
    hasEnd: fc.boolean(),
    mediaType: optional(fc.constantFrom('application/json', 'text/xml', '', '😀')),
    marks: fc.record({ replayid: optional(id), replayedby: optional(id) }),
    sequence: optional(fc.maxSafeNat()),
    timeZone: optional(fc.constantFrom(...zones)),
    attributes,
  })
  .map(({ ids, time, days, mediaType, marks, sequence, timeZone, attributes, ...has }) => {
    const [startDate, endDate] = days;
    const fixed = { specversion: '1.0', type: 'hr.worker.joined.v1', source: SOURCE } as const;
    const data = defined({
      ...{ workerId: ids.workerId, employmentId: ids.employmentId, sequence, startDate },
      ...{ endDate: has.hasEnd ? endDate : undefined, timeZone, attributes },
    });
    const subject = has.hasSubject ? ids.workerId : undefined;
    const rest = defined({ subject, datacontenttype: mediaType, ...marks });
    const employmentId = ids.employmentId ?? 'primary';
    return {
      sent: { ...fixed, id: ids.id, time: time.text, ...rest, data },
      event: { ...fixed, id: ids.id, time: time.instant, data: { ...data, employmentId } },
    };
  });

const span = fc
  .record({ employmentId: id, days, until: fc.boolean(), attributes })
  .map(({ employmentId, days: [from, until], until: ends, attributes }) =>
    defined({ employmentId, from, until: ends ? until : undefined, attributes }),
  );
/** What the other types say instead of a joiner's days and attributes: as it is sent, and as it is read. */
const otherContent = fc
  .record({ days, time, attributes, revises: id, spans: fc.array(span, { maxLength: 5 }) })
  .chain(({ days: [day, end], time: instant, attributes, revises: of, spans }) => {
    const revises = { source: SOURCE, id: of };
    const move = { effectiveDate: day, endDate: end, attributes };
    const hire = { startDate: day, attributes, previousWorkerId: of };
    const ends = [{ lastDay: day }, { endsAt: instant.text }];
    const contents: [string, Members][] = [
      ...[hire, move, ...ends, { spans }].map((one): [string, Members] => [
        'corrected',
        { ...one, revises },
      ]),
      ...ends.map((one): [string, Members] => ['left', one]),
      ...[{ revises }, { startDate: day }].map((one): [string, Members] => ['rescinded', one]),
      ...[{ spans }, { spans, previousWorkerId: of }].map((one): [string, Members] => [
        'snapshot',
        one,
      ]),
      ['moved', move],
      ['joined', hire],
    ];
    return fc.constantFrom(...contents).map(([kind, sent]) => ({
      ...{ type: `hr.worker.${kind}.v1`, sent },
      read: 'endsAt' in sent ? { ...sent, endsAt: instant.instant } : sent,
    }));
  });

/** A valid event of any type. */
export const anyValidEvent: fc.Arbitrary<Valid> = fc
  .tuple(validEvent, otherContent)
  .map(([{ sent, event }, { type, ...content }]) => {
    const common = ({ workerId, employmentId, sequence, timeZone }: Members): Members =>
      defined({ workerId, employmentId, sequence, timeZone });
    return {
      sent: { ...sent, type, data: { ...common(sent.data), ...content.sent } },
      event: { ...event, type, data: { ...common(event['data'] as Members), ...content.read } },
    };
  });

const defined = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
