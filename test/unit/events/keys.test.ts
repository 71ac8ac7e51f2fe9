import fc from 'fast-check';
import {
  canonicalJson,
  eventHash,
  instanceId,
  jsonHash,
  justification,
  padded,
  parseInstanceId,
} from '../../../shared/domain/events/keys';

test('no two pairs of source and id share an event hash', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.string(),
      fc.string(),
      (source, id, other, otherId) => {
        const same = source === other && id === otherId;
        expect(eventHash(source, id) === eventHash(other, otherId)).toBe(same);
      },
    ),
  );
  expect(eventHash('urn:a:b', 'c')).not.toBe(eventHash('urn:a', 'b:c'));
});

test('an instance id holds only hash and attempt, and is read back', () => {
  const hash = eventHash('urn:hr', 'é/?&');
  expect(instanceId(hash, 12)).toMatch(/^[0-9a-f]{64}-12$/);
  expect(parseInstanceId(instanceId(hash, 12))).toEqual({ eventHash: hash, attempt: 12 });
});

test.each(['', 'x', `${'a'.repeat(64)}-0`, `${'a'.repeat(64)}-1 `, `${'A'.repeat(64)}-1`])(
  '"%s" is not an instance id of ours',
  (id) => {
    expect(parseInstanceId(id)).toBeUndefined();
  },
);

test('a justification names event, attempt and package', () => {
  expect(justification('ab', 2, 'finance')).toBe('joinery:ab:2:finance');
});

test('canonical JSON does not depend on the order of members and says the same as JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.stringify(value);
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(plain));
      expect(jsonHash(reversed(JSON.parse(plain)))).toBe(jsonHash(JSON.parse(plain)));
    }),
  );
  expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe(
    '{"b":[1,{"c":"x","d":null}]}',
  );
});

test.each([NaN, Infinity, 1n, () => 1, undefined])('canonical JSON refuses %p', (value) => {
  expect(() => canonicalJson([value])).toThrow(TypeError);
});

test('padded numbers sort as numbers do, and none that would not is made', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (one, other) => {
      expect(padded(one, 10) < padded(other, 10)).toBe(one < other);
    }),
  );
  for (const broken of [-1, 1.5, 1000, NaN]) expect(() => padded(broken, 3)).toThrow(RangeError);
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, reversed(member)]);
  return Object.fromEntries(entries.reverse());
}
