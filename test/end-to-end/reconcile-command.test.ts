import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReconcileReport, reportHash } from '../../shared/domain/reconcile/report';
import { createHoldings } from '../../shared/storage/holdings';
import { openTable } from '../../shared/storage/table';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { objectId, reconciliationOf } from '../resilience/reconciliation';
import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

// Each command is a process of its own, and a run of the app follows it.
jest.setTimeout(180_000);
// So many that those who lose a package are not a fifth of it: its list would be suspect.
const PEOPLE = 17;

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
let reports: string;
beforeAll(async () => {
  reports = await mkdtemp(join(tmpdir(), 'joinery-reports-'));
  const model = modelOf(
    [
      { key: 'sales', catalog: 'catalog' },
      { key: 'tools', catalog: 'catalog' },
      { key: 'finance', catalog: 'catalog' },
    ],
    [
      { id: 'sales-rule', department: 'Sales', packages: ['sales', 'tools'] },
      { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
    ],
  );
  stack = await startStack({
    now: new Date('2027-01-04T12:00:00Z'),
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ CALL_PATIENCE: '2s', RECONCILE_SCHEDULE: '0 0 3 1 1 *', RECONCILE_GRANT_LIMIT: '2' },
    },
    files: {
      GRAPH_TENANT: tenantOf(PEOPLE + 10),
      ACCESS_MODEL: { ...model, reconcile: { missing: 'repair' } },
    },
  });
  on = reconciliationOf(stack);
  const joiners = Array.from({ length: PEOPLE }, (_, n) =>
    joinerMessage(workerId(n), { department: n < PEOPLE - 1 ? 'Sales' : 'Finance' }),
  );
  await stack.send(joiners.map(({ body }) => body));
  await eventually('everybody has joined', async () => {
    const closed = (await on.claims()).filter(({ outcome }) => outcome === 'delivered');
    return closed.length === joiners.length;
  });
  // A fact of the last minutes is left to its own run.
  await stack.advance('20m');
}, 120_000);
afterAll(async () => {
  await stack.stop();
  await rm(reports, { recursive: true, force: true });
});

const joinery = (...args: string[]) => runCommand(args, { JOINERY_DATA_DIR: stack.dataDir });
const reconcile = (...args: string[]) => joinery('reconcile', '--reports', reports, ...args);
const reportIn = (stdout: string) => ReconcileReport.parse(JSON.parse(stdout));
const DECISION = ['--by', 'ann', '--reason', 'T-1'];

const auditRows = (): Promise<Row[]> => readTable(stack.storage, 'audit');

/** As if the event had never come: the access is not there, and no record of it either. */
async function lose(n: number, key: string): Promise<void> {
  for (const { id } of await on.assignmentsOf(n, key))
    await on.control('DELETE', `assignments/${id}`);
  const workers = openTable(stack.storage, 'workers');
  for (const holding of await createHoldings(workers).of([workerId(n)]))
    if (holding.packageKey === key)
      await workers.remove(workerId(n), `holding-${holding.targetId}-${key}`);
}
const graphWrites = async (): Promise<number> =>
  (await graphCalls(stack.graphUrl)).filter(({ method }) => method !== 'GET').length;
const isIdle = async (): Promise<boolean> =>
  (await stack.isQueueEmpty()) && (await on.claims()).every(({ state }) => state === 'closed');

test('without differences it ends with 0, shows its progress, and writes its report as JSON and as Markdown', async () => {
  // The command looks twice a second, and a list that takes longer is seen.
  await injectGraphFaults(stack.graphUrl, [
    { match: { method: 'GET', path: '/assignments$' }, answer: { delayMs: 1500 } },
  ]);
  const ended = await reconcile('--json', '--by', 'ann', '--reason', 'T-0');
  await on.control('DELETE', 'faults');
  expect(ended.stderr).toMatch(/\d+ of \d+ lists read/);
  expect(ended.code).toBe(0);
  const report = reportIn(ended.stdout);
  expect(report.state).toBe('clean');
  expect(report.hash).toBe(reportHash(report));
  const names = (await readdir(reports)).sort();
  expect(names).toEqual([`reconcile-${report.run}.json`, `reconcile-${report.run}.md`]);
  const [json = '', markdown = ''] = await Promise.all(
    names.map((name) => readFile(join(reports, name), 'utf8')),
  );
  expect(JSON.parse(json)).toEqual(report);
  expect(report.asked).toEqual({ by: 'ann', reason: 'T-0' });
  expect(markdown).toContain('started by ann');
  expect(markdown).toContain('Reason: T-0');
  const last = await reconcile('--last', '--json');
  expect([last.code, reportIn(last.stdout)]).toEqual([0, report]);
});

