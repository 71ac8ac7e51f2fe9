import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorkers } from '../../../shared/storage/workers';
import { accountOf, baselineOf, idOfPackage, numberOf } from '../../support/baseline';
import { runCommand } from '../../support/run-command';
import { readTable, type Row } from '../../support/tables';
import { openTenant, type Tenant } from './tenant';

const SIZE = 40;
const SOURCE = 'urn:hr:acme:workday';
const AS_OF = '2026-11-01T00:00:00Z';
const baseline = baselineOf(SIZE);

type Output = {
  rows: number;
  workers: number;
  facts: { new: number; unchanged: number };
  access: Record<string, number>;
  findings: { workerId: string; objectId?: string; packageKey?: string; code: string }[];
  dryRun: boolean;
  loaded: boolean;
};

let tenant: Tenant;
beforeEach(async () => {
  tenant = await openTenant(0, baseline.tenant);
  await tenant.writeModel(baseline.model);
  await writeFile(join(tenant.folder, 'map.json'), JSON.stringify(baseline.map));
});
afterEach(() => tenant.stop());

async function run(roster: string, ...args: string[]) {
  const [file, map] = [join(tenant.folder, 'roster.csv'), join(tenant.folder, 'map.json')];
  await writeFile(file, roster);
  const given = args.includes('--as-of') ? [] : ['--as-of', AS_OF];
  const of = args.includes('--source') ? [] : ['--source', SOURCE];
  return runCommand(['load', file, '--map', map, ...of, ...given, ...args], tenant.settings);
}

