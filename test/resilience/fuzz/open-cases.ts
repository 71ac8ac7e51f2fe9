import fc from 'fast-check';
import { SOURCE } from '../../support/events';
import type { Case } from './mutation';
import { anyValidEvent, validEvent } from './valid-event';

/* Bodies whose right answer is not known when they are made; the second reader in reread.ts decides. */

type Damage = (body: Uint8Array) => Uint8Array;

const spliced =
  (at: number, length: number, more: Uint8Array): Damage =>
  (body) => {
    const offset = at % (body.length + 1);
    return Buffer.concat([body.subarray(0, offset), more, body.subarray(offset + length)]);
  };
const meaningful = fc
  .constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', '0', '-', '.', 'e', 'null', '\\u0000', ' ')
  .map((text) => Buffer.from(text));
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => spliced(at, 1, Uint8Array.of(byte))),
  fc.tuple(fc.nat(), fc.nat(1), meaningful).map(([at, length, more]) => spliced(at, length, more)),
  fc.tuple(fc.nat(), fc.nat(30)).map(([at, length]) => spliced(at, length, new Uint8Array())),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(60)).map(([at, from, length]): Damage => (body) => {
    const start = from % (body.length + 1);
    return spliced(at, 0, body.subarray(start, start + length))(body);
  }),
);

const damagedEvent = fc
  .tuple(fc.oneof(validEvent, anyValidEvent), fc.array(damage, { minLength: 1, maxLength: 4 }))
  .map(([{ sent }, damages]) =>
    damages.reduce<Uint8Array>((body, apply) => apply(body), Buffer.from(JSON.stringify(sent))),
  );

const contents = ['startDate', 'effectiveDate', 'endDate', 'lastDay', 'endsAt', 'attributes'];
const members = [...contents, 'spans', 'revises', 'previousWorkerId', 'employmentId', 'timeZone'];
const span = { employmentId: 'E-1', from: '2026-11-23', attributes: {} };
/** Right for one member, and wrong for the others. */
const values: unknown[] = [
  ...[undefined, null, 0, true, '', 'W-1', 'primary', '2026-11-23', '2026-02-30', '0001-01-01'],
  ...['2026-11-23T12:00:00Z', '2026-11-23T12:00:00', 'Europe/Berlin', {}, [], [span], [span, span]],
  ...[
    { ...span, until: '2026-11-22' },
    { ...span, from: undefined },
    { ...span, until: null },
  ].map((one) => [one]),
  ...[{ source: SOURCE, id: 'a' }, { source: SOURCE }, { id: 'a' }, { source: 'a', id: 'a' }],
  { department: 'Sales' },
  Array.from({ length: 1001 }, () => span),
];
const changed = fc.tuple(fc.constantFrom(...members), fc.constantFrom(...values));

/** Events of every type with a member that is missing, of another type or of another shape. */
export const otherContents: fc.Arbitrary<Case> = fc
  .tuple(anyValidEvent, fc.array(changed, { minLength: 1, maxLength: 3 }))
  .map(([{ sent }, changes]) => ({
    ...{ family: 'other content', expected: { kind: 'open' }, planted: [] },
    changes: changes.map(([member]) => member),
    body: Buffer.from(
      JSON.stringify({ ...sent, data: { ...sent.data, ...Object.fromEntries(changes) } }),
    ),
  }));

/** Bodies with random damage, and noise. */
export const damaged: fc.Arbitrary<Case> = fc
  .oneof(
    { weight: 8, arbitrary: damagedEvent },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  )
  .map((body) => ({
    family: 'damage and noise',
    changes: [],
    body,
    expected: { kind: 'open' },
    planted: [],
  }));

const MAX_BYTES = 65_536;
const envelopeOf = (type: string): string =>
  `"specversion":"1.0","type":"hr.worker.${type}.v1","source":"${SOURCE}","time":"2026-11-20T09:30:00Z"`;
const envelope = envelopeOf('joined');
const minimalData = '"workerId":"W-1","startDate":"2026-11-23"';

/** As many items as fit into the body. */
function filled(
  before: string,
  item: (index: number) => string,
  after: string,
  separator = ',',
): string {
  const written: string[] = [];
  const room = MAX_BYTES - Buffer.byteLength(before + after);
  for (let length = 0, index = 0; ; index += 1) {
    const next = item(index);
    length += Buffer.byteLength(next) + (index > 0 ? separator.length : 0);
    if (length > room) return before + written.join(separator) + after;
    written.push(next);
  }
}

