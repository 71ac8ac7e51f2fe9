import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence, readGraph, type GraphState } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { accountOf, baselineOf, BY_HAND, idOfPackage, numberOf } from '../support/baseline';
import { messageOf, SOURCE, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { runCommand } from '../support/run-command';
import { graphCalls } from '../support/simulator';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* 2,000 people with 5,000 assignments, who were there before Joinery. */

const SIZE = 2_000;
/** Some 15,000 calls of Azurite and 2,000 of Graph, on a machine that does other things too. */
const LONG_MS = 600_000;
const baseline = baselineOf(SIZE);
let stack: TestStack;
let args: string[];
let model: string;

beforeAll(async () => {
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms', REMOVAL_SETTLE: '0s' },
    files: { GRAPH_TENANT: baseline.tenant, ACCESS_MODEL: baseline.model },
  });
  const [roster, map] = [join(stack.dataDir, 'roster.csv'), join(stack.dataDir, 'map.json')];
  await writeFile(roster, baseline.roster);
  await writeFile(map, JSON.stringify(baseline.map));
  const of = ['--source', SOURCE, '--as-of', '2026-11-01T00:00:00Z'];
  args = ['load', roster, '--map', map, ...of];
  model = join(stack.dataDir, 'access_model.json');
});
afterAll(() => stack.stop());

type Output = {
  notes: string[];
  facts: { new: number; unchanged: number };
  access: Record<string, number>;
};

