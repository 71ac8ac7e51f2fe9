import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastReport, readReport } from '../../shared/reconcile/report';
import { createWorkers } from '../../shared/storage/workers';
import { openTable } from '../../shared/storage/table';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { BY_HAND, objectId, reconciliationOf } from '../resilience/reconciliation';
import { eventually } from '../support/eventually';
import { joinerMessage, SOURCE, type TestMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { graphCalls } from '../support/simulator';
import { startStack, type TestStack } from '../support/test-stack';

const START = new Date('2027-01-04T12:00:00Z');
/** Everybody who has joined by an event at the beginning. */
const JOINED = 25;
const everybody = Array.from({ length: JOINED }, (_, n) => n);
const sent: TestMessage[] = [];

jest.setTimeout(240_000);

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
let workers: ReturnType<typeof createWorkers>;
beforeAll(async () => {
  const model = modelOf(
    [
      { key: 'sales', catalog: 'catalog' },
      { key: 'finance', catalog: 'catalog' },
    ],
    [
      { id: 'sales-rule', department: 'Sales', packages: ['sales'] },
      { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
    ],
  );
  stack = await startStack({
    now: START,
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{
        CALL_PATIENCE: '2s',
        RECONCILE_SCHEDULE: '0 0 3 * * *',
        RECONCILE_ROSTER_SOURCE: SOURCE,
      },
    },
    files: {
      GRAPH_TENANT: tenantOf(40),
      ACCESS_MODEL: { ...model, reconcile: { missing: 'repair', 'extra-ours': 'repair' } },
      RECONCILE_ROSTER: [],
      RECONCILE_ROSTER_MAP: {
        ...{ Number: 'workerId', First: 'from', Zone: 'timeZone', Dept: 'attributes.department' },
        Name: null,
      },
    },
  });
  on = reconciliationOf(stack);
  workers = createWorkers(openTable(stack.storage, 'workers'));
  await joined(...everybody);
  await stack.advance('20m');
}, 120_000);
afterAll(() => stack.stop());

/** Sends the event of each joiner and waits until it is closed. */
async function joined(...numbers: number[]): Promise<(string | undefined)[]> {
  const messages = numbers.map((n) => joinerMessage(workerId(n), { department: 'Sales' }));
  sent.push(...messages);
  await stack.send(messages.map(({ body }) => body));
  const hashes = new Set(messages.map(({ eventHash }) => eventHash));
  const ofEvents = async () =>
    (await on.claims()).filter(({ partitionKey }) => hashes.has(partitionKey));
  await eventually('the events are closed', async () => {
    const found = await ofEvents();
    return found.length === numbers.length && found.every(({ state }) => state === 'closed');
  });
  return (await ofEvents()).map(({ outcome }) => outcome as string | undefined);
}

type Row = Record<string, string | null>;
const rowOf = (n: number, more: Row = {}): Row => ({
  ...{ Number: workerId(n), First: '2026-11-23', Zone: 'Europe/Berlin', Dept: 'Sales' },
  ...{ Name: 'CANARY', ...more },
});

/** Puts a roster of now in place of the last one. */
async function putRoster(rows: readonly Row[]): Promise<void> {
  const file = join(stack.dataDir, 'reconcile_roster.json');
  await writeFile(file, JSON.stringify(rows));
  await utimes(file, stack.now(), stack.now());
}

const lastReportOf = async () => {
  const report = await readReport(on.staging, (await lastReport(on.staging)) ?? '');
  if (report === undefined) throw new Error('no run has a report');
  return report;
};
const requestsFor = async (n: number) =>
  (await on.state()).requests.filter(({ targetId }) => targetId === objectId(n)).length;

/** Runs, and answers what the run has written to Graph with its rechecks, too. */
async function runOnce(options: Parameters<typeof on.reconcile>[0] = {}) {
  const before = (await graphCalls(stack.graphUrl)).length;
  const run = await on.reconcile(options);
  const calls = (await graphCalls(stack.graphUrl)).slice(before);
  return { ...run, writes: calls.filter(({ method }) => method !== 'GET').length };
}

test('a lost joiner in the roster gets access within one run and once, and the event that turns up later changes nothing', async () => {
  await putRoster([...everybody, 25].map((n) => rowOf(n)));
  const { named, report } = await runOnce();
  expect(named).toEqual([
    `missing ${workerId(25)} sales repair`,
    `roster-only ${workerId(25)} report`,
  ]);
  expect(report?.roster).toEqual({ state: 'complete', workers: 26, facts: 1 });
  const fromRoster = report?.findings.find(({ kind }) => kind === 'roster-only');
  expect(fromRoster?.next).toContain('this run has taken');
  expect((await on.assignmentOf(25, 'sales')).state).toMatch(/^delivered$/i);
  expect(await requestsFor(25)).toBe(1);

  expect(await joined(25)).toEqual(['superseded']);
  await stack.advance('20m');
  const again = await runOnce();
  expect([again.report?.state, again.named, again.writes]).toEqual(['clean', [], 0]);
  expect(again.report?.roster).toEqual({ state: 'complete', workers: 26, facts: 0 });
  expect(await requestsFor(25)).toBe(1);
  expect(await workers.facts(workerId(25))).toHaveLength(2);
});

test('a joiner whose event comes first and whose row in the roster second gets access once', async () => {
  expect(await joined(26)).toEqual(['delivered']);
  await stack.advance('20m');
  await putRoster([...everybody, 25, 26].map((n) => rowOf(n)));
  const { named, report, writes } = await runOnce();
  expect([named, writes, report?.roster?.facts]).toEqual([[], 0, 0]);
  expect(await requestsFor(26)).toBe(1);
});

test('a joiner whose event turns up while the run reads the roster gets access once', async () => {
  await putRoster([...everybody, 25, 26, 27].map((n) => rowOf(n)));
  await Promise.all([runOnce(), joined(27)]);
  await stack.advance('20m');
  expect((await runOnce()).named).toEqual([]);
  expect((await on.assignmentOf(27, 'sales')).state).toMatch(/^delivered$/i);
  expect(await requestsFor(27)).toBe(1);
});

test('a roster cut in half is incomplete: nobody is removed, nothing of it counts and nothing is repaired by it', async () => {
  const factsBefore = await Promise.all([0, 1, 28].map((n) => workers.facts(workerId(n))));
  await putRoster([
    rowOf(0, { Dept: 'Finance' }),
    ...everybody.slice(1, 13).map((n) => rowOf(n)),
    rowOf(28),
  ]);
  const { named, report, claim, writes } = await runOnce();
  expect(report?.roster).toEqual({ state: 'incomplete', workers: 14, facts: 0, why: 'shrunk' });
  expect([claim['outcome'], named, writes]).toEqual(['incomplete', [], 0]);
  expect(await Promise.all([0, 1, 28].map((n) => workers.facts(workerId(n))))).toEqual(factsBefore);
  // It is not the last roster to which the next is compared.
  expect((await runOnce()).report?.roster?.why).toBe('shrunk');
  const shown = await runCommand(['reconcile', '--last', '--reports', stack.dataDir], {
    JOINERY_DATA_DIR: stack.dataDir,
  });
  expect(shown.code).toBe(3);
  expect(shown.stdout).toContain('roster: incomplete (shrunk), 14 workers, 0 new facts');
});

test('a worker who is not in the roster is named and keeps everything', async () => {
  const present = [...everybody, 25, 26, 27].filter((n) => n !== 3);
  await putRoster(present.map((n) => rowOf(n)));
  const { named, report, writes } = await runOnce();
  expect([report?.state, named, writes]).toEqual([
    'drift',
    [`absent-from-roster ${workerId(3)} report`],
    0,
  ]);
  expect((await on.assignmentOf(3, 'sales')).state).toMatch(/^delivered$/i);
});

test('a dry run names a worker of the roster without events, and whom the roster would change, and makes no fact of it', async () => {
  await putRoster([
    rowOf(0, { Dept: 'Finance' }),
    ...[...everybody, 25, 26, 27, 28].filter((n) => n > 0).map((n) => rowOf(n)),
  ]);
  const { named, report } = await runOnce({ dryRun: true });
  expect(named).toEqual([`roster-only ${workerId(28)} report`]);
  const changes = [workerId(0), workerId(28)];
  expect(report?.roster).toEqual({ state: 'complete', workers: 29, facts: 2, changes });
  expect(report?.findings[0]?.next).toContain('a dry run takes nothing');
  expect(await workers.facts(workerId(28))).toEqual([]);
  expect(await workers.facts(workerId(0))).toHaveLength(1);
});

test('a row that moves a worker becomes a fact, and who leaves by it loses the package by the rules for removals', async () => {
  await putRoster([
    rowOf(0, { Dept: 'Finance' }),
    ...[...everybody, 25, 26, 27].filter((n) => n > 0).map((n) => rowOf(n)),
  ]);
  const { named, report } = await runOnce();
  expect(report?.roster?.facts).toBe(1);
  // No removal is asked for without a decision.
  expect(named).toEqual([
    `extra-ours ${workerId(0)} sales held`,
    `missing ${workerId(0)} finance repair`,
  ]);
  expect((await on.assignmentOf(0, 'sales')).state).toMatch(/^delivered$/i);
});

test('a roster with a faulty row is incomplete, and the log says where without a value of it', async () => {
  const rows = [...everybody, 25, 26, 27].map((n) => rowOf(n));
  await putRoster([...rows, rowOf(29, { First: 'CANARY' })]);
  const { report } = await runOnce();
  expect(report?.roster).toMatchObject({ state: 'incomplete', why: 'faulty-rows', facts: 0 });
  const lines = stack.log.filter((line) => line.includes('roster-fault'));
  expect(lines.join('\n')).toMatch(/"column":"First"/);
  expect(stack.log.filter((line) => line.includes('CANARY'))).toEqual([]);
  expect(await workers.facts(workerId(29))).toEqual([]);
});

test('the run of the timer gives a lost joiner access, without anybody who asks for it', async () => {
  await putRoster([...everybody, 25, 26, 27, 28].map((n) => rowOf(n)));
  await stack.advance(new Date('2027-01-05T03:00:01Z'));
  await eventually('the joiner has access', async () => {
    const { state } = await on.assignmentOf(28, 'sales').catch(() => ({ state: '' }));
    return /^delivered$/i.test(state);
  });
  await eventually('all runs have ended', async () =>
    (await on.claims()).every(({ state }) => state === 'closed'),
  );
  expect(await requestsFor(28)).toBe(1);
  const report = await lastReportOf();
  expect(report.startedAt).toMatch(/^2027-01-05T03:0/);
  const own = report.findings.filter(({ workerId: who }) => who === workerId(28));
  expect(own.map(({ kind, remedy }) => `${kind} ${remedy}`).sort()).toEqual([
    'missing repair',
    'roster-only report',
  ]);
});

test('every invariant holds', async () => {
  expect(violations(await collectEvidence(stack), { sent, others: [BY_HAND] })).toEqual([]);
});
