import { bytes } from '../../../unit/domain/sample';
import {
  anybody,
  asId,
  reasons,
  sample,
  text,
  verdict,
  verdicts,
  withAttributes,
  withData,
  withMember,
  withSequence,
} from './bodies';
import { readIt } from '../judge';

test('the version must be there', () => {
  expect(verdicts([undefined, null].map((specversion) => withMember({ specversion })))).toEqual([
    'missing-member specversion',
  ]);
  expect(verdict(withMember({ specversion: '' }))).toBe('unsupported-version specversion');
});

test('only version "1.0" is known', () => {
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
  expect(verdicts(versions.map((specversion) => withMember({ specversion })))).toEqual([
    'unsupported-version specversion',
  ]);
  expect(verdict(text.replace('"specversion":"1.0"', '"specversion":1e999'))).toBe(
    'unsupported-version specversion',
  );
});

test('only joiners are taken, by their exact name', () => {
  const types = [
    'hr.worker.left.v1',
    'hr.worker.changed.v1',
    'HR.Worker.Joined.V1',
    'joiner',
    'hr.worker.joined.v2',
    1,
  ];
  expect(verdicts(types.map((type) => withMember({ type })))).toEqual(['unsupported-type type']);
});

test('unknown members are dropped, those that would name a catalog, tenant or person too', () => {
  const extra = {
    accessPackageId: 'a',
    catalogId: 'b',
    tenantId: 'c',
    roles: ['d'],
    manager: 'e',
    mail: 'f',
  };
  const read = readIt(bytes({ ...withData({ ...sample.data, ...extra }), ...extra }));
  const plain = readIt(bytes(anybody));
  expect({ ...read, bodyHash: '' }).toEqual({ ...plain, bodyHash: '' });
});

test('nothing is converted: text, number, boolean and list are no substitutes for one another', () => {
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

test('a number is no id, whatever precision it would lose', () => {
  expect(verdict(text.replace('"id":"8b5e0c3a-joined-1"', '"id":9007199254740993'))).toBe(
    'wrong-type id',
  );
});

test('a sequence is a whole number that JSON keeps', () => {
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
  expect(verdicts(refused.map(withSequence))).toEqual(['invalid-sequence data.sequence']);
  expect(verdict(withSequence('0x10'))).toBe('not-json data');
  const taken = ['0', '1', '1.0', '1e0', '9007199254740991', '1.00000000000000000001', '1000'];
  expect(verdicts(taken.map(withSequence))).toEqual(['accepted']);
  expect(verdict(withData({ sequence: undefined }))).toBe('accepted');
});