test('a report that cannot be written into its folder is printed, and the command says so', async () => {
  const { run } = reportIn((await reconcile('--last', '--json')).stdout);
  const folder = join(reports, 'taken');
  await mkdir(join(folder, `reconcile-${run}.json`), { recursive: true });
  const ended = await joinery('reconcile', '--last', '--json', '--reports', folder);
  expect([ended.code, reportIn(ended.stdout).run]).toEqual([0, run]);
  expect(ended.stderr).toContain(`cannot write into ${folder}: EISDIR`);
  expect(ended.stderr).not.toContain('report: ');
});

test.each([
  [['--package', 'nothing'], 'nothing'],
  [['--worker', 'W-999'], 'W-999'],
  [['--last', '--dry-run'], '--last'],
])('wrong use ends with 2 and starts nothing: %j', async (args, message) => {
  const before = (await on.claims()).length;
  const refused = await reconcile(...args);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain(message);
  expect((await on.claims()).length).toBe(before);
});

test('drift ends with 1, and people read what to do about it; one package or worker alone is compared where asked', async () => {
  await on.control('POST', 'assignments', { packageName: 'Package finance', userId: objectId(0) });
  const writes = await graphWrites();
  const all = await reconcile();
  expect(all.code).toBe(1);
  expect(all.stdout).toMatch(/theirs +W-100001 +finance +report +Ask its owner/);
  expect((await reconcile('--package', 'tools')).code).toBe(0);
  const one = reportIn((await reconcile('--worker', workerId(0), '--json')).stdout);
  expect(one.counts).toEqual({ theirs: 1 });
  expect(await graphWrites()).toBe(writes);
});

test('a list that fails ends with 3', async () => {
  const query = await on.packageId('sales');
  await injectGraphFaults(stack.graphUrl, [
    {
      match: { method: 'GET', path: '/assignments$', query },
      answer: { status: 400, code: 'BadRequest' },
    },
  ]);
  const ended = await reconcile();
  await on.control('DELETE', 'faults');
  expect(ended.code).toBe(3);
  expect(ended.stdout).toMatch(/sales +incomplete/);
});

