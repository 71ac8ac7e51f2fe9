import { castIn } from '../../../infra/local/demo/cast';
import { partOf } from '../../../infra/local/demo/play';
import type { Part } from '../../../infra/local/demo/play';
import type { AuditLine, Records } from '../../../infra/local/demo/records';
import { judge } from '../../../infra/local/demo/verdict';

const joiner = {
  worker: 'W-1',
  story: 'joins',
  department: 'Finance',
  jobCode: 'FIN-AN-2',
  ends: 'delivered',
} as const;

const line = (line: Partial<AuditLine>): AuditLine => ({
  partitionKey: '',
  rowKey: '1-0001',
  kind: 'settled',
  recordedAt: '2026-11-23T00:00:00Z',
  ...line,
});

const closing = (part: Part, outcome: string): AuditLine =>
  line({ partitionKey: part.eventHash, kind: 'closing', outcome });

const records = (audit: AuditLine[], counted: [string, number][] = []): Records => ({
  audit,
  duplicates: new Map(counted),
});

test('an event without a closing row has not ended', () => {
  const part = partOf(joiner);
  const open = line({ partitionKey: part.eventHash, kind: 'intended' });

  expect(judge(part, records([open]))).toMatchObject({ ended: false, asExpected: false });
});

test('one closing row with the outcome of the cast is as expected', () => {
  const part = partOf(joiner);

  expect(judge(part, records([closing(part, 'delivered')]))).toMatchObject({
    ended: true,
    asExpected: true,
    outcome: 'delivered',
  });
});

test.each([
  ['another outcome', ['failed']],
  ['two closing rows', ['delivered', 'delivered']],
])('%s is not as expected', (_, outcomes) => {
  const part = partOf(joiner);
  const audit = outcomes.map((outcome) => closing(part, outcome));

  expect(judge(part, records(audit))).toMatchObject({ ended: true, asExpected: false });
});

test('a repeated event has ended only when it was counted, exactly once', () => {
  const part = partOf({ ...joiner, sends: 'twice' });
  const audit = [closing(part, 'delivered')];

  expect(judge(part, records(audit)).ended).toBe(false);
  expect(judge(part, records(audit, [[part.eventHash, 1]])).asExpected).toBe(true);
  expect(judge(part, records(audit, [[part.eventHash, 2]])).asExpected).toBe(false);
});

test('other content under the same id must leave its own rejected row', () => {
  const part = partOf({ ...joiner, sends: 'other content under the same id' });
  const delivered = closing(part, 'delivered');
  const rejected = (key?: string): AuditLine => line({ kind: 'rejected', rowKey: key ?? '' });

  expect(judge(part, records([delivered, rejected('another body')])).ended).toBe(false);
  expect(judge(part, records([delivered, rejected(part.rejects[0])]))).toMatchObject({
    ended: true,
    asExpected: true,
  });
});

test('an unreadable message must be rejected and must not close as an event', () => {
  const part = partOf({ ...joiner, sends: 'half a body', ends: 'rejected' });
  const rejected = line({ kind: 'rejected', rowKey: part.rejects[0] ?? '', reason: 'not-json' });

  expect(judge(part, records([rejected]))).toMatchObject({
    asExpected: true,
    outcome: 'rejected',
    reason: 'not-json',
  });
  expect(judge(part, records([rejected, closing(part, 'delivered')])).asExpected).toBe(false);
});

test('the cast is 25 people with an id of their own, and whoever waits waits for one of them', () => {
  const cast = castIn('v1.0');
  const workers = cast.map((person) => person.worker);

  expect(new Set(workers).size).toBe(25);
  for (const person of cast) {
    if (person.after !== undefined) expect(workers).toContain(person.after);
  }
});

test('where requests name nobody, only what befalls the requests of one person ends otherwise', () => {
  const usual = castIn(undefined);
  const changed = castIn('draft').filter(({ ends }, index) => ends !== usual[index]?.ends);
  expect(changed.map(({ worker, ends }) => [worker, ends])).toEqual([
    ['W-1004', 'delivered'],
    ['W-1005', 'timed-out'],
    ['W-1008', 'delivered'],
  ]);
  expect(castIn('beta')).toEqual(usual);
});
