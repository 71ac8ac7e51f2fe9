import fc from 'fast-check';
import { readEvent } from '../../../shared/domain/read-event';
import { bytes, SOURCE, type Sample } from './sample';

const read = (body: Uint8Array) => readEvent(body, { sources: [SOURCE] });
const verdict = (value: unknown): string => {
  const result = read(bytes(value));
  return result.kind === 'accepted' ? 'accepted' : result.reason;
};

const idCharacters = 'ABCXYZabcxyz0189._:-'.split('');
const id = fc.string({ unit: fc.constantFrom(...idCharacters), minLength: 1, maxLength: 64 });
const dateBetween = (first: string, last: string) =>
  fc
    .date({ min: new Date(first), max: new Date(last), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
const offset = fc.constantFrom('Z', 'z', '+00:00', '-00:00', '+05:45', '-12:00', '+14:00');
const time = fc
  .tuple(dateBetween('1970-01-02', '2900-12-30'), fc.constantFrom('', '.1', '.123456789'), offset)
  .map(([date, fraction, zone]) => `${date}T23:59:59${fraction}${zone}`);
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const attributes = fc
  .dictionary(
    text.filter(
      (key) => key !== '' && Array.from(key).length <= 64 && !(key in {}) && key !== 'prototype',
    ),
    text,
    { maxKeys: 32 },
  )
  .filter((map) => Object.values(map).every((value) => Array.from(value).length <= 256));

const valid: fc.Arbitrary<Sample> = fc.record(
  {
    specversion: fc.constant('1.0'),
    id,
    source: fc.constant(SOURCE),
    type: fc.constant('hr.worker.joined.v1'),
    time,
    replayid: id,
    unknown: fc.constantFrom({ name: 'x' }, [[]], 'x', null),
    data: fc.record(
      {
        workerId: id,
        employmentId: id,
        sequence: fc.maxSafeNat(),
        startDate: dateBetween('0001-01-01', '2500-01-01'),
        endDate: dateBetween('2500-01-01', '9999-12-31'),
        timeZone: fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
        attributes,
      },
      { requiredKeys: ['workerId', 'startDate', 'attributes'] },
    ),
  },
  { requiredKeys: ['specversion', 'id', 'source', 'type', 'time', 'data'] },
);

const notText = fc.oneof(fc.integer(), fc.boolean(), fc.constant([]), fc.constant({}));
const set = (member: string, value: unknown) => (event: Sample) => ({ ...event, [member]: value });
const setData = (member: string, value: unknown) => (event: Sample) => ({
  ...event,
  data: { ...event.data, [member]: value },
});

type Mutation = [reason: string, change: (event: Sample) => unknown];
const mutation = fc.oneof(
  fc.constantFrom<Mutation[]>(
    ['invalid-id', setData('workerId', '')],
    ['unsupported-type', set('type', 'hr.worker.left.v1')],
    ['unsupported-version', set('specversion', '0.3')],
    ['source-not-listed', set('source', `${SOURCE}:2`)],
    [
      'subject-mismatch',
      (event) => ({ ...event, subject: 'someone-else', data: { ...event.data, workerId: 'W' } }),
    ],
    [
      'end-before-start',
      (event) =>
        setData('endDate', '0001-01-01')(setData('startDate', '0001-01-02')(event) as Sample),
    ],
    ['duplicate-key', (event) => `{"x":{"a":1,"a":1},${JSON.stringify(event).slice(1)}`],
    ['forbidden-key', (event) => `{"x":{"__proto__":1},${JSON.stringify(event).slice(1)}`],
    ['lone-surrogate', set('unknown', '\ud83d')],
    ['too-deep', set('unknown', [[[[[[[[]]]]]]]])],
    ['not-json', (event) => `${JSON.stringify(event)},`],
    ['byte-order-mark', (event) => `\uFEFF${JSON.stringify(event)}`],
    ['too-large', (event) => JSON.stringify(event).padEnd(65_537)],
    ['not-an-object', (event) => [event]],
  ),
  fc
    .constantFrom('id', 'source', 'type', 'time', 'specversion', 'data')
    .map((name): Mutation => ['missing-member', set(name, undefined)]),
  fc
    .constantFrom('workerId', 'startDate', 'attributes')
    .map((name): Mutation => ['missing-member', setData(name, undefined)]),
  fc
    .tuple(fc.constantFrom('workerId', 'employmentId', 'startDate', 'endDate', 'timeZone'), notText)
    .map(([name, value]): Mutation => ['wrong-type', setData(name, value)]),
  fc
    .tuple(fc.constantFrom('id', 'source', 'time'), notText)
    .map(([name, value]): Mutation => ['wrong-type', set(name, value)]),
  fc
    .tuple(fc.string({ minLength: 1 }), notText)
    .map(([name, value]): Mutation => [
      'wrong-type',
      setData('attributes', { [`a${name}`.slice(0, 64)]: value }),
    ]),
  fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((value) => value.isWellFormed() && !/^[A-Za-z0-9._:-]{1,64}$/.test(value))
    .map((value): Mutation => ['invalid-id', set('id', value)]),
);

test('every event that keeps the contract is accepted', () => {
  fc.assert(
    fc.property(valid, (event) => expect(verdict(event)).toBe('accepted')),
    { numRuns: 500 },
  );
});

test('one thing wrong with it and it is rejected for that', () => {
  fc.assert(
    fc.property(valid, mutation, (event, [reason, change]) => {
      expect(verdict(change(event))).toBe(reason);
    }),
    { numRuns: 1000 },
  );
});

test('no bytes make it throw, change a prototype or contradict themselves', () => {
  const flipped = fc.tuple(valid, fc.nat(), fc.nat(255)).map(([event, seed, byte]) => {
    const body = bytes(event);
    body[seed % body.length] = byte;
    return body;
  });
  fc.assert(
    fc.property(fc.oneof(flipped, fc.uint8Array(), fc.json().map(bytes)), (body) => {
      const result = read(body);
      expect(read(body)).toEqual(result);
      expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});
