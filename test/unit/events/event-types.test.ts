import { inspectEvent } from '../../../shared/domain/events/inspect-event';
import { MAX_SPANS } from '../../../shared/domain/events/lifecycle-event';
import { readEvent } from '../../../shared/domain/events/read-event';
import { bytesOf, SOURCE } from '../../support/events';
import { cpuMsOf } from '../../support/cpu-cost';

const rules = { sources: [SOURCE] };

const eventOf = (kind: string, data: object, envelope: object = {}) => ({
  ...{ specversion: '1.0', id: 'e-1', source: SOURCE, type: `hr.worker.${kind}.v1` },
  ...{ time: '2026-11-20T09:30:00Z', data: { workerId: 'W-1', ...data }, ...envelope },
});
const verdict = (kind: string, data: object): string => {
  const read = readEvent(bytesOf(eventOf(kind, data)), rules);
  return read.kind === 'accepted' ? 'accepted' : `${read.reason} ${read.field ?? ''}`.trim();
};

const attributes = { department: 'Finance' };
const revises = { source: SOURCE, id: 'e-0' };
const span = { employmentId: 'E-1', from: '2026-11-23', attributes };
const short = { employmentId: 'E', attributes: {} };
const many = (count: number, days?: object): object[] =>
  Array.from({ length: count }, () => (days ? { ...short, ...days } : {}));

test.each<[string, object]>([
  ['joined', { startDate: '2026-11-23', attributes, previousWorkerId: 'C-1' }],
  ['moved', { effectiveDate: '2026-11-23', attributes }],
  ['moved', { effectiveDate: '2026-11-23', endDate: '2026-11-23', attributes }],
  ['left', { lastDay: '2026-11-23' }],
  ['left', { endsAt: '2026-11-20T10:30:00+01:00' }],
  ['corrected', { revises, startDate: '2026-11-23', attributes }],
  ['corrected', { revises, effectiveDate: '2026-11-23', endDate: '2026-12-31', attributes }],
  ['corrected', { revises, lastDay: '2026-11-23' }],
  ['corrected', { revises, endsAt: '2026-11-20T09:30:00Z' }],
  ['corrected', { revises, spans: [span], previousWorkerId: 'C-1' }],
  ['rescinded', { revises }],
  ['rescinded', { employmentId: 'E-1', startDate: '2026-11-23' }],
  ['snapshot', { spans: [] }],
  ['snapshot', { spans: [{ ...span, until: '2026-11-23' }, span], previousWorkerId: 'C-1' }],
])('a %s with %j is accepted, with all of its members', (kind, data) => {
  const read = readEvent(bytesOf(eventOf(kind, data)), rules);
  const endsAt = 'endsAt' in data ? { endsAt: '2026-11-20T09:30:00.000Z' } : {};
  expect(read).toMatchObject({
    kind: 'accepted',
    event: { type: `hr.worker.${kind}.v1`, data: { employmentId: 'primary', ...data, ...endsAt } },
  });
});

test.each<[string, string, object]>([
  [
    'invalid-id data.previousWorkerId',
    'joined',
    { startDate: '2026-11-23', attributes, previousWorkerId: 'a b' },
  ],
  ['missing-member data.effectiveDate', 'moved', { startDate: '2026-11-23', attributes }],
  ['missing-member data.attributes', 'moved', { effectiveDate: '2026-11-23' }],
  [
    'end-before-start data.endDate',
    'moved',
    { effectiveDate: '2026-11-23', endDate: '2026-11-22', attributes },
  ],
  ['not-exactly-one data', 'left', {}],
  ['not-exactly-one data', 'left', { lastDay: '2026-11-23', endsAt: '2026-11-23T09:30:00Z' }],
  ['invalid-date data.lastDay', 'left', { lastDay: '2026-02-30' }],
  ['invalid-time data.endsAt', 'left', { endsAt: '2026-11-23T09:30:00' }],
  ['wrong-type data.lastDay', 'left', { lastDay: null }],
  ['missing-member data.revises', 'corrected', { lastDay: '2026-11-23' }],
  ['wrong-type data.revises', 'corrected', { revises: 'e-0', lastDay: '2026-11-23' }],
  [
    'missing-member data.revises.source',
    'corrected',
    { revises: { id: 'e-0' }, lastDay: '2026-11-23' },
  ],
  [
    'invalid-source data.revises.source',
    'corrected',
    { revises: { source: 'x', id: 'e-0' }, lastDay: '2026-11-23' },
  ],
  [
    'invalid-id data.revises.id',
    'corrected',
    { revises: { source: SOURCE, id: 'a b' }, lastDay: '2026-11-23' },
  ],
  ['not-exactly-one data', 'corrected', { revises }],
  [
    'not-exactly-one data',
    'corrected',
    { revises, startDate: '2026-11-23', lastDay: '2026-11-24', attributes },
  ],
  ['missing-member data.attributes', 'corrected', { revises, startDate: '2026-11-23' }],
  [
    'end-before-start data.endDate',
    'corrected',
    { revises, effectiveDate: '2026-11-23', endDate: '2026-11-22', attributes },
  ],
  ['not-exactly-one data', 'rescinded', {}],
  ['not-exactly-one data', 'rescinded', { revises, startDate: '2026-11-23' }],
  ['missing-member data.spans', 'snapshot', {}],
  ['wrong-type data.spans', 'snapshot', { spans: {} }],
  ['wrong-type data.spans.*', 'snapshot', { spans: [span, 'E-1'] }],
  [
    'missing-member data.spans.*.employmentId',
    'snapshot',
    { spans: [{ ...span, employmentId: undefined }] },
  ],
  ['invalid-date data.spans.*.from', 'snapshot', { spans: [{ ...span, from: '23.11.2026' }] }],
  [
    'end-before-start data.spans.*.until',
    'snapshot',
    { spans: [{ ...span, until: '2026-11-22' }] },
  ],
  [
    'wrong-type data.spans.*.attributes.*',
    'snapshot',
    { spans: [{ ...span, attributes: { level: 7 } }] },
  ],
  [
    'invalid-attributes data.spans.*.attributes',
    'snapshot',
    {
      spans: [{ ...span, attributes: Object.fromEntries(many(33).map((_, n) => [`a${n}`, 'x'])) }],
    },
  ],
])('%s: a %s with %j', (expected, kind, data) => {
  expect(verdict(kind, data)).toBe(expected);
});

