import { inspectEvent } from '../../../shared/domain/events/inspect-event';
import { bytesOf, exampleEvent, joinerEvent, SOURCE } from '../../support/events';

const inspect = (body: Uint8Array) => inspectEvent(body, { sources: [SOURCE] });
const placesOf = (body: Uint8Array) =>
  inspect(body).faults.map(({ reason, field, line }) => [reason, field, line]);

test('all faults of an event are found at once, each with its member and line', () => {
  const text = `{
    "specversion": "1.1",
    "id": "a b", "source": "urn:other",
    "type": "hr.worker.joined.v1",
    "time": "2026-11-20T09:30:00Z",
    "data": {
      "startDate": "2026-11-23", "endDate": "2026-11-20",
      "attributes": {
        "department": "Finance",
        "costCenter": 4711,
        "manager": null
      }
    }
  }`;
  expect(placesOf(bytesOf(text))).toEqual([
    ['unsupported-version', 'specversion', 2],
    ['invalid-id', 'id', 3],
    ['missing-member', 'data.workerId', 6],
    ['wrong-type', 'data.attributes.costCenter', 10],
    ['wrong-type', 'data.attributes.manager', 11],
    ['end-before-start', 'data.endDate', 7],
    ['source-not-listed', 'source', 3],
  ]);
});

test('faults of the JSON text are found beside those of the members', () => {
  const text = `{ "id": "a", "id": "b",
    "constructor": 1,
    "time": "\\ud800",
    "data": { "workerId": "W-1", "startDate": "2026-02-30", "attributes": {} },
    "specversion": "1.0", "type": "hr.worker.joined.v1", "source": "${SOURCE}" }`;
  expect(placesOf(bytesOf(text))).toEqual([
    ['duplicate-key', 'id', 1],
    ['forbidden-key', undefined, 2],
    ['lone-surrogate', 'time', 3],
    ['invalid-time', 'time', 3],
    ['invalid-date', 'data.startDate', 4],
  ]);
});

test.each([
  ['empty', Buffer.alloc(0), ['empty']],
  ['UTF-16', Buffer.from(JSON.stringify(exampleEvent()), 'utf16le'), ['not-utf8']],
  ['cut off', Buffer.from('{"specversion":"1.0",\n"id":'), ['not-json']],
  ['too deep', Buffer.from('['.repeat(100_000)), ['too-large', 'too-deep']],
  ['a list', Buffer.from('[]'), ['not-an-object']],
  [
    'with a mark and a fault',
    Buffer.from(`\ufeff${JSON.stringify(joinerEvent('W-1', { envelope: { id: 7 } }))}`),
    ['byte-order-mark', 'wrong-type'],
  ],
])('a body that is %s is refused for the same reason as at the intake', (_, body, reasons) => {
  const { read, faults } = inspect(body);
  expect(faults.map(({ reason }) => reason)).toEqual(reasons);
  expect(read.kind).toBe('rejected');
});

test('a fault of the text is given its line', () => {
  expect(placesOf(bytesOf('{"id":\n\n"a" "b"}'))).toEqual([['not-json', undefined, 3]]);
});

test('no fault repeats a value of the event', () => {
  const body = bytesOf(joinerEvent('CANARY 1', { envelope: { source: 'urn:CANARY' } }));
  expect(JSON.stringify(inspect(body).faults)).not.toContain('CANARY');
});

test('members that the contract does not have are found, with the one that may be meant', () => {
  const body = bytesOf(
    joinerEvent('W-1', { envelope: { Subject: 'x' }, data: { startdate: 'x', extra: { id: 1 } } }),
  );
  expect(inspect(body)).toMatchObject({
    faults: [],
    unknown: [
      { field: 'Subject', line: 1, meant: 'subject' },
      { field: 'data.startdate', line: 1, meant: 'data.startDate' },
      { field: 'data.extra', line: 1 },
    ],
  });
});

test('the example of the contract has neither faults nor unknown members', () => {
  expect(inspect(bytesOf(exampleEvent()))).toMatchObject({ faults: [], unknown: [] });
});
