import { eventHash } from '../../../../shared/domain/events/keys';
import { answerTo, withMember, asId, reasons } from './answers';

test('an id is never missing, empty or blank', () => {
  expect(answerTo(withMember({ id: undefined }))).toBe('missing-member id');
  expect(reasons(['', ' ', '\t'].flatMap(asId))).toEqual(['invalid-id']);
});

test('an id has at most 64 characters', () => {
  expect(reasons([65, 257, 60_000].map((length) => 'a'.repeat(length)).flatMap(asId))).toEqual([
    'invalid-id',
  ]);
  expect(answerTo(withMember({ id: 'a'.repeat(64) }))).toBe('accepted');
  expect(answerTo(withMember({ id: 'a'.repeat(100_000) }))).toBe('too-large');
});

test('an id has no character with a meaning in a URL, a path or a table key', () => {
  const ids = ['../x', 'a/b', 'a\\b', 'a#b', 'a?b', '%2e%2e/x', '$&', 'a&taskHub=b', '@entity'];
  expect(reasons(ids.flatMap(asId))).toEqual(['invalid-id']);
});

test('an id has no control character, C0 or C1, also at its end', () => {
  const controls = Array.from({ length: 66 }, (_, at) =>
    String.fromCharCode(at < 32 ? at : at + 95),
  );
  expect(reasons(controls.flatMap((one) => [...asId(`a${one}`), ...asId(`${one}a`)]))).toEqual([
    'invalid-id',
  ]);
});

test('a lookalike of an id is rejected, and case makes another id', () => {
  const ids = [
    'e\u0301',
    '\u00e9',
    'a ',
    ' a',
    '\u200ba',
    'а',
    '１',
    '\uFEFFa',
    'a\u202e',
    'İ',
    '\u212a',
    'ﬁ',
  ];
  expect(reasons(ids.flatMap(asId))).toEqual(['invalid-id']);
  expect(eventHash('urn:a', 'e-1')).not.toBe(eventHash('urn:a', 'E-1'));
});

test('an id has no character with a meaning in a filter', () => {
  const ids = [
    "x' or PartitionKey ne '",
    "O'Brien",
    "') or startswith(id,'",
    '%27',
    "''",
    ';',
    '$filter',
    '*',
  ];
  expect(reasons(ids.flatMap(asId))).toEqual(['invalid-id']);
});