describe('more repairs than the limit', () => {
  const lost = [1, 2, 3];
  const holders = async (): Promise<number> =>
    (await Promise.all(lost.map((n) => on.assignmentsOf(n, 'tools')))).flat().length;
  let brake = '';

  test('a dry run shows what would be held, and nothing can be decided of it', async () => {
    for (const n of lost) await lose(n, 'tools');
    const ended = await reconcile('--dry-run', '--json');
    expect(ended.code).toBe(4);
    const { brakes, asked } = reportIn(ended.stdout);
    expect(asked).toMatchObject({ dryRun: true });
    const [tripped] = brakes;
    expect(tripped).toMatchObject({ count: 3, limit: 2, state: 'held' });
    const refused = await joinery('release', tripped?.id ?? '', ...DECISION);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('no brake')]);
  });

  test('it ends with 4 and writes nothing; held lists the brake with everybody who waits', async () => {
    const writes = await graphWrites();
    const ended = await reconcile('--json');
    expect(ended.code).toBe(4);
    const report = reportIn(ended.stdout);
    brake = report.brakes[0]?.id ?? '';
    expect(await graphWrites()).toBe(writes);
    const { brakes } = JSON.parse((await joinery('held', '--json')).stdout) as {
      brakes: { id: string; people: { person: string; packages: string[] }[] }[];
    };
    expect(brakes.map(({ id }) => id)).toEqual([brake]);
    expect(brakes[0]?.people.map(({ person }) => person).sort()).toEqual(lost.map(workerId));
    expect((await joinery('held')).stdout).toContain(`joinery release ${brake} --by`);
  });

  test('a release repairs each once, and the audit has who decided and why', async () => {
    const released = await joinery('release', brake, ...DECISION, '--json');
    expect([released.code, JSON.parse(released.stdout)]).toEqual([
      0,
      { brake, state: 'released', by: 'ann', reason: 'T-1', people: 3 },
    ]);
    await eventually('the people have it again', async () => (await holders()) === 3);
    await eventually('all runs have ended', isIdle);
    const again = await joinery('release', brake, '--by', 'bob', '--reason', 'T-2');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(`brake ${brake} was released by ann (T-1)`);
    expect(await holders()).toBe(3);
    const rows = (await auditRows()).filter((row) => row['brake'] === brake);
    const decided = rows.filter(({ eventSource }) => eventSource === 'urn:joinery:reconcile');
    expect(decided[0]).toMatchObject({ decidedBy: 'ann', decisionReason: 'T-1' });
    expect((await joinery('held', '--json')).stdout).not.toContain(brake);
  });

  test('a discard repairs nobody, stands in the audit too, and is told to who decides again', async () => {
    await stack.advance('20m');
    for (const n of lost) await lose(n, 'tools');
    const { brakes } = reportIn((await reconcile('--json')).stdout);
    const id = brakes[0]?.id ?? '';
    const discarded = await joinery('discard', id, ...DECISION);
    expect([discarded.code, discarded.stdout]).toEqual([0, expect.stringContaining('3 people')]);
    await eventually('all runs have ended', isIdle);
    expect(await holders()).toBe(0);
    const rows = (await auditRows()).filter((row) => row['brake'] === id);
    expect(rows[0]).toMatchObject({ decidedBy: 'ann', decisionReason: 'T-1' });
    const late = await joinery('release', id, ...DECISION);
    expect(late.stderr).toContain(`brake ${id} was discarded by ann (T-1)`);
  });

  test('a release after a day is refused, and says to run again', async () => {
    const { brakes } = reportIn((await reconcile('--json')).stdout);
    await stack.advance('25h');
    const refused = await joinery('release', brakes[0]?.id ?? '', ...DECISION);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('run joinery reconcile again'),
    ]);
    expect(await holders()).toBe(0);
  });
});

test('a list that has shrunk ends with 3 until somebody says that it is true', async () => {
  for (let n = 4; n < 10; n += 1)
    for (const { id } of await on.assignmentsOf(n, 'tools'))
      await on.control('DELETE', `assignments/${id}`);
  const suspect = await reconcile('--package', 'tools');
  expect(suspect.code).toBe(3);
  expect(suspect.stdout).toMatch(/tools +suspect +7 +shrunk/);
  const refused = await reconcile('--accept-lists', ...DECISION);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--package')]);
  const accepted = await reconcile('--package', 'tools', '--accept-lists', ...DECISION, '--json');
  // What is lost since the tests before is missing, and more than the limit of repairs.
  expect(accepted.code).toBe(4);
  expect(reportIn(accepted.stdout).counts).toEqual({ missing: 3, taken: 6 });
  const { code, stdout } = await reconcile('--package', 'tools', '--json');
  expect(code).toBe(4);
  expect(reportIn(stdout).scopes).toMatchObject([{ state: 'complete', holders: 7 }]);
});

test('one worker who was left out was not compared: it ends with 3 and says so', async () => {
  const joiner = joinerMessage(workerId(PEOPLE), { department: 'Finance' });
  await stack.send([joiner.body]);
  await eventually('they have joined', async () =>
    (await on.claims()).some(
      ({ partitionKey, state }) => partitionKey === joiner.eventHash && state === 'closed',
    ),
  );
  const ended = await reconcile('--worker', workerId(PEOPLE), '--dry-run');
  expect(ended.code).toBe(3);
  expect(ended.stdout).toContain(`${workerId(PEOPLE)} was not compared: HR had spoken of them`);
  expect(ended.stdout).toContain('A dry run: nothing was repaired');
  expect((await reconcile('--last')).code).toBe(3);
});