type Place = [before: string, after: string];
const places: Record<string, Place> = {
  'unknown members': ['{"x":', `,${envelope},"id":"a","data":{${minimalData},"attributes":{}}}`],
  'unknown data': [`{${envelope},"id":"a","data":{${minimalData},"attributes":{},"x":`, '}}'],
  attributes: [`{${envelope},"id":"a","data":{${minimalData},"attributes":`, '}}'],
  'an attribute': [`{${envelope},"id":"a","data":{${minimalData},"attributes":{"a":`, '}}}'],
  id: [`{${envelope},"data":{${minimalData},"attributes":{}},"id":`, '}'],
  zone: [`{${envelope},"id":"a","data":{${minimalData},"attributes":{},"timeZone":`, '}}'],
  spans: [`{${envelopeOf('snapshot')},"id":"a","data":{"workerId":"W-1","spans":`, '}}'],
  'a span': [`{${envelopeOf('snapshot')},"id":"a","data":{"workerId":"W-1","spans":[`, ']}}'],
  revises: [`{${envelopeOf('rescinded')},"id":"a","data":{"workerId":"W-1","revises":`, '}}'],
  date: [`{${envelope},"id":"a","data":{"workerId":"W-1","attributes":{},"startDate":`, '}}'],
  time: [
    `{"specversion":"1.0","type":"hr.worker.joined.v1","source":"${SOURCE}","id":"a","data":{},"time":`,
    '}',
  ],
  source: ['{"specversion":"1.0","type":"hr.worker.joined.v1","source":', '}'],
  nowhere: ['', ''],
};

const items: Record<string, (index: number) => string> = {
  'empty objects': () => '{}',
  'empty lists': () => '[]',
  'nested lists': () => '[[[[[]]]]]',
  'nested objects': (index) => `{"a":{"b":{"c${index % 10}":[]}}}`,
  digits: () => '0',
  'long numbers': () => '1234567890.1234567890e-30',
  literals: () => 'null',
  'short texts': () => '""',
  'escaped texts': () => '"\\n"',
  'escaped pairs': () => '"\\ud83d\\ude00"',
  spans: (index) => `{"employmentId":"${index}","from":"2026-11-23","attributes":{"a":"b"}}`,
};
const units: Record<string, string> = {
  ...{
    letters: 'a',
    escapes: '\\u0061',
    'escaped pairs': '\\ud83d\\ude00',
    pairs: '😀',
    slashes: '\\\\',
  },
  ...{
    digits: '1',
    spaces: ' ',
    quotes: '\\"',
    controls: '\\u0000',
    dashes: '2026-',
    colons: 'urn:',
    percents: '%41',
  },
};

type Shape = [name: string, write: (place: Place) => string];
const listOf = ([name, item]: [string, (index: number) => string]): Shape => [
  `a list of ${name}`,
  ([before, after]) => filled(`${before}[`, item, `]${after}`),
];
const textOf = ([name, unit]: [string, string]): Shape => [
  `a text of ${name}`,
  ([before, after]) => filled(`${before}"`, () => unit, `"${after}`, ''),
];
const shapes: Shape[] = [
  ...Object.entries(items).map(listOf),
  ...Object.entries(units).map(textOf),
  ...[1, 20].map((length): Shape => [
    `keys of ${length} characters and more`,
    ([before, after]) =>
      filled(
        `${before}{`,
        (index) => `"${index.toString(36).padStart(length, 'k')}":""`,
        `}${after}`,
      ),
  ]),
  [
    'escaped keys',
    ([before, after]) => filled(`${before}{`, (index) => `"\\u0061${index}":0`, `}${after}`),
  ],
  ['a number without end', ([before, after]) => filled(before, () => '1', after, '')],
  ['lists without end', ([before, after]) => filled(before, () => '[', after, '')],
  ['white space', ([before, after]) => filled(before, () => ' ', after, '')],
];

/** Bodies of 64 KiB that make a careless reader slow: many items of each kind, in each place. */
export const heavy: fc.Arbitrary<Case> = fc
  .tuple(fc.constantFrom(...Object.entries(places)), fc.constantFrom(...shapes))
  .map(([[where, place], [shape, write]]) => ({
    ...{ family: '64 KiB', changes: [`${shape} as ${where}`], planted: [] },
    ...{ body: Buffer.from(write(place)), expected: { kind: 'open' } as const },
  }));
