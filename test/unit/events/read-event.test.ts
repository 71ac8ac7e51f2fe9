import { eventHash } from '../../../shared/domain/events/keys';
import { readEvent } from '../../../shared/domain/events/read-event';
import { bytesOf, exampleEvent, SOURCE, type EventBody } from '../../support/events';

const read = (body: unknown) => readEvent(bytesOf(body), { sources: [SOURCE] });
const verdict = (body: unknown): string => {
  const result = read(body);
  return result.kind === 'accepted' ? 'accepted' : `${result.reason} ${result.field ?? ''}`.trim();
};
const changed = (change: (event: EventBody) => void): EventBody => {
  const event: EventBody = exampleEvent();
  change(event);
  return event;
};
const withData = (members: object) => changed((event) => Object.assign(event.data, members));
const without = (member: string) =>
  JSON.parse(
    JSON.stringify(exampleEvent(), (key, value: unknown) => (key === member ? undefined : value)),
  ) as object;

test("the contract's example is accepted as it is", () => {
  const { specversion, type, source, id, data } = exampleEvent();
  expect(read(exampleEvent())).toMatchObject({
    kind: 'accepted',
    event: { specversion, type, source, id, time: '2026-11-20T09:30:00.000Z', data },
    eventHash: eventHash(SOURCE, '8b5e0c3a-joined-1'),
  });
});

test('only the required members are required, and the employment defaults to primary', () => {
  const result = read({
    ...without('subject'),
    datacontenttype: undefined,
    data: { workerId: 'W-1', startDate: '2026-11-23', attributes: {} },
  });
  expect(result).toMatchObject({ event: { data: { employmentId: 'primary' } } });
});

test.each([
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'data',
  'workerId',
  'startDate',
  'attributes',
])('%s is required', (member) => {
  expect(verdict(without(member))).toMatch(/^missing-member (data\.)?\w+$/);
});

