import fc from 'fast-check';
import { seeded } from '../../seeded';
import { set, setData, type Mutation } from '../sent';
import { writeJson } from '../write-json';

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

/** Without what no part of a body may have: forbidden keys, half a pair. */
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

/** As a double, which is all that JSON promises of a number, they are the same. */
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

/** What a sender may write otherwise without saying anything else. */
export const harmless: fc.Arbitrary<Mutation> = fc.oneof(
  ...[layout, unknown, absent, numbers, fc.constant(employment)],
);
