import fc from 'fast-check';
import { seeded, type Random } from '../../../support/seeded';
import { set, setData, type Mutation } from '../mutation';

const layout = fc
  .tuple(fc.nat(), fc.constantFrom('', ' ', '\r\n'))
  .map(([seed, edge]): Mutation => ({
    name: 'another layout',
    touches: [],
    onText: (text) => edge + writeJson(JSON.parse(text), seeded(seed)) + edge,
  }));

const strange = fc.oneof(
  fc.json({ maxDepth: 4, noUnicodeString: false }).map((text) => tame(JSON.parse(text))),
  fc.constantFrom<unknown[]>(
    { hasOwnProperty: 1, toString: null, then: {} },
    '9'.repeat(500),
    null,
  ),
);

/** Without forbidden keys and half surrogate pairs, which no part of a body may have. */
function tame(value: unknown): unknown {
  const text = JSON.stringify(value).replaceAll(/__proto__|constructor|prototype/g, 'x');
  return JSON.parse(text.isWellFormed() ? text.replaceAll(/\\u[dD][89a-fA-F]../g, 'x') : '0');
}

const names = [
  ...[
    'uAddress',
    'u',
    'uUnbekannt',
    'traceparent',
    'displayName',
    'mail',
    'Id',
    'ID',
    'Data',
    'accessPackageId',
  ],
  ...[
    'catalogId',
    'roles',
    'tenantId',
    'schemaVersion',
    'data_base64',
    'hasOwnProperty',
    '__defineGetter__',
  ],
];
const unknown = fc
  .tuple(fc.constantFrom(...names), strange, fc.boolean())
  .map(([name, value, inData]): Mutation => ({
    name: `the unknown member ${inData ? 'data.' : ''}${name}`,
    touches: [inData ? 'data.+' : '+'],
    onEvent: inData ? setData(name, value) : set(name, value),
  }));

const absent = fc
  .constantFrom('subject', 'datacontenttype', 'replayid', 'replayreason', 'replayedby')
  .map((member): Mutation => ({
    name: `${member} = null`,
    touches: [member],
    onEvent: set(member, null),
  }));

/** Other notations of the same number: JSON has doubles only. */
const numbers = fc
  .constantFrom('.0', 'e0', 'E+0', '.000e-0', '.00000000000000000001')
  .map((tail): Mutation => ({
    name: `data.sequence with ${tail}`,
    touches: ['data.sequence', 'text'],
    onText: (text) => text.replace(/("sequence":[1-9]\d*)/, `$1${tail}`),
  }));

const employment: Mutation = {
  name: 'the default, spelled out',
  touches: ['data.employmentId'],
  onEvent: (sent) =>
    'employmentId' in sent.data ? sent : setData('employmentId', 'primary')(sent),
};

/** Changes that do not change the meaning of an event. */
export const harmless: fc.Arbitrary<Mutation> = fc.oneof(
  ...[layout, unknown, absent, numbers, fc.constant(employment)],
);

/** A JSON value with random member order, white space and escapes that mean the same. */
function writeJson(value: unknown, random: Random): string {
  if (Array.isArray(value)) return `[${list(value, (item) => writeJson(item, random), random)}]`;
  if (typeof value === 'object' && value !== null) {
    const members = shuffled(Object.entries(value), random).filter(([, one]) => one !== undefined);
    const member = ([key, one]: [string, unknown]): string =>
      `${writeText(key, random)}${space(random)}:${space(random)}${writeJson(one, random)}`;
    return `{${list(members, member, random)}}`;
  }
  if (typeof value === 'string') return writeText(value, random);
  return JSON.stringify(value);
}

const list = <T>(items: readonly T[], write: (item: T) => string, random: Random): string =>
  items.map((item) => space(random) + write(item) + space(random)).join(',') || space(random);

const space = (random: Random): string =>
  random.next() < 0.8 ? '' : random.pick([' ', '\n', '\r\n', '\t', '  \n  ']);

function shuffled<T>(items: T[], random: Random): T[] {
  return items
    .map((item) => ({ item, drawn: random.next() }))
    .toSorted((one, other) => one.drawn - other.drawn)
    .map(({ item }) => item);
}

const SHORT = new Map([
  ['/', '\\/'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\t', '\\t'],
]);

/** Writes code unit by code unit, so that both halves of a surrogate pair may become escapes. */
function writeText(text: string, random: Random): string {
  const pieces = Array.from(text, (character) => {
    if (random.next() < 0.95) return JSON.stringify(character).slice(1, -1);
    return SHORT.get(character) ?? escaped(character, random);
  });
  return `"${pieces.join('')}"`;
}

const escaped = (character: string, random: Random): string =>
  character
    .split('')
    .map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
    .map((hex) => `\\u${random.next() < 0.5 ? hex : hex.toUpperCase()}`)
    .join('');