test.each<[string, unknown]>([
  ['empty', ''],
  ['not-json', ' '],
  ['not-json *', '{"a":'],
  ['not-json', `${JSON.stringify(exampleEvent())}{}`],
  ['not-json *', '{"a":NaN}'],
  ['not-an-object', 'null'],
  ['not-an-object', '"text"'],
  ['not-an-object', '[]'],
  ['duplicate-key id', '{"id":1,"id":2}'],
  ['duplicate-key *', '{"jane.doe":1,"jane.doe":2}'],
  ['duplicate-key data.attributes.*', '{"data":{"attributes":{"mail":"a","m\\u0061il":"b"}}}'],
  ['forbidden-key data.attributes', '{"data":{"attributes":{"__proto__":"x"}}}'],
  ['forbidden-key *.*', '{"roles":[{"\\u005f_proto__":{"isAdmin":true}}]}'],
  ['lone-surrogate data.attributes.*', '{"data":{"attributes":{"department":"\\ud800"}}}'],
  ['unsupported-version specversion', changed((event) => (event['specversion'] = '1.1'))],
  ['missing-member specversion', changed((event) => (event['specversion'] = null))],
  ['unsupported-type type', changed((event) => (event['type'] = 'hr.worker.changed.v1'))],
  ['unsupported-type type', changed((event) => (event['type'] = 'hr.worker.left.v2'))],
  ['unsupported-type type', changed((event) => (event['type'] = 'HR.worker.joined.v1'))],
  ['source-not-listed source', changed((event) => (event['source'] = 'urn:hr:other'))],
  ['source-not-listed source', changed((event) => (event['source'] = 'URN:hr:acme:workday'))],
  ['invalid-source source', changed((event) => (event['source'] = '/workday'))],
  ['invalid-source source', changed((event) => (event['source'] = `urn:${'a'.repeat(253)}`))],
  ['wrong-type source', changed((event) => (event['source'] = [SOURCE]))],
  ['subject-mismatch subject', changed((event) => (event['subject'] = 'W-1025'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-11-20T24:00:00Z'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-11-20T23:59:60Z'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-11-20T09:30:00'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-11-20T09:30Z'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-11-20T09:30:00+25:00'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-11-20 09:30:00Z'))],
  ['invalid-time time', changed((event) => (event['time'] = '2026-02-30T09:30:00Z'))],
  ['invalid-time time', changed((event) => (event['time'] = '9999-12-31T23:30:00-01:00'))],
  ['wrong-type time', changed((event) => (event['time'] = 1_790_000_000))],
  ['wrong-type datacontenttype', changed((event) => (event['datacontenttype'] = 1))],
  ['invalid-id replayid', changed((event) => (event['replayid'] = 'a b'))],
  ['wrong-type data', changed((event) => Object.assign(event, { data: [] }))],
  ['invalid-date data.startDate', withData({ startDate: '2026-02-30' })],
  ['invalid-date data.startDate', withData({ startDate: '2023-02-29' })],
  ['invalid-date data.startDate', withData({ startDate: '1900-02-29' })],
  ['invalid-date data.startDate', withData({ startDate: '0000-01-01' })],
  ['invalid-date data.startDate', withData({ startDate: '2026-11-23T00:00:00Z' })],
  ['invalid-date data.startDate', withData({ startDate: '11/22/2026' })],
  ['invalid-date data.startDate', withData({ startDate: '2026-11-23\n' })],
  ['wrong-type data.startDate', withData({ startDate: 1_790_000_000 })],
  ['end-before-start data.endDate', withData({ endDate: '2026-11-22' })],
  ['wrong-type data.endDate', withData({ endDate: null })],
  ['invalid-sequence data.sequence', withData({ sequence: -1 })],
  ['invalid-sequence data.sequence', withData({ sequence: 1.5 })],
  ['invalid-sequence data.sequence', withData({ sequence: 2 ** 53 })],
  ['wrong-type data.sequence', withData({ sequence: '1' })],
  ['invalid-time-zone data.timeZone', withData({ timeZone: '+01:00' })],
  ['invalid-time-zone data.timeZone', withData({ timeZone: 'Berlin' })],
  ['wrong-type data.attributes', withData({ attributes: [] })],
  ['wrong-type data.attributes.*', withData({ attributes: { level: 7 } })],
  ['wrong-type data.attributes.*', withData({ attributes: { manager: null } })],
  ['wrong-type data.attributes.*', withData({ attributes: { roles: ['a'] } })],
  ['invalid-attributes data.attributes.*', withData({ attributes: { '': 'a' } })],
  ['invalid-attributes data.attributes.*', withData({ attributes: { ['a'.repeat(65)]: 'a' } })],
  ['invalid-attributes data.attributes.*', withData({ attributes: { a: 'a'.repeat(257) } })],
  ['invalid-attributes data.attributes', withData({ attributes: attributes(33) })],
])('%s: %j', (expected, body) => {
  expect(verdict(body)).toBe(expected);
});

test.each([
  '',
  ' ',
  'a'.repeat(65),
  'a/b',
  '../x',
  'a#b',
  'a?b',
  'a\\b',
  '%2e',
  '@a',
  "a'b",
  'é',
  'a\n',
  '\u200ba',
])('%j is no id', (id) => {
  expect(verdict(changed((event) => (event['id'] = id)))).toBe('invalid-id id');
  expect(verdict(withData({ workerId: id }))).toBe('invalid-id data.workerId');
  expect(verdict(withData({ employmentId: id }))).toBe('invalid-id data.employmentId');
});

test.each<[string, unknown]>([
  ['another spelling of UTC', changed((event) => (event['time'] = '2026-11-20t09:30:00.123456z'))],
  ['an offset', changed((event) => (event['time'] = '2026-11-20T15:15:00+05:45'))],
  ['a null in the envelope', changed((event) => (event['subject'] = null))],
  [
    'a media type that is not believed',
    changed((event) => (event['datacontenttype'] = 'text/xml')),
  ],
  ['unknown members', changed((event) => Object.assign(event, { traceparent: '00-1', x: [{}] }))],
  ['an end on the first day', withData({ endDate: '2026-11-23' })],
  ['the end of time', withData({ endDate: '9999-12-31' })],
  ['a start long ago', withData({ startDate: '1999-01-01' })],
  ['a leap day', withData({ startDate: '2024-02-29' })],
  ['no sequence yet', withData({ sequence: 0 })],
  ['no attributes', withData({ attributes: {} })],
  ['32 attributes', withData({ attributes: attributes(32) })],
  ['256 characters, two code units each', withData({ attributes: { a: '😀'.repeat(256) } })],
  ['names of JavaScript', withData({ attributes: { toString: 'a', then: 'b', toJSON: 'c' } })],
  ['control characters and quotes', withData({ attributes: { a: "\u0000\r\n' or 1 eq 1" } })],
])('%s is accepted', (_, body) => {
  expect(verdict(body)).toBe('accepted');
});