async function joinery(...command: string[]): Promise<unknown> {
  const settings = { JOINERY_DATA_DIR: stack.dataDir, ACCESS_MODEL: model };
  const { code, stdout, stderr } = await runCommand([...command, '--json'], settings);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

const load = async (...more: string[]) => (await joinery(...args, ...more)) as Output;

const state = async (): Promise<GraphState> => (await readGraph(stack.graphUrl)).graph;
const isActive = ({ state: one }: { state: string }): boolean => one === 'delivered';
const activeIds = async (): Promise<string[]> =>
  (await state()).assignments
    .filter(isActive)
    .map(({ id }) => id)
    .sort();
const rows = (start: string): Promise<Row[]> =>
  readTable(stack.storage, 'workers', `RowKey ge '${start}-' and RowKey lt '${start}.'`);
/** What a row says, without the times at which it was written. */
const essence = (all: readonly Row[]) =>
  all
    .map(({ partitionKey, rowKey, assignmentId, whose, states }) =>
      [partitionKey, rowKey, assignmentId, whose, states].join(' '),
    )
    .sort();

let before: string[];
let adopted: string[];

test(
  'a load that is killed half way and run again ends as one that was never interrupted',
  async () => {
    before = await activeIds();
    expect(baseline.held).toBe(5_000);
    expect(await joinery('model', 'apply', '--yes')).toMatchObject({ applied: true });
    const program = join(projectRoot(), 'dist', 'cli', 'main.js');
    const env = { PATH: process.env['PATH'] ?? '', JOINERY_DATA_DIR: stack.dataDir };
    const child = spawn(process.execPath, [program, ...args, '--yes'], { env, stdio: 'ignore' });
    const exit = once(child, 'exit');
    await eventually('some people are stored', async () => {
      return (await rows('fact')).length > SIZE / 10 ? true : undefined;
    });
    child.kill('SIGKILL');
    await exit;
    const stored = (await rows('fact')).length;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(SIZE);

    const rest = await load('--yes');
    expect(rest.notes).toEqual([]);
    expect(rest.facts).toEqual({ new: SIZE - stored, unchanged: stored });
    expect((rest.access['adopt'] ?? 0) + (rest.access['known'] ?? 0)).toBe(baseline.access.adopt);
    const facts = await rows('fact');
    expect(new Set(facts.map(({ partitionKey }) => partitionKey)).size).toBe(SIZE);
    expect(facts).toHaveLength(SIZE);
    const holdings = await rows('holding');
    expect(holdings).toHaveLength(baseline.access.adopt);
    adopted = holdings.map(({ assignmentId }) => String(assignmentId));
  },
  LONG_MS,
);

test(
  'the same roster again changes nothing',
  async () => {
    const [facts, holdings] = [essence(await rows('fact')), essence(await rows('holding'))];
    const { adopt, ...left } = baseline.access;
    expect(await load('--yes')).toMatchObject({
      ...{ facts: { new: 0, unchanged: SIZE }, access: { ...left, known: adopt } },
    });
    expect(essence(await rows('fact'))).toEqual(facts);
    expect(essence(await rows('holding'))).toEqual(holdings);
  },
  LONG_MS,
);

test('nothing was written to Graph, nobody lost or got anything, and no run was started', async () => {
  const calls = await graphCalls(stack.graphUrl);
  expect(calls.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(await activeIds()).toEqual(before);
  expect(await readTable(stack.storage, 'claims')).toEqual([]);
  expect(await readTable(stack.storage, 'due')).toEqual([]);
});

const sent: TestMessage[] = [];

/** Sends what HR says of a person, and answers the claim when it is closed. */
async function say(n: number, kind: string, data: object): Promise<Row> {
  const workerId = numberOf(n);
  const event = {
    ...{ specversion: '1.0', id: `${workerId}-${kind}`, source: SOURCE },
    ...{ type: `hr.worker.${kind}.v1`, time: '2026-11-20T09:30:00Z', data: { workerId, ...data } },
  };
  const message = messageOf(event);
  sent.push(message);
  await stack.send([message.body]);
  return eventually('the event is closed', async () => {
    const filter = `PartitionKey eq '${message.eventHash}' and RowKey eq 'claim'`;
    const [claim] = await readTable(stack.storage, 'claims', filter);
    return claim?.['state'] === 'closed' ? claim : undefined;
  });
}

const leave = (n: number): Promise<Row> => say(n, 'left', { lastDay: '2026-11-20' });

const held = async (n: number): Promise<string[]> =>
  (await state()).assignments
    .filter((one) => isActive(one) && one.targetId === accountOf(n))
    .map(({ packageId }) => packageId)
    .sort();
const ids = (...keys: string[]): string[] => keys.map(idOfPackage).sort();

test('somebody who was loaded and leaves loses exactly what was adopted', async () => {
  // Of Finance, with a package that no model names.
  expect(await held(0)).toEqual(ids('badge', 'books', 'legacy', 'mail'));
  expect(await leave(0)).toMatchObject({ outcome: 'revoked' });
  expect(await held(0)).toEqual(ids('legacy'));

  // Of Sales, with a phone by a rule of Entra, and a desk that the model does not give to Sales.
  expect(await held(1)).toEqual(ids('badge', 'desk', 'mail', 'phone'));
  expect(await leave(1)).toMatchObject({ outcome: 'revoked' });
  expect(await held(1)).toEqual(ids('desk', 'phone'));

  const now = new Set(await activeIds());
  const lost = before.filter((id) => !now.has(id));
  expect(lost).toHaveLength(5);
  expect(lost.every((id) => adopted.includes(id))).toBe(true);
});

test('an event of somebody who was loaded is planned from the roster too, and can be explained', async () => {
  // The roster says Sales and had no badge for them; HR says that they have joined Sales.
  expect(await held(9)).toEqual(ids('desk', 'mail', 'phone'));
  const attributes = { department: 'Sales' };
  expect(await say(9, 'joined', { startDate: '2020-01-01', attributes })).toMatchObject({
    outcome: 'delivered',
  });
  expect(await held(9)).toEqual(ids('badge', 'desk', 'mail', 'phone'));
  expect(await joinery('explain', `${numberOf(1)}-left`)).toMatchObject({
    attempts: [
      {
        steps: expect.arrayContaining([
          expect.objectContaining({
            ...{ action: 'revoke', packageKey: 'badge', whose: 'ours' },
            facts: expect.arrayContaining([
              expect.objectContaining({ type: 'hr.worker.snapshot.v1' }),
            ]) as object[],
          }),
        ]) as object[],
      },
    ],
  });
  expect(await joinery('person', numberOf(2))).toMatchObject({
    has: ['badge', 'mail', 'tools'].map((packageKey) => ({
      ...{ packageKey, whose: 'ours', ruleNow: { ruleId: packageKey } },
      event: { type: 'hr.worker.snapshot.v1' },
    })),
  });
});

test('every invariant holds', async () => {
  const evidence = await collectEvidence(stack);
  const packages = evidence.graph.accessPackages.map(({ displayName }) => displayName);
  expect(violations(evidence, { sent, others: [BY_HAND], adopted, packages })).toEqual([]);
});
