import fc from 'fast-check';
import { setData, wrongMember, type Mutation } from '../mutation';

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** Days that JavaScript would move into the next month. */
const noDay = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 0, max: 99 }),
    fc.integer({ min: 0, max: 99 }),
  )
  .filter(([year, month, day]) => {
    const text = `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
    const read = new Date(`${text}T00:00:00Z`);
    return Number.isNaN(read.getTime()) || read.toISOString().slice(0, 10) !== text;
  })
  .map(([year, month, day]) => `${pad(year, 4)}-${pad(month)}-${pad(day)}`);
const noDate = fc.oneof(
  noDay,
  fc.constantFrom(
    ...[
      '',
      '1',
      '99999',
      'Thursday 2026-11-22',
      '11/22/2026',
      '22.11.2026',
      '20261122',
      '2026-W48-1',
      '2026-326',
    ],
    ...[
      '2026-02-30',
      '2026-02-29',
      '1900-02-29',
      '2026-11-31',
      '2026-13-01',
      '2026-00-10',
      '2026-11-00',
    ],
    ...[
      '0000-01-01',
      '+275760-09-13',
      '-000001-01-01',
      '10000-01-01',
      '2026-1-2',
      ' 2026-11-22',
      '2026-11-22\n',
    ],
    ...[
      '2026-11-22T00:00:00Z',
      '２０２６-11-22',
      '2026‐11‐22',
      '2026-11-22Z',
      '1e3-01-01',
      '٢٠٢٦-11-22',
    ],
  ),
);
const date = fc
  .tuple(fc.constantFrom('data.startDate', 'data.endDate'), noDate)
  .map(([path, value]) => wrongMember(path, 'invalid-date', value));

const day = '2026-11-20';
const noTime = fc.oneof(
  noDay.map((one) => `${one}T09:30:00Z`),
  fc.constantFrom(
    ...[
      '',
      'now',
      '1790000000',
      day,
      `${day}T`,
      `${day}T09:30Z`,
      `${day}T09:30:00`,
      `${day} 09:30:00Z`,
    ],
    ...[
      `${day}T24:00:00Z`,
      `${day}T23:59:60Z`,
      `${day}T23:60:00Z`,
      `${day}T9:30:00Z`,
      `${day}T09:30:00.Z`,
    ],
    ...[
      `${day}T09:30:00,5Z`,
      `${day}T09:30:00+25:00`,
      `${day}T09:30:00+24:00`,
      `${day}T09:30:00+01:60`,
    ],
    ...[
      `${day}T09:30:00+0100`,
      `${day}T09:30:00+01`,
      `${day}T09:30:00+1:00`,
      `${day}T09:30:00 Z`,
      `${day}T09:30:00ZZ`,
    ],
    ...[
      `${day}T09:30:00Z\n`,
      ` ${day}T09:30:00Z`,
      `${day}T09:30:00−01:00`,
      `${day}T09:30:00+01:00[Europe/Berlin]`,
    ],
    ...[
      '9999-12-31T23:30:00-01:00',
      '0001-01-01T00:30:00+01:00',
      '0000-12-31T23:30:00-01:00',
      '+275760-09-13T00:00:00Z',
    ],
  ),
);
const time = noTime.map((value): Mutation => ({
  ...wrongMember('time', 'invalid-time', value),
  onEvent: (sent) => ({ ...sent, time: value }),
}));

const zone = fc
  .constantFrom(
    ...[
      '',
      'Berlin',
      'Mars/Base',
      '+01:00',
      '-05',
      'UTC+1',
      'GMT+1',
      'PST',
      'BST',
      'IST',
      'ist',
      'SystemV/PST8',
    ],
    ...[
      'Europe/Berlin ',
      ' Europe/Berlin',
      'Europe/Berlin\n',
      'Europe\\Berlin',
      'Europe/Вerlin',
      '../UTC',
      'Z',
      'localtime',
    ],
    ...[
      'W. Europe Standard Time',
      'Europe/Berlin,UTC',
      'a'.repeat(5000),
      'toString',
      '__proto__',
      'constructor',
    ],
  )
  .map((value) => wrongMember('data.timeZone', 'invalid-time-zone', value));

const endBeforeStart = fc
  .constantFrom(
    ['2026-11-23', '2026-11-22'],
    ['0001-01-02', '0001-01-01'],
    ['9999-12-31', '2026-11-23'],
  )
  .map(([start, end]): Mutation => ({
    name: `from ${start} to ${end}`,
    touches: ['data.startDate', 'data.endDate'],
    fault: { check: 'end-before-start', reason: 'end-before-start', field: 'data.endDate' },
    onEvent: (sent) => setData('startDate', start)(setData('endDate', end)(sent)),
  }));

/** Values that only look like a date, a time or a zone. */
export const invalidDate = fc.oneof(date, time, zone, endBeforeStart);

const sequence = fc
  .oneof(
    fc.constantFrom(-1, 1.5, 1e-7, 1e21, 2 ** 53, -9007199254740991, 0.1),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Number.isSafeInteger(value) || value < 0),
  )
  .map((value) => wrongMember('data.sequence', 'invalid-sequence', value));
const PLACEHOLDER = 987654321.125;
/** Numbers that JSON.stringify would not write. */
const written = fc
  .constantFrom('-0', '-0.0', '-1e-400', '1e999', '-1e999', '9007199254740993')
  .map((number): Mutation => ({
    ...wrongMember('data.sequence', 'invalid-sequence', PLACEHOLDER),
    name: `data.sequence = ${number}`,
    onText: (text) => text.replace(String(PLACEHOLDER), number),
  }));

const name = (length: number): string => 'n'.repeat(length);
const bounded = (value: Record<string, string>, field = 'data.attributes.*') =>
  wrongMember('data.attributes', 'invalid-attributes', value, field);
const many = (count: number, value = 'x'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, value]));
const attributes = fc.oneof(
  fc.constantFrom(
    bounded({ '': 'x' }),
    bounded({ [name(65)]: 'x' }),
    bounded({ ['😀'.repeat(65)]: 'x' }),
  ),
  fc.constantFrom(257, 258, 10_000, 40_000).map((length) => bounded({ a: name(length) })),
  fc.constantFrom(bounded({ a: '😀'.repeat(257) }), bounded({ ok: 'x', a: `${'é'.repeat(256)}!` })),
  fc
    .constantFrom(21, 32)
    .map((count) => bounded(many(count, '\u0000'.repeat(256)), 'data.attributes')),
  fc.constantFrom(33, 34, 2000).map((count) => bounded(many(count), 'data.attributes')),
);

/** Invalid sequences, and too many or too long attributes. */
export const invalidAmount = fc.oneof(sequence, written, attributes);