test('a snapshot has at most 1,000 spans and 32,000 characters of attributes in all of them', () => {
  const spans = (count: number) => ({ spans: many(count, { from: '2026-11-23' }) });
  expect(verdict('snapshot', spans(MAX_SPANS))).toBe('accepted');
  expect(verdict('snapshot', spans(MAX_SPANS + 1))).toBe('invalid-spans data.spans');
  const long = { a: 'x'.repeat(256), b: 'x'.repeat(256) };
  const wide = (count: number) => ({
    spans: many(count, { from: '2026-11-23', attributes: long }),
  });
  expect(verdict('snapshot', wide(60))).toBe('accepted');
  expect(verdict('snapshot', wide(61))).toBe('invalid-spans data.spans');
});

test.each<[string, unknown]>([
  ['1,000 spans', many(MAX_SPANS, { from: '2026-11-23' })],
  ['1,000 spans with several faults each', many(MAX_SPANS, { from: 'x', until: 'y' })],
  ['more spans than there may be', many(21_000)],
  ['a span of unknown members', [Object.fromEntries(many(6000).map((_, n) => [`x${n}`, 0]))]],
])('%s cost less than 30 ms of CPU', (_, spans) => {
  const body = bytesOf(eventOf('snapshot', { spans }));
  expect(body.length).toBeLessThanOrEqual(65_536);
  expect(cpuMsOf(() => readEvent(body, rules), 30)).toBeLessThan(30);
});

test('the members of another type are unknown: they are dropped, and change neither event nor hash', () => {
  const read = (data: object) => readEvent(bytesOf(eventOf('left', data)), rules);
  const plain = read({ lastDay: '2026-11-23' });
  expect(read({ lastDay: '2026-11-23', attributes, startDate: '2026-11-01' })).toMatchObject({
    contentHash: plain.kind === 'accepted' ? plain.contentHash : '',
    event: { data: { workerId: 'W-1', employmentId: 'primary', lastDay: '2026-11-23' } },
  });
});

test('the same instant in another offset is the same content', () => {
  const hashOf = (endsAt: string) => {
    const read = readEvent(bytesOf(eventOf('left', { endsAt })), rules);
    return read.kind === 'accepted' ? read.contentHash : read.reason;
  };
  expect(hashOf('2026-11-20T10:30:00+01:00')).toBe(hashOf('2026-11-20T09:30:00Z'));
  expect(hashOf('2026-11-20T09:30:01Z')).not.toBe(hashOf('2026-11-20T09:30:00Z'));
});

test('every fault of a snapshot is listed with its span and line, and every unknown member', () => {
  const text = `{
    "specversion": "1.0", "id": "e-1", "source": "${SOURCE}", "type": "hr.worker.snapshot.v1",
    "time": "2026-11-20T09:30:00Z",
    "data": {
      "workerId": "W-1",
      "spans": [
        { "employmentId": "E-1", "from": "2026-11-23", "attributes": {} },
        {
          "employmentId": "E-2",
          "from": "2026-02-30",
          "Until": "2026-11-23",
          "attributes": { "department": 7 }
        },
        "E-3",
        { "employmentId": "E-4", "from": "2026-11-23", "until": "2026-11-22", "attributes": {} }
      ],
      "startDate": "2026-11-23"
    }
  }`;
  const { faults, unknown } = inspectEvent(bytesOf(text), rules);
  expect(faults.map(({ reason, field, line }) => [reason, field, line])).toEqual([
    ['invalid-date', 'data.spans.1.from', 10],
    ['wrong-type', 'data.spans.1.attributes.department', 12],
    ['wrong-type', 'data.spans.2', 14],
    ['end-before-start', 'data.spans.3.until', 15],
  ]);
  expect(unknown).toEqual([
    { field: 'data.startDate', line: 17 },
    { field: 'data.spans.1.Until', line: 11, meant: 'data.spans.1.until' },
  ]);
});

test('the faults of a correction are found at once, also that it states two things', () => {
  const data = { revises: { source: 'x', id: 'a b' }, startDate: '2026-11-23', lastDay: 'soon' };
  const { faults } = inspectEvent(bytesOf(eventOf('corrected', data, { subject: 'W-2' })), rules);
  expect(faults.map(({ reason, field }) => [reason, field])).toEqual([
    ['invalid-source', 'data.revises.source'],
    ['invalid-id', 'data.revises.id'],
    ['invalid-date', 'data.lastDay'],
    ['not-exactly-one', 'data'],
    ['missing-member', 'data.attributes'],
    ['subject-mismatch', 'subject'],
  ]);
});

test('of an unknown type the envelope is checked', () => {
  const event = eventOf('promoted', {}, { time: 'now' });
  const { faults, read } = inspectEvent(bytesOf(event), rules);
  expect(faults.map(({ reason }) => reason)).toEqual(['unsupported-type', 'invalid-time']);
  expect(read).toMatchObject({ kind: 'rejected', reason: 'unsupported-type' });
});
