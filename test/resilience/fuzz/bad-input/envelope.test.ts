import { gzipSync } from 'node:zlib';
import {
  answersTo,
  answerTo,
  text,
  withMember,
  withAttributes,
  withText,
  reasons,
} from './answers';

test('an empty body is rejected', () => {
  expect(answerTo(new Uint8Array())).toBe('empty');
});

test('JSON that is not an object is rejected, including a batch', () => {
  expect(answersTo(['null', 'true', '0', '"text"', '[]', `[${text},${text}]`])).toEqual([
    'not-an-object',
  ]);
});

test('broken JSON is rejected', () => {
  expect(reasons(['{"a":', '{', '"', '{"a" 1}', text.slice(0, -1)])).toEqual(['not-json']);
});

test('a byte order mark is rejected', () => {
  expect(answerTo(`\uFEFF${text}`)).toBe('byte-order-mark');
});

test('an encoding other than UTF-8 is rejected', () => {
  const invalid = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80]];
  expect(
    answersTo([
      ...[Buffer.from(text, 'utf16le'), Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
      ...invalid.map((some) => Buffer.concat([Buffer.from(text), Buffer.from(some)])),
    ]),
  ).toEqual(['not-utf8']);
});

test('two documents, trailing garbage, comments, NaN and Infinity are rejected', () => {
  expect(
    reasons([
      ...[text + text, `${text}x`, `/* c */${text}`, `${text}// c`, withText('"x":NaN')],
      ...[
        withText('"x":Infinity'),
        withText('"x":-Infinity'),
        withText("'x':1"),
        withText('"x":1,'),
      ],
    ]),
  ).toEqual(['not-json']);
});

test('a duplicate key is rejected, at any place and however it is written', () => {
  expect(answerTo(`{"id":"a",${text.slice(1)}`)).toBe('duplicate-key id');
  expect(answerTo(text.replace('"data":{', '"data":{"\\u0077orkerId":"W-2",'))).toBe(
    'duplicate-key data.workerId',
  );
  expect(answerTo(text.replace(/}$/, ',"\\u0069d":1}'))).toBe('duplicate-key id');
  expect(answerTo(withText('"x":[{"a":1,"a":1}]'))).toBe('duplicate-key *.*.*');
});

test('65,537 bytes are too large, and so are 1 MiB and 100 MiB', () => {
  const megabyte = 1024 * 1024;
  const sizes = [65_537, 262_144, megabyte, 100 * megabyte];
  expect(answersTo(sizes.map((size) => Buffer.alloc(size, '[')))).toEqual(['too-large']);
  expect(answerTo(text.padEnd(65_536))).toBe('accepted');
});

test('more than 8 levels are rejected, however deep', () => {
  const nested = (levels: number) => withText(`"x":${'['.repeat(levels)}${']'.repeat(levels)}`);
  expect(reasons([8, 9, 1000, 30_000].map(nested))).toEqual(['too-deep']);
  expect(answerTo(nested(7))).toBe('accepted');
});

test('at most 32 attributes are allowed; only the size limits unknown members', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'x']));
  expect(answerTo(withAttributes(many(33)))).toBe('invalid-attributes data.attributes');
  expect(answerTo(withAttributes(many(5000)))).toBe('invalid-attributes data.attributes');
  expect(answerTo(withMember({ x: many(5000), y: Array(5000).fill(0) }))).toBe('too-large');
  expect(answerTo(withMember({ x: many(3000) }))).toBe('accepted');
});

test('a compressed body is rejected and never unpacked', () => {
  expect(answerTo(gzipSync('0'.repeat(10_000_000)))).toBe('not-utf8');
  expect(answerTo(Buffer.from('PK\u0003\u0004', 'latin1'))).toBe('not-json');
});

test('XML is rejected and its entities are never read', () => {
  const xml =
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>';
  expect(answerTo(xml)).toBe('not-json');
});

test('the media type is ignored', () => {
  const types = ['text/plain', 'application/xml', '', 'application/json; charset=utf-16', null];
  expect(answersTo(types.map((type) => withMember({ datacontenttype: type })))).toEqual([
    'accepted',
  ]);
  expect(answerTo(withMember({ datacontenttype: 'a'.repeat(257) }))).toBe(
    'invalid-datacontenttype datacontenttype',
  );
});

test('a trace context in the body is dropped, even if broken or long', () => {
  const contexts = ['00-zz-1-1', 'x'.repeat(10_240), 7, null, {}];
  expect(
    answersTo(contexts.map((traceparent) => withMember({ traceparent, tracestate: traceparent }))),
  ).toEqual(['accepted']);
});