test('the body is UTF-8 without a mark, of at most 64 KiB', () => {
  const text = JSON.stringify(exampleEvent());
  const reason = (body: Uint8Array) => {
    const result = readEvent(body, { sources: [SOURCE] });
    return result.kind === 'accepted' ? 'accepted' : result.reason;
  };
  expect(reason(Buffer.from(`\uFEFF${text}`))).toBe('byte-order-mark');
  expect(reason(Buffer.from(`\uFEFF${text}`, 'utf16le'))).toBe('not-utf8');
  expect(reason(Buffer.from(text, 'utf16le'))).toBe('not-utf8');
  expect(reason(Buffer.from(text.replace('Finance', 'Finançe'), 'latin1'))).toBe('not-utf8');
  expect(reason(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe('not-utf8');
  expect(reason(Buffer.from(text.padEnd(65_536)))).toBe('accepted');
  expect(reason(Buffer.from(text.padEnd(65_537)))).toBe('too-large');
});

test('nine levels are too deep, eight are not', () => {
  const nested = (levels: number) => `{"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  expect(verdict(nested(9))).toMatch(/^too-deep/);
  expect(verdict(nested(8))).toBe('missing-member specversion');
});

test('a rejection names neither values nor names that the sender made up', () => {
  const canary = 'canary-5f3a';
  for (const body of [
    changed((event) => (event['id'] = `${canary}!`)),
    changed((event) => (event['type'] = canary)),
    changed((event) => (event['source'] = `urn:${canary}`)),
    withData({ timeZone: canary, startDate: canary, attributes: { [canary]: 5 } }),
    `{"${canary}":"${canary}","${canary}":1}`,
    `{"data":{"${canary}":{"__proto__":1}}}`,
    `{"${canary}" ${canary}`,
  ]) {
    expect(JSON.stringify(read(body))).not.toContain(canary);
    expect(read(body).kind).toBe('rejected');
  }
});

test('a rejected message is tied to its event if id and source can be trusted', () => {
  const id = '8b5e0c3a-joined-1';
  const tied = { eventHash: eventHash(SOURCE, id), eventId: id, eventSource: SOURCE };
  expect(read(withData({ startDate: 'soon' }))).toMatchObject(tied);
  expect(read(changed((event) => (event['source'] = 'urn:hr:other')))).not.toHaveProperty(
    'eventHash',
  );
  expect(read(changed((event) => (event['id'] = 'a b')))).not.toHaveProperty('eventHash');
});

test('replay marks are handed over apart and do not change the content', () => {
  const original = read(exampleEvent());
  const marks = { replayid: 'R-1', replayreason: 'outage', replayedby: 'op:7' };
  const replay = read({ ...exampleEvent(), ...marks });
  expect(replay).toMatchObject({ replay: { id: 'R-1', reason: 'outage', by: 'op:7' } });
  expect(original).not.toHaveProperty('replay');
  expect(contentHash(replay)).toBe(contentHash(original));
});

test('the content does not depend on layout, order, spelled-out defaults or unknown members', () => {
  const { data, ...envelope } = exampleEvent();
  const rest = { ...data, employmentId: undefined };
  const hash = contentHash(read({ ...envelope, data: rest }));
  expect(contentHash(read({ data: { ...rest, employmentId: 'primary' }, ...envelope }))).toBe(hash);
  expect(contentHash(read(JSON.stringify({ ...envelope, data: rest, x: 1 }, null, 2)))).toBe(hash);
  expect(contentHash(read({ ...envelope, data: { ...rest, sequence: 2 } }))).not.toBe(hash);
});

function contentHash(result: ReturnType<typeof read>): string {
  if (result.kind !== 'accepted') throw new Error(result.reason);
  return result.contentHash;
}

function attributes(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'x']));
}
