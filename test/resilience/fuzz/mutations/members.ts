import fc from 'fast-check';
import { SOURCE } from '../../../support/events';
import { set, setData, wrongMember, type Mutation } from '../mutation';

const required = ['specversion', 'type', 'source', 'id', 'time', 'data'] as const;
const requiredData = ['data.workerId', 'data.startDate', 'data.attributes'] as const;
export const missing = fc.oneof(
  fc
    .constantFrom(...required, ...requiredData)
    .map((path) => wrongMember(path, 'missing-member', undefined)),
  fc.constantFrom(...required).map((path) => wrongMember(path, 'missing-member', null)),
);

const idPaths = [
  ...(['id', 'subject', 'replayid', 'replayreason', 'replayedby'] as const),
  ...(['data.workerId', 'data.employmentId'] as const),
] as const;
const textPaths = [
  ...idPaths,
  ...(['source', 'time', 'datacontenttype', 'data.startDate', 'data.endDate'] as const),
  'data.timeZone',
] as const;
const tricky = { toString: 'E1', valueOf: 1, then: 'x', toJSON: 'x', length: 1 };
const noText = fc.oneof(
  fc.constantFrom<unknown[]>(
    0,
    -1,
    1e21,
    true,
    false,
    [],
    ['E1'],
    {},
    tricky,
    [[]],
    9007199254740993n,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
/** JSON.stringify has no bigint; what a sender writes as 9007199254740993 is a number like any other. */
const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
export const wrongType = fc.oneof(
  fc
    .tuple(fc.constantFrom(...textPaths), noText)
    .map(([path, value]) => wrongMember(path, 'wrong-type', plain(value))),
  fc
    .constantFrom(
      'data.employmentId',
      'data.endDate',
      'data.timeZone',
      'data.sequence',
      ...requiredData,
    )
    .map((path) => wrongMember(path, 'wrong-type', null)),
  fc
    .tuple(
      fc.constantFrom('data', 'data.attributes'),
      fc.constantFrom<unknown[]>('x', 1, true, [], [{}], ''),
    )
    .map(([path, value]) => wrongMember(path, 'wrong-type', value)),
  fc
    .constantFrom<unknown[]>('1', '', true, [], [1], {}, tricky)
    .map((value) => wrongMember('data.sequence', 'wrong-type', value)),
  fc
    .tuple(
      fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
      fc.oneof(noText, fc.constant(null)),
    )
    .map(([name, value]) =>
      wrongMember(
        'data.attributes',
        'wrong-type',
        { [`a${name}`]: plain(value) },
        'data.attributes.*',
      ),
    ),
);

const ID = /^[A-Za-z0-9._:-]{1,64}$/;
const badId = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '  a',
      'a ',
      'a\n',
      '\na',
      'a'.repeat(65),
      'a'.repeat(257),
      '../x',
      'a/b',
      'a\\b',
      'a#b',
    ],
    ...[
      'a?b',
      '%2e%2e/x',
      '$&',
      'a&taskHub=b',
      '@a',
      "x' or PartitionKey ne '",
      "O'Brien",
      "''",
      'a;b',
    ],
    ...[
      'é',
      'e\u0301',
      '\u200ba',
      'а',
      '１',
      '\u0000',
      'a\u007f',
      '\u0085',
      'a\u2028',
      '{a}',
      '(a)',
      'a,b',
    ],
    ...['\ud83d\ude00', 'a"b', 'a=b', 'a+b', 'a*b', 'a~b', 'a|b', 'a<b', 'a^b'],
  ),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 70 })
    .filter((value) => value.isWellFormed() && !ID.test(value)),
);
export const invalidId = fc
  .tuple(fc.constantFrom(...idPaths), badId)
  .map(([path, value]) => wrongMember(path, 'invalid-id', value));

const versions = [
  '',
  '1',
  '2',
  '1.',
  '1.0 ',
  ' 1.0',
  '01.0',
  '1.00',
  '１.０',
  '1.0.0-beta',
  '1.1',
  '0.3',
];
const types = ['', 'hr.worker.left.v2', 'hr.worker.changed.v1', 'HR.worker.joined.v1', 'joiner'];
const sources = [
  '',
  '/workday',
  'workday',
  '//a/b',
  'urn:',
  ':a',
  '1a:b',
  'urn:a b',
  'urn:é',
  'urn:a%2',
  'urn:%gg',
  'urn:a\n',
];
export const envelope = fc.oneof(
  fc
    .constantFrom<unknown[]>(...versions, 1, 2, 1.0, 99, true, [], {}, 1e21)
    .map((value) => wrongMember('specversion', 'unsupported-version', value)),
  fc
    .constantFrom<unknown[]>(...types, 'hr.worker.joined.v2', 'hr.worker.joined.v1 ', 1, [], {})
    .map((value) => wrongMember('type', 'unsupported-type', value)),
  fc
    .constantFrom(...sources, `urn:${'a'.repeat(253)}`, `${SOURCE}<`, `${SOURCE}"`)
    .map((value) => wrongMember('source', 'invalid-source', value)),
  fc
    .constantFrom(
      `${SOURCE}2`,
      `${SOURCE}/`,
      SOURCE.toUpperCase(),
      'https://evil.example/hr',
      `urn:${'a'.repeat(252)}`,
    )
    .map((value): Mutation => ({
      ...wrongMember('source', 'source-not-listed', value),
      fault: { check: 'source-not-listed', reason: 'source-not-listed', field: 'source' },
    })),
  fc.constant(wrongMember('datacontenttype', 'invalid-datacontenttype', 'a'.repeat(257))),
  fc.constant<Mutation>({
    name: 'a subject that is not the worker',
    touches: ['subject', 'data.workerId'],
    fault: { check: 'subject-mismatch', reason: 'subject-mismatch', field: 'subject' },
    onEvent: (sent) => setData('workerId', 'W-1')(set('subject', 'w-1')(sent)),
  }),
);
