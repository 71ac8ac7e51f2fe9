import {
  scenariosFor,
  type ScenarioMessages,
  messagesOf,
} from '../../../../infra/local/demo/scenarios';
import {
  type AuditLine,
  assertOutcome,
  type Records,
} from '../../../../infra/local/demo/assertion';

const scenario = {
  worker: 'W-1',
  description: 'joins',
  department: 'Finance',
  jobCode: 'FIN-AN-2',
  expected: 'delivered',
} as const;

const line = (line: Partial<AuditLine>): AuditLine => ({
  partitionKey: '',
  rowKey: '1-0001',
  kind: 'settled',
  recordedAt: '2026-11-23T00:00:00Z',
  ...line,
});

const closing = (messages: ScenarioMessages, outcome: string): AuditLine =>
  line({ partitionKey: messages.eventHash, kind: 'closing', outcome });

const records = (audit: AuditLine[], counted: [string, number][] = []): Records => ({
  audit,
  claims: new Map(),
  duplicates: new Map(counted),
});

test('an event without a closing row has not ended', () => {
  const messages = messagesOf(scenario);
  const open = line({ partitionKey: messages.eventHash, kind: 'intended' });

  expect(assertOutcome(messages, records([open]))).toMatchObject({
    ended: false,
    asExpected: false,
  });
});

test('one closing row with the expected outcome is as expected', () => {
  const messages = messagesOf(scenario);

  expect(assertOutcome(messages, records([closing(messages, 'delivered')]))).toMatchObject({
    ended: true,
    asExpected: true,
    outcome: 'delivered',
  });
});

test.each([
  ['another outcome', ['failed']],
  ['two closing rows', ['delivered', 'delivered']],
])('%s is not as expected', (_, outcomes) => {
  const messages = messagesOf(scenario);
  const audit = outcomes.map((outcome) => closing(messages, outcome));

  expect(assertOutcome(messages, records(audit))).toMatchObject({ ended: true, asExpected: false });
});

test('a repeated event has ended when it is counted exactly once', () => {
  const messages = messagesOf({ ...scenario, variant: 'twice' });
  const audit = [closing(messages, 'delivered')];

  expect(assertOutcome(messages, records(audit)).ended).toBe(false);
  expect(assertOutcome(messages, records(audit, [[messages.eventHash, 1]])).asExpected).toBe(true);
  expect(assertOutcome(messages, records(audit, [[messages.eventHash, 2]])).asExpected).toBe(false);
});

test('other content under the same id must have its own rejected row', () => {
  const messages = messagesOf({ ...scenario, variant: 'other content under the same id' });
  const delivered = closing(messages, 'delivered');
  const rejected = (key?: string): AuditLine => line({ kind: 'rejected', rowKey: key ?? '' });

  expect(assertOutcome(messages, records([delivered, rejected('another body')])).ended).toBe(false);
  expect(
    assertOutcome(messages, records([delivered, rejected(messages.rejects[0])])),
  ).toMatchObject({
    ended: true,
    asExpected: true,
  });
});

test('an unreadable message must be rejected and must not close as an event', () => {
  const messages = messagesOf({ ...scenario, variant: 'half a body', expected: 'rejected' });
  const rejected = line({
    kind: 'rejected',
    rowKey: messages.rejects[0] ?? '',
    reason: 'not-json',
  });

  expect(assertOutcome(messages, records([rejected]))).toMatchObject({
    asExpected: true,
    outcome: 'rejected',
    reason: 'not-json',
  });
  expect(
    assertOutcome(messages, records([rejected, closing(messages, 'delivered')])).asExpected,
  ).toBe(false);
});

test('there are 25 scenarios with distinct worker ids, and `after` names one of them', () => {
  const scenarios = scenariosFor('v1.0');
  const workers = scenarios.map((person) => person.worker);

  expect(new Set(workers).size).toBe(25);
  for (const person of scenarios) {
    if (person.after !== undefined) expect(workers).toContain(person.after);
  }
});

test('in the draft dialect only scenarios about the requests of one person have another outcome', () => {
  const usual = scenariosFor(undefined);
  const changed = scenariosFor('draft').filter(
    ({ expected }, index) => expected !== usual[index]?.expected,
  );
  expect(changed.map(({ worker, expected }) => [worker, expected])).toEqual([
    ['W-1004', 'delivered'],
    ['W-1005', 'timed-out'],
    ['W-1008', 'delivered'],
  ]);
  expect(scenariosFor('beta')).toEqual(usual);
});
