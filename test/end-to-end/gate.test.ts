import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { eventually } from '../support/eventually';
import { messageOf, SOURCE, type TestMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { graphCalls } from '../support/simulator';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const DAY = 86_400_000;
const EM = '/v1.0/identityGovernance/entitlementManagement';
const LIMIT = 3;

const files = {
  GRAPH_TENANT: tenantOf(40),
  ACCESS_MODEL: modelOf(
    [
      { key: 'package', catalog: 'catalog' },
      { key: 'other', catalog: 'catalog' },
    ],
    [
      { id: 'rule', department: 'Sales', packages: ['package'] },
      { id: 'other-rule', department: 'Finance', packages: ['other'] },
    ],
  ),
};
const env = {
  ...{ GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '10' },
  REMOVAL_SETTLE: '15m',
  REMOVAL_LIMIT: String(LIMIT),
  URGENT_REMOVAL_LIMIT: '1',
  // Not before Graph has forgotten: the test moves the clock.
  ...{ DELIVERY_DEADLINE: '30d', CALL_PATIENCE: '30d' },
};

let number = 0;
function eventOf(kind: string, person: number, data: object) {
  number += 1;
  return {
    ...{ specversion: '1.0', id: `${kind}-${number}`, source: SOURCE },
    ...{ type: `hr.worker.${kind}.v1`, data: { workerId: workerId(person), ...data } },
    time: new Date(Date.parse('2026-11-20T09:30:00Z') + number * 1000).toISOString(),
  };
}

describe('in enforce', () => {
  let stack: TestStack;
  const sent: TestMessage[] = [];
  beforeAll(async () => {
    stack = await startStack({ env, files });
  });
  afterAll(() => stack.stop());

  async function send(...events: object[]): Promise<void> {
    sent.push(...events.map((event) => messageOf(event as { source: string; id: string })));
    await stack.send(events);
  }
  const day = (days: number): string =>
    new Date(stack.now().getTime() + days * DAY).toISOString().slice(0, 10);
  const people = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const outcomes = async () =>
    (await readTable(stack.storage, 'claims', `state eq 'closed'`)).map((row) => row['outcome']);
  const closed = (count: number) =>
    eventually(`${count} events are closed`, async () => (await outcomes()).length === count);
  const joinery = async (...args: string[]) => {
    const { stdout } = await runCommand([...args, '--json'], { JOINERY_DATA_DIR: stack.dataDir });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const waiting = async (kind: string, count: number) =>
    eventually(`${count} events wait as ${kind}`, async () => {
      const { events } = (await joinery('list')) as { events: { waitingFor?: string }[] };
      return events.filter(({ waitingFor }) => waitingFor === kind).length === count;
    });
  const removals = async () => {
    const answer = await fetch(`${stack.graphUrl}${EM}/assignmentRequests?$expand=assignment`);
    const { value } = (await answer.json()) as { value: { requestType: string }[] };
    return value.filter(({ requestType }) => requestType === 'adminRemove').length;
  };
  async function hire(...who: number[]): Promise<void> {
    const before = (await outcomes()).length;
    const startDate = day(-30);
    const attributes = { department: 'Sales' };
    await send(...who.map((one) => eventOf('joined', one, { startDate, attributes })));
    await closed(before + who.length);
  }

  test('a wave of leavers and movers: nobody loses anything, one alert, and released each loses it once', async () => {
    const wave = people(0, 6);
    await hire(...wave);
    const [mover = 0, ...leavers] = wave;
    await send(
      eventOf('moved', mover, { effectiveDate: day(0), attributes: { department: 'Finance' } }),
      ...leavers.map((one) => eventOf('left', one, { lastDay: day(-2) })),
    );
    await waiting('settling', 6);
    expect(await removals()).toBe(0);

    await stack.advance('15m');
    await waiting('held', 6);
    expect(await removals()).toBe(0);
    expect(stack.log.filter((line) => line.includes('"what":"removal-brake"'))).toHaveLength(1);
    const { brakes } = (await joinery('held')) as { brakes: { id: string; people: object[] }[] };
    expect(brakes).toMatchObject([{ id: 'usual-1' }]);
    expect(brakes[0]?.people).toHaveLength(6);

    await joinery('release', 'usual-1', '--by', 'ann', '--reason', 'INC-1');
    await closed(12);
    expect(await removals()).toBe(6);
    const revoked = await readTable(
      stack.storage,
      'audit',
      `outcome eq 'revoked' and kind eq 'settled'`,
    );
    expect(revoked).toHaveLength(6);
    for (const row of revoked)
      expect(row).toMatchObject({ brake: 'usual-1', decidedBy: 'ann', decisionReason: 'INC-1' });
  }, 180_000);

  test('a wave that somebody discards: nobody loses anything, and the events say who decided', async () => {
    const before = { removals: await removals(), closed: (await outcomes()).length };
    const wave = people(10, 5);
    await hire(...wave);
    await send(...wave.map((one) => eventOf('left', one, { lastDay: day(-2) })));
    await waiting('settling', 5);
    await stack.advance('15m');
    await waiting('held', 5);
    await joinery('discard', 'usual-2', '--by', 'bob', '--reason', 'INC-2');
    await closed(before.closed + 10);
    expect((await outcomes()).filter((outcome) => outcome === 'discarded')).toHaveLength(5);
    expect(await removals()).toBe(before.removals);
    const rows = await readTable(
      stack.storage,
      'audit',
      `outcome eq 'discarded' and kind eq 'settled'`,
    );
    for (const row of rows) expect(row).toMatchObject({ action: 'revoke', decidedBy: 'bob' });
    expect(rows).toHaveLength(5);
  }, 180_000);

  test('within the limit leavers go after the settle time, an urgent one goes at once', async () => {
    await stack.advance('2h');
    const before = { removals: await removals(), closed: (await outcomes()).length };
    await hire(20, 21, 22);
    await send(eventOf('left', 20, { endsAt: stack.now().toISOString() }));
    await closed(before.closed + 4);
    expect(await removals()).toBe(before.removals + 1);

    await send(...[21, 22].map((one) => eventOf('left', one, { lastDay: day(-2) })));
    await waiting('settling', 2);
    expect(await removals()).toBe(before.removals + 1);
    await stack.advance('15m');
    await closed(before.closed + 6);
    expect(await removals()).toBe(before.removals + 3);
    // Nothing of those who have gone waits any more.
    const range = `RowKey ge 'waiting-' and RowKey lt 'waiting.'`;
    expect(await readTable(stack.storage, 'removals', range)).toEqual([]);
  }, 180_000);

  test('every invariant holds', async () => {
    expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
  });
});

describe('in observe', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({ env: { ...env, MODE: 'observe' }, files });
  });
  afterAll(() => stack.stop());

  test('an event closes as observed, with what would be done, and Graph receives no write', async () => {
    const attributes = { department: 'Sales' };
    const event = eventOf('joined', 1, { startDate: '2026-11-23', attributes });
    await stack.send([event]);
    await eventually('the event is closed', async () => {
      const [claim] = await readTable(stack.storage, 'claims', `state eq 'closed'`);
      return claim?.['outcome'] === 'observed';
    });
    const rows: Row[] = await readTable(stack.storage, 'audit');
    expect(
      rows.map(({ kind, action, outcome, packageKey }) => [kind, action, outcome, packageKey]),
    ).toEqual([
      ['settled', 'grant', 'would-grant', 'package'],
      ['closing', undefined, 'observed', undefined],
    ]);
    const writes = (await graphCalls(stack.graphUrl)).filter(({ method }) => method !== 'GET');
    expect(writes).toEqual([]);
    expect(violations(await collectEvidence(stack), { sent: [messageOf(event)] })).toEqual([]);
  });
});
