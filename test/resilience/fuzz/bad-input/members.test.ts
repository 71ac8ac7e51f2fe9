import { bytesOf } from '../../../support/events';
import { readBody } from '../evaluate';
import {
  answersTo,
  answerTo,
  anyWorker,
  asId,
  reasons,
  sample,
  text,
  withAttributes,
  withData,
  withMember,
  withSequence,
} from './answers';

test('the version is required', () => {
  expect(answersTo([undefined, null].map((specversion) => withMember({ specversion })))).toEqual([
    'missing-member specversion',
  ]);
  expect(answerTo(withMember({ specversion: '' }))).toBe('unsupported-version specversion');
});

test('only version "1.0" is supported', () => {
  const versions = [
    2,
    1,
    '99',
    '1.0.0-beta',
    '1 ',
    '1.0 ',
    '１.０',
    '01.0',
    '1',
    true,
    ['1.0'],
    {},
  ];
  expect(answersTo(versions.map((specversion) => withMember({ specversion })))).toEqual([
    'unsupported-version specversion',
  ]);
  expect(answerTo(text.replace('"specversion":"1.0"', '"specversion":1e999'))).toBe(
    'unsupported-version specversion',
  );
});

test('only the exact types of the contract are accepted', () => {
  const types = [
    'hr.worker.left',
    'hr.worker.changed.v1',
    'HR.Worker.Joined.V1',
    'joiner',
    'hr.worker.joined.v2',
    1,
  ];
  expect(answersTo(types.map((type) => withMember({ type })))).toEqual(['unsupported-type type']);
});

test('unknown members are dropped, including those that name a catalog, tenant or person', () => {
  const extra = {
    accessPackageId: 'a',
    catalogId: 'b',
    tenantId: 'c',
    roles: ['d'],
    manager: 'e',
    mail: 'f',
  };
  const read = readBody(bytesOf({ ...withData({ ...sample.data, ...extra }), ...extra }));
  const plain = readBody(bytesOf(anyWorker));
  expect({ ...read, bodyHash: '' }).toEqual({ ...plain, bodyHash: '' });
});

test('no value is converted between text, number, boolean and list', () => {
  const wrong: unknown[] = [
    7,
    true,
    false,
    [],
    ['E1'],
    {},
    { toString: 'E1', valueOf: 1, then: 'x', toJSON: 'y' },
  ];
  expect(reasons(wrong.flatMap(asId))).toEqual(['wrong-type']);
  const members = ['startDate', 'endDate', 'timeZone'].flatMap((name) =>
    [...wrong, null].map((value) => withData({ [name]: value })),
  );
  expect(
    reasons([
      ...members,
      ...['1', 'true', '', null, [1], {}].map((sequence) => withData({ sequence })),
    ]),
  ).toEqual(['wrong-type']);
  expect(
    reasons([7, true, ['a'], {}, null].map((value) => withAttributes({ level: value }))),
  ).toEqual(['wrong-type']);
  expect(reasons(['', 'x', [], 1].map((value) => withAttributes(value)))).toEqual(['wrong-type']);
});

test('a number is not an id, whatever its precision', () => {
  expect(answerTo(text.replace('"id":"8b5e0c3a-joined-1"', '"id":9007199254740993'))).toBe(
    'wrong-type id',
  );
});

test('a sequence is a whole number that JSON keeps exact', () => {
  const refused = [
    '-0',
    '-1',
    '1e-7',
    '1.5',
    '1e21',
    '9007199254740992',
    '9007199254740993',
    '1e999',
    '-1e999',
  ];
  expect(answersTo(refused.map(withSequence))).toEqual(['invalid-sequence data.sequence']);
  expect(answerTo(withSequence('0x10'))).toBe('not-json data');
  const taken = ['0', '1', '1.0', '1e0', '9007199254740991', '1.00000000000000000001', '1000'];
  expect(answersTo(taken.map(withSequence))).toEqual(['accepted']);
  expect(answerTo(withData({ sequence: undefined }))).toBe('accepted');
});

test('a repeated, skipped or absent sequence is accepted', () => {
  expect(answersTo([0, 1, 1001, undefined].map((sequence) => withData({ sequence })))).toEqual([
    'accepted',
  ]);
  expect(answerTo(withData({ sequence: -1 }))).toBe('invalid-sequence data.sequence');
});

test('only an allowed source is accepted, character by character', () => {
  const sources = [
    'urn:hr:acme:workday2',
    'URN:hr:acme:workday',
    'https://evil.example/hr',
    'urn:hr:acme:workday/',
  ];
  expect(answersTo(sources.map((source) => withMember({ source })))).toEqual([
    'source-not-listed source',
  ]);
  const broken = ['', '/workday', 'urn:a b', 'urn:\u00e9', 'urn:a\n', `urn:${'a'.repeat(253)}`];
  expect(answersTo(broken.map((source) => withMember({ source })))).toEqual([
    'invalid-source source',
  ]);
});

test('a subject is the worker, or absent', () => {
  expect(answerTo({ ...sample, subject: 'W-1025' })).toBe('subject-mismatch subject');
  expect(answerTo({ ...sample, subject: 'w-1024' })).toBe('subject-mismatch subject');
});
