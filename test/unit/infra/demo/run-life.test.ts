import { type LifeStep, lifeSteps } from '../../../../infra/local/demo/life';
import type { AuditLine } from '../../../../infra/local/demo/assertion';
import { assertStep } from '../../../../infra/local/demo/run-life';

const line = (columns: Partial<AuditLine>): AuditLine => ({
  ...{ partitionKey: 'event', rowKey: '1-0001', recordedAt: '2027-01-04T08:00:00Z' },
  kind: 'closing',
  ...columns,
});

const joins: LifeStep = {
  ...{ at: '2027-01-04T08:00:00.000Z', worker: 'W-1', description: 'joins', eventHash: 'event' },
  ...{ expected: 'delivered', holds: ['Finance'] },
  ...{ actAt: '2027-01-04 00:00', readyBy: '2027-01-04 09:00' },
};
const delivered = line({
  ...{ outcome: 'delivered', actAt: '2027-01-04T00:00:00.000Z' },
  ...{ readyBy: '2027-01-04T09:00:00.000Z', marginMinutes: 59.5 },
});
const closed = new Map([['event', { state: 'closed', outcome: 'delivered' }]]);
const started = new Map([['event', { state: 'started' }]]);

test('a step is as expected if claim, closing row and what the person has agree', () => {
  const result = assertStep(joins, { audit: [delivered], claims: closed }, ['Finance']);
  expect(result).toMatchObject({ outcome: 'delivered', marginMinutes: 59.5, asExpected: true });
});

test.each([
  [
    'the person has something else',
    [delivered],
    closed,
    ['Finance', 'Sales'],
    'packages: Finance, Sales, expected Finance',
  ],
  ['the person has nothing', [delivered], closed, [], 'packages: none, expected Finance'],
  [
    'the claim says another outcome than the row',
    [{ ...delivered, outcome: 'failed' }],
    closed,
    ['Finance'],
    'outcome of the closing row: failed, expected delivered',
  ],
  [
    'there are two closing rows',
    [delivered, delivered],
    closed,
    ['Finance'],
    'closing rows: 2, expected 1',
  ],
  [
    'it was to be done at another time',
    [{ ...delivered, actAt: '2027-01-05' }],
    closed,
    ['Finance'],
    'act at: 2027-01-05, expected 2027-01-04 00:00',
  ],
  [
    'access came too late',
    [{ ...delivered, marginMinutes: -1 }],
    closed,
    ['Finance'],
    'access came too late',
  ],
])('a step is not as expected if %s', (_, audit, claims, holds, expected) => {
  const { asExpected, faults } = assertStep(joins, { audit, claims }, holds);
  expect(asExpected).toBe(false);
  expect(faults).toEqual([expected]);
});

test('when a step was due is what its own row says, not that of the event', () => {
  const grant = line({ ...delivered, kind: 'settled', step: 'assign', actAt: '2026-12-21T00:00' });
  const early = { ...joins, actAt: '2026-12-21 00:00' };
  const records = { audit: [grant, delivered], claims: closed };
  expect(assertStep(early, records, ['Finance']).faults).toEqual([]);
});

test('an event that waits shows for what and, if that is a date, until when', () => {
  const waits = line({
    ...{ kind: 'waiting', waitingFor: 'parked', waitingUntil: '2027-01-18T00:00:00.000Z' },
  });
  const ahead = { ...joins, expected: 'parked until 2027-01-18 00:00', holds: [] };
  delete ahead.actAt;
  delete ahead.readyBy;
  expect(assertStep(ahead, { audit: [waits], claims: started }, [])).toMatchObject({
    ...{ outcome: 'parked until 2027-01-18 00:00', asExpected: true },
  });
  const nothing = assertStep(ahead, { audit: [], claims: started }, []);
  expect(nothing).toMatchObject({ outcome: 'nothing yet', asExpected: false });
});

test('the steps are in the order of time, and each time that an event waits for has a step', () => {
  expect(lifeSteps).toHaveLength(16);
  const times = lifeSteps.map(({ at }) => at);
  expect(times.toSorted()).toEqual(times);
  for (const { eventHash, expected } of lifeSteps) {
    const [, until] = /^parked until (.*)$/.exec(expected) ?? [];
    if (until === undefined) continue;
    const later = lifeSteps.filter((step) => step.eventHash === eventHash).map(({ at }) => at);
    expect(later).toContain(new Date(`${until}Z`).toISOString());
  }
});
