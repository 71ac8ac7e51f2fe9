import fc from 'fast-check';
import { SOURCE, type Case } from './sent';

const MAX_BYTES = 65_536;
const envelope = `"specversion":"1.0","type":"hr.worker.joined.v1","source":"${SOURCE}","time":"2026-11-20T09:30:00Z"`;
const least = '"workerId":"W-1","startDate":"2026-11-23"';

/** As many items as the body has room for. */
function filled(
  before: string,
  item: (index: number) => string,
  after: string,
  separator = ',',
): string {
  const parts: string[] = [];
  const room = MAX_BYTES - Buffer.byteLength(before + after);
  for (let length = 0, index = 0; ; index += 1) {
    const next = item(index);
    length += Buffer.byteLength(next) + (index > 0 ? separator.length : 0);
    if (length > room) return before + parts.join(separator) + after;
    parts.push(next);
  }
}

type Place = [before: string, after: string];
const places: Record<string, Place> = {
  'unknown members': ['{"x":', `,${envelope},"id":"a","data":{${least},"attributes":{}}}`],
  'unknown data': [`{${envelope},"id":"a","data":{${least},"attributes":{},"x":`, '}}'],
  attributes: [`{${envelope},"id":"a","data":{${least},"attributes":`, '}}'],
  'an attribute': [`{${envelope},"id":"a","data":{${least},"attributes":{"a":`, '}}}'],
  id: [`{${envelope},"data":{${least},"attributes":{}},"id":`, '}'],
  zone: [`{${envelope},"id":"a","data":{${least},"attributes":{},"timeZone":`, '}}'],
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

/** Bodies of 64 KiB that make a careless reader slow: many of everything, everywhere. */
export const heavy: fc.Arbitrary<Case> = fc
  .tuple(fc.constantFrom(...Object.entries(places)), fc.constantFrom(...shapes))
  .map(([[where, place], [shape, write]]) => ({
    ...{ family: '64 KiB', changes: [`${shape} as ${where}`], planted: [] },
    ...{ body: Buffer.from(write(place)), expected: { kind: 'open' } as const },
  }));
