import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, lifecycleEvent, messageOf, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* More people start in a week than the rate permits at once; somebody who starts today and an urgent leaver come behind them. */

/** Calls a second: 57 writes at once, then one every 2.5 seconds. */
const RATE = 0.4;
const AT_ONCE = 57;
const LATER = 72;

const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');
const tenant = JSON.parse(readFileSync(tenantFile, 'utf8')) as object;
const worker = (n: number): string => `W-${2_000 + n}`;

let stack: TestStack;
beforeAll(async () => {
  const workers = [{ from: worker(0), to: worker(LATER + 1) }];
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '100', GRAPH_WRITE_RATE: `${RATE}` },
    files: { GRAPH_TENANT: { ...tenant, workers } },
  });
});
afterAll(() => stack.stop());

const day = (ahead: number): string =>
  new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

const attributes = { department: 'Finance', workerType: 'employee' };
const joiner = (n: number, startDate: string): TestMessage => {
  const data = { ...{ startDate, attributes }, employmentId: undefined, sequence: undefined };
  return messageOf(joinerEvent(worker(n), { data: { ...data, endDate: undefined } }));
};

const untilClosed = (messages: readonly TestMessage[], seconds: number): Promise<boolean> =>
  eventually(
    `${messages.length} events are closed`,
    async () => {
      const claims = await readTable(stack.storage, 'claims', "RowKey eq 'claim'");
      const closed = new Set(
        claims.filter(({ state }) => state === 'closed').map(({ partitionKey }) => partitionKey),
      );
      return messages.every(({ eventHash }) => closed.has(eventHash));
    },
    { seconds, everyMs: 500 },
  );

test('an urgent leaver and who starts today go before those who start in a week, and the rate is kept', async () => {
  const employee = joiner(0, day(-30));
  await stack.send([employee.body]);
  await untilClosed([employee], 30);

  const later = Array.from({ length: LATER }, (_, n) => joiner(n + 2, day(7)));
  const today = joiner(1, day(0));
  const endsAt = new Date(Date.now() - 1_000).toISOString();
  const gone = messageOf(
    lifecycleEvent('left', worker(0), { endsAt }, { id: 'gone', time: new Date().toISOString() }),
  );
  const since = (await graphCalls(stack.graphUrl)).at(-1)?.n;
  await stack.send([...later, today, gone].map(({ body }) => body));
  await untilClosed([...later, today, gone], 150);

  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent: [employee, ...later, today, gone] })).toEqual([]);
  const endOf = ({ eventHash }: TestMessage) => {
    const row = evidence.tables.audit.find(
      ({ kind, partitionKey }) => kind === 'closing' && partitionKey === eventHash,
    );
    return { outcome: row?.['outcome'], at: Date.parse(String(row?.['recordedAt'])) };
  };
  expect(endOf(gone).outcome).toBe('revoked');
  for (const one of [today, ...later]) expect(endOf(one).outcome).toBe('delivered');

  // One of those who came before them is delivered while they are, at most two have just been admitted.
  const waiting = LATER - AT_ONCE;
  const endedAfter = (one: TestMessage): number =>
    later.filter((other) => endOf(other).at > endOf(one).at).length;
  expect(endedAfter(gone)).toBeGreaterThan(waiting / 2);
  expect(endedAfter(today)).toBeGreaterThan(waiting / 2);

  const writes = (await graphCalls(stack.graphUrl, since)).filter(
    ({ method }) => method === 'POST',
  );
  expect(writes).toHaveLength(LATER + 2);
  const seconds = (Date.parse(writes.at(-1)?.at ?? '') - Date.parse(writes[0]?.at ?? '')) / 1000;
  expect(writes.length).toBeLessThanOrEqual(150 * RATE + RATE * seconds);
}, 240_000);