async function load(roster: string, ...args: string[]): Promise<Output> {
  const { code, stdout, stderr } = await run(roster, '--json', ...args);
  if (code !== 0) throw new Error(`${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Output;
}

const rowsIn = (name: string) => readTable(tenant.storage.connectionString, name);
const withKey = (rows: readonly Row[], start: string): Row[] =>
  rows.filter(({ rowKey }) => rowKey.startsWith(start));

/** A roster with the lines of these people, and perhaps others in place of some. */
const rosterOf = (...lines: string[]): string =>
  [baseline.roster.split('\r\n')[0], ...lines].join('\n');
const lineOf = (n: number, department: string, until = ''): string =>
  `${numberOf(n)};2020-01-01;${until};${department};`;

test('people who are there become facts, and what they hold and should hold becomes ours, without a write to Graph', async () => {
  const planned = await load(baseline.roster, '--dry-run');
  expect(planned).toMatchObject({
    ...{ rows: SIZE, workers: SIZE, facts: { new: SIZE, unchanged: 0 } },
    ...{ access: baseline.access, dryRun: true, loaded: false },
  });
  for (const name of ['workers', 'due', 'claims', 'audit', 'packages', 'limits'])
    expect([name, await rowsIn(name)]).toEqual([name, []]);

  const loaded = await load(baseline.roster, '--yes');
  expect(loaded).toEqual({ ...planned, dryRun: false, loaded: true });
  const rows = await rowsIn('workers');
  expect(withKey(rows, 'fact-')).toHaveLength(SIZE);
  const holdings = withKey(rows, 'holding-');
  expect(holdings).toHaveLength(baseline.access.adopt);
  const { assignments } = (await tenant.state()) as unknown as {
    assignments: { id: string; packageId: string; targetId: string; policyId: string }[];
  };
  expect(holdings.find(({ rowKey }) => rowKey === `holding-${accountOf(0)}-books`)).toMatchObject({
    ...{ partitionKey: numberOf(0), packageKey: 'books', targetId: accountOf(0) },
    ...{ whose: 'ours', state: 'held', outcome: 'adopted' },
    ...{ accessPackageId: idOfPackage('books'), catalogId: expect.any(String) as string },
    assignmentId: assignments.find(
      (one) => one.targetId === accountOf(0) && one.packageId === idOfPackage('books'),
    )?.id,
  });
  for (const name of ['due', 'claims', 'audit'])
    expect([name, await rowsIn(name)]).toEqual([name, []]);
  expect(await tenant.simulator.writes()).toEqual([]);
});

test('what is left alone is listed by person, package and reason', async () => {
  const { findings } = await load(baseline.roster, '--dry-run');
  const of = (n: number) =>
    findings
      .filter(({ workerId }) => workerId === numberOf(n))
      .map(({ code, packageKey }) => [packageKey, code].join(' '));
  // Of Sales: the desk is nothing of theirs, and the phone comes by a rule of Entra.
  expect(of(1)).toEqual(['badge adopt', 'mail adopt', 'phone by-rule', 'desk hand-off']);
  expect(of(29)).toEqual(['badge not-held', 'mail not-held', 'phone by-rule']);
  const shown = await run(baseline.roster, '--dry-run');
  expect(shown.stdout).toContain('40 rows of 40 workers: 40 state something new, 0 change nothing');
  expect(shown.stdout).toMatch(/^hand-off +5 +held and not wanted: left alone$/m);
  expect(shown.stdout).toMatch(/^not-held +W-100030 +badge /m);
  expect(shown.stdout).toMatch(/nothing was stored: this was a dry run\n$/);
});

test('the same roster again changes nothing, also as of a later time', async () => {
  await load(baseline.roster, '--yes');
  const before = await rowsIn('workers');
  const { adopt, ...left } = baseline.access;
  for (const asOf of [AS_OF, '2026-11-15T00:00:00Z']) {
    const again = await load(baseline.roster, '--as-of', asOf, '--yes');
    expect(again).toMatchObject({
      ...{ facts: { new: 0, unchanged: SIZE }, access: { ...left, known: adopt } },
      loaded: true,
    });
  }
  expect(await rowsIn('workers')).toEqual(before);
});

test('packages whose ids no run knows yet, and those that do not exist, are warned of', async () => {
  const { accessPackages, birthrights, ...rest } = baseline.model as {
    accessPackages: object[];
    birthrights: object[];
  };
  const [first = {}] = accessPackages;
  await tenant.writeModel({
    ...{ ...rest, accessPackages: [first, { ...first, key: 'new', displayName: 'New' }] },
    birthrights: [{ ...birthrights[0], packages: ['badge', 'new'] }],
  });
  const { code, stderr } = await run(baseline.roster, '--dry-run');
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning: run "joinery model apply --yes" before you load, .*: badge\n/);
  expect(stderr).toMatch(
    /warning: the model has packages that the tenant does not have, .*: new\n/,
  );
});

test('rows for which no rule gives anything are counted and warned of', async () => {
  const roster = rosterOf(lineOf(0, 'Nowhere'), lineOf(1, 'Sales'));
  const model = baseline.model as { birthrights: { when: object; packages: string[] }[] };
  const when = { attribute: 'department', equals: 'Sales' };
  const birthrights = model.birthrights.map((one) => ({ ...one, when }));
  await tenant.writeModel({ ...model, birthrights });
  expect(await load(roster, '--dry-run')).toMatchObject({ rows: 2, matchingNoRule: 1 });
  const { stderr } = await run(roster, '--dry-run');
  expect(stderr).toContain('warning: 1 of 2 rows match no rule of the access model');
});

test('only a row that changes what is true of a worker becomes a fact', async () => {
  await load(baseline.roster, '--yes');
  const changed = rosterOf(
    lineOf(0, 'Finance'),
    lineOf(1, 'Engineering'),
    lineOf(2, 'Engineering', '2027-03-31'),
  );
  const next = await load(changed, '--as-of', '2026-11-20T00:00:00Z', '--yes');
  expect(next.facts).toEqual({ new: 2, unchanged: 1 });
  const workers = createWorkers(tenant.storage.table('workers'));
  const counts = await Promise.all(
    [0, 1, 2].map(async (n) => (await workers.facts(numberOf(n))).length),
  );
  expect(counts).toEqual([1, 2, 2]);
});

test('a last day that the roster states is when the person is planned again, also if the load was broken off before', async () => {
  const roster = rosterOf(lineOf(0, 'Finance'), lineOf(2, 'Engineering', '2027-03-31'));
  const wakes = async () =>
    (await rowsIn('due')).map(({ kind, personId, at }) => [kind, personId, at].join(' '));
  const wake = `wake ${numberOf(2)} 2027-04-01T00:00:00.000Z`;
  await load(roster, '--yes');
  expect(await wakes()).toEqual([wake]);
  const due = tenant.storage.table('due');
  for (const { partitionKey, rowKey } of await rowsIn('due'))
    await due.remove(partitionKey, rowKey);
  await tenant.storage.table('workers').remove(numberOf(2), 'wake');
  await load(roster, '--yes');
  await load(roster, '--yes');
  expect(await wakes()).toEqual([wake]);
});

test('a roster reaches neither what its source stated later nor what another source stated', async () => {
  const workers = createWorkers(tenant.storage.table('workers'));
  const later = (n: number, source: string, time: string) => ({
    ...{ source, id: `joined-${n}`, hash: `${n}`.repeat(64), time, acceptedAt: time },
    ...{ workerId: numberOf(n), employmentId: 'E-7' },
    states: {
      kind: 'joined' as const,
      startDate: '2026-01-01',
      attributes: { department: 'Support' },
    },
  });
  await workers.addFact(later(0, SOURCE, '2026-11-20T00:00:00.000Z'));
  await workers.addFact(later(4, 'urn:hr:other', '2026-10-01T00:00:00.000Z'));
  await workers.addFact(later(8, SOURCE, '2026-10-01T00:00:00.000Z'));
  const { findings } = await load(
    rosterOf(...[0, 4, 8].map((n) => lineOf(n, 'Finance'))),
    '--dry-run',
  );
  const wantsOf = (n: number): string[] =>
    findings
      .filter(({ workerId }) => workerId === numberOf(n))
      .flatMap(({ packageKey, code }) => (code === 'hand-off' ? [] : [packageKey ?? '']));
  expect(wantsOf(0)).toEqual(['badge', 'mail', 'books', 'desk']);
  expect(wantsOf(4)).toEqual(['badge', 'mail', 'books', 'desk']);
  expect(wantsOf(8)).toEqual(['badge', 'mail', 'books']);
});

test('somebody without an account, or with two, becomes a fact, and nothing of theirs is adopted', async () => {
  const add = (employeeId: string, id: string) =>
    fetch(`${tenant.simulator.url}/_control/users`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ employeeId, id, userPrincipalName: `${id}@example.com` }),
    });
  await add(numberOf(0), '20000000-0000-4000-8000-999999999999');
  const roster = rosterOf(lineOf(0, 'Finance'), lineOf(SIZE + 5, 'Finance'), lineOf(4, 'Finance'));
  const { facts, findings } = await load(roster, '--yes');
  expect(facts).toEqual({ new: 3, unchanged: 0 });
  expect(findings.filter(({ packageKey }) => packageKey === undefined)).toEqual([
    { workerId: numberOf(0), code: 'ambiguous-identity' },
    { workerId: numberOf(SIZE + 5), code: 'no-identity' },
  ]);
  const adopted = withKey(await rowsIn('workers'), 'holding-');
  expect(new Set(adopted.map(({ partitionKey }) => partitionKey))).toEqual(new Set([numberOf(4)]));
});

test('a few people are looked at one by one, and many by the lists of packages', async () => {
  const looks = async () =>
    (await tenant.simulator.log()).filter(({ path }) => path.includes('/assignments?')).length;
  await load(rosterOf(lineOf(0, 'Finance')), '--dry-run');
  expect(await looks()).toBeLessThanOrEqual(2);
  const before = await looks();
  await load(baseline.roster, '--dry-run');
  expect((await looks()) - before).toBeLessThanOrEqual(12);
});

test('faults are listed with their lines, all at once, and nothing is stored', async () => {
  const roster = rosterOf(lineOf(0, 'Finance'), 'W 1;2020-13-01;;Sales;', ';2020-01-01;;Sales;');
  const { code, stdout } = await run(roster, '--yes', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: {
      exitCode: 1,
      faults: [
        { line: 3, column: 'Personalnummer' },
        { line: 3, column: 'Eintritt' },
        { line: 4, column: 'Personalnummer' },
      ],
    },
  });
  const { stderr } = await run(roster, '--yes');
  expect(stderr).toContain('not loaded: 3 faults\n');
  expect(stderr).toMatch(/roster\.csv: line 3, "Eintritt": required: a calendar date yyyy-mm-dd/);
  expect(stderr).not.toContain('2020-13-01');
  expect(await rowsIn('workers')).toEqual([]);
});

test('two numbers of one person are refused, because each would replace what the other states', async () => {
  const workers = createWorkers(tenant.storage.table('workers'));
  await workers.addFact({
    ...{ source: SOURCE, id: 'j', hash: 'a'.repeat(64), time: AS_OF, acceptedAt: AS_OF },
    ...{ workerId: numberOf(1), employmentId: 'primary', previousWorkerId: numberOf(0) },
    states: { kind: 'joined', startDate: '2026-01-01', attributes: {} },
  });
  const { code, stderr } = await run(rosterOf(lineOf(0, 'Sales'), lineOf(1, 'Sales')), '--yes');
  expect(code).toBe(1);
  expect(stderr).toContain('line 3: required: another person than line 2');
});

test.each<[string, string[], string]>([
  ['without --yes where nobody can be asked', [], 'give --yes to load, or --dry-run'],
  [
    'from a source that is not listed',
    ['--source', 'urn:hr:other', '--yes'],
    'not one of EVENT_SOURCES',
  ],
  [
    'as of a time to come',
    ['--as-of', '2999-01-01T00:00:00Z', '--yes'],
    '--as-of is in the future',
  ],
  ['with --yes beside --dry-run', ['--yes', '--dry-run'], 'cannot be used with'],
])('a load %s is wrong use', async (_, args, message) => {
  const { code, stderr } = await run(baseline.roster, ...args);
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message) as string,
  });
  expect(await rowsIn('workers')).toEqual([]);
});

test('a load goes on when Graph asks it to wait', async () => {
  await tenant.simulator.injectFaults({
    match: { method: 'GET', path: '/users' },
    times: 3,
    answer: { status: 429, code: 'TooManyRequests', retryAfter: 1 },
  });
  const { code, stderr } = await run(rosterOf(lineOf(0, 'Finance')), '--yes');
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('waiting (') as string,
  });
});
