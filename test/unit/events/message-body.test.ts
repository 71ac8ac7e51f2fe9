import { message as amqp } from 'rhea';
import { bytesOfBody } from '../../../shared/domain/events/message-body';

const textOf = (...body: Parameters<typeof bytesOfBody>): string =>
  Buffer.from(bytesOfBody(...body)).toString('utf8');

const bytes = (text: string): Buffer => Buffer.from(text);

test('data is its bytes, also in several sections, and nothing is no bytes', () => {
  const raw = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0x00]);
  expect(bytesOfBody(raw, 'data')).toBe(raw);
  expect(textOf([bytes('{"a":'), bytes('1}')], 'data')).toBe('{"a":1}');
  expect(textOf(undefined, 'data')).toBe('');
});

test('a text is its UTF-8 bytes, as it was written', () => {
  const text = '{"a": 1, "a": 2, "ü": "\\u0000"} ';
  expect(textOf(text, 'value')).toBe(text);
});

test('a map or list is its JSON text, member by member', () => {
  const map = { id: 'x', data: { sequence: 1, attributes: {}, many: [1.5, true, null, 'ü"'] } };
  expect(textOf(map, 'value')).toBe(JSON.stringify(map));
  expect(textOf([[map], [map]], 'sequence')).toBe(JSON.stringify([[map], [map]]));
  expect(textOf(null, 'value')).toBe('null');
});

test.each([
  ['a timestamp', new Date(0), { $timestamp: 0 }],
  ['a timestamp out of range', new Date(NaN), { $timestamp: { $number: 'NaN' } }],
  ['binary, and a long beyond 2⁵³', Buffer.from([1, 2]), { $binary: 'AQI=' }],
  ['NaN', NaN, { $number: 'NaN' }],
  ['infinity', -Infinity, { $number: '-Infinity' }],
  ['minus zero', -0, { $number: '-0' }],
])('%s has no JSON form and becomes an object that names it', (_, value, form) => {
  expect(JSON.parse(textOf({ member: value }, 'value'))).toEqual({ member: form });
});

test('a list of binaries in a sequence is a list, not one body', () => {
  expect(textOf([bytes('{"a":'), bytes('1}')], 'sequence')).toBe(
    '[{"$binary":"eyJhIjo="},{"$binary":"MX0="}]',
  );
});

test('a described value that the AMQP library leaves as it is becomes an object that names it', () => {
  const described = amqp.decode(
    // A value section with the map {"a": described(symbol "x", "b")}.
    Buffer.from([
      ...[0x00, 0x53, 0x77, 0xc1, 0x0b, 0x02, 0xa1, 0x01, 0x61],
      ...[0x00, 0xa3, 0x01, 0x78, 0xa1, 0x01, 0x62],
    ]),
  )['body'] as unknown;
  expect(textOf(described, 'value')).toBe('{"a":{"$described":"b"}}');
});
