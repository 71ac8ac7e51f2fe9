import { createHash, randomUUID } from 'node:crypto';
import { progressOf } from '../../../cli/follow';
import { BlobRefused } from '../../../shared/blobs';
import type { ReconcileOptions, ReconcileRun } from '../../../shared/domain/workflow/activities';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import type { Log } from '../../../shared/log';
import { blankScope, prepareStaging } from '../../../shared/reconcile/begin';
import { compareShards } from '../../../shared/reconcile/compare-shards';
import { readExpected } from '../../../shared/reconcile/read-people';
import { readRoster } from '../../../shared/reconcile/read-roster';
import { PeopleBatch, readScope, StagedUser } from '../../../shared/reconcile/read-scope';
import { applyBrakes } from '../../../shared/reconcile/repairs';
import { closeReconciliation, readReport } from '../../../shared/reconcile/report';
import { timedRun } from '../../../shared/reconcile/request';
import { allShards, foundIn, shardOf, type ScopeRow } from '../../../shared/storage/staging';
import type { StoredHolding } from '../../../shared/storage/holdings';
import { servicesOver } from '../../support/call-activity';
import { hash, openStorage, type Storage } from '../../support/storage';

/* Single steps of a run, over real tables: what it makes of rows that a test has put there. */

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

jest.setTimeout(120_000);

const services = () => servicesOver(storage);
const iso = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
const ignore: Log = () => undefined;
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A run that has begun, in a generation of its own. */
async function begun(
  options: ReconcileOptions = {},
  asked: { requestedBy?: string; requestReason?: string } = {},
): Promise<ReconcileRun> {
  const { staging, claims } = services();
  const eventHash = sha(randomUUID());
  const instanceId = `${eventHash}-1`;
  const generation = (await staging.acquire(instanceId, () => Promise.resolve(true))) ?? 0;
  const at = iso(0);
  const fact = {
    ...{ eventId: `reconcile@${generation}`, eventSource: 'urn:joinery:reconcile' },
    ...{ eventType: 'joinery.reconcile.v1', bodyHash: hash('b'), occurredAt: at, receivedAt: at },
    ...asked,
  };
  await claims.claim(eventHash, {
    ...{ state: 'claimed', contentHash: hash('c'), attempt: 1, fact, updatedAt: at },
    due: { partition: 'shard-0', key: 'none' },
  });
  await claims.start({ eventHash, attempt: 1, token: 'token' }, at);
  return {
    ...{ eventHash, attempt: 1, instanceId, token: 'token', fact },
    ...{ id: `r${generation}`, generation, at, options },
  };
}

type List = Pick<ScopeRow, 'kind'> & Partial<ScopeRow>;
const putLists = async ({ generation }: ReconcileRun, ...lists: List[]): Promise<void> => {
  for (const [index, list] of lists.entries())
    await services().staging.putScope(generation, index, {
      ...blankScope(list.kind),
      state: 'complete',
      ...list,
    });
};

const reportOfRun = async (run: ReconcileRun, failure?: string) => {
  const own = services();
  await closeReconciliation(own, { run, chain: START_OF_CHAIN, at: iso(1), failure }, ignore);
  return readReport(own.staging, run.eventHash);
};

test('a report says for what a person has asked; that of the timer has no member for it', async () => {
  const options = { dryRun: true, packageKey: 'sales' };
  const asked = await reportOfRun(await begun(options, { requestedBy: 'ann', requestReason: 'T' }));
  expect(asked?.asked).toEqual({ by: 'ann', reason: 'T', ...options });
  const timed = timedRun(new Date());
  const nightly = await reportOfRun(
    await begun({}, { requestedBy: timed.by ?? '', requestReason: timed.reason ?? '' }),
  );
  expect(Object.keys(nightly ?? {}).sort()).toEqual([
    ...['brakes', 'counts', 'endedAt', 'findings', 'hash', 'headroom', 'modelHash', 'run'],
    ...['scopes', 'skipped', 'startedAt', 'state'],
  ]);
});

test('a list of the tenant that was not read whole makes the run incomplete, as one of a package does', async () => {
  const run = await begun();
  await putLists(
    run,
    { kind: 'directory' },
    { kind: 'requests', state: 'incomplete', why: 'page-failed' },
    { kind: 'package', packageKey: 'sales', holders: 3 },
  );
  expect((await reportOfRun(run))?.state).toBe('incomplete');
});

test('what is held in each of the 256 shards is found once, however many executions compare them', async () => {
  const run = await begun();
  await putLists(run, { kind: 'package', packageKey: 'sales', packageId: 'p-1', batches: ['b'] });
  const { staging } = services();
  const held = allShards.map((shard) => {
    const assignment = { id: `a-${shard}`, packageKey: 'sales', userId: `u-${shard}` };
    return [shard, { ...assignment, status: 'delivered' }] as const;
  });
  await staging.stage(run.generation, 'held', 'b', held);
  let from: string | undefined;
  let executions = 0;
  do {
    const compared = await compareShards(services(), run, from);
    if (compared.kind !== 'done') throw new Error(compared.kind);
    from = compared.next;
    executions += 1;
  } while (from !== undefined);
  expect(executions).toBeGreaterThan(3);
  const findings = (await reportOfRun(run))?.findings ?? [];
  expect(findings.map(({ kind, objectId }) => `${kind} ${objectId}`).sort()).toEqual(
    allShards.map((shard) => `unknown-person u-${shard}`),
  );
});

test('a package that the access model lacks stops a run that is for it alone', async () => {
  const run = await begun({ packageKey: 'saels' });
  const own = servicesOver(storage, { tenantId: () => Promise.resolve('tenant') });
  expect(await prepareStaging(own, run)).toEqual({ kind: 'failed', why: 'unknown-package' });
});

test('a roster without its header puts no value of it into the log', async () => {
  const run = await begun();
  const lines: object[] = [];
  const { config, ...own } = services();
  const roster = {
    place: 'roster.csv',
    map: 'map.json',
    source: 'urn:hr:acme:workday',
    asOf: undefined,
  };
  await readRoster(
    {
      ...own,
      config: { reconcile: { ...config.reconcile, roster } },
      loadRoster: () =>
        Promise.resolve({
          bytes: Buffer.from('W-1,Ann Smith,2026-01-01\nW-2,Bob Stone,2026-01-01\n'),
          map: Buffer.from('{"Number":"workerId","Name":null,"Start":"from"}'),
          changedAt: new Date(Date.now() - 60_000),
        }),
    },
    { run },
    (line) => lines.push(line),
  );
  expect(lines.length).toBeGreaterThan(0);
  expect(JSON.stringify(lines)).not.toMatch(/Smith|W-1/);
});

describe('a roster that is not there', () => {
  const absent = Object.assign(new Error('absent'), { code: 'ENOENT' });
  const ended = { state: 'incomplete', workers: 0, facts: 0 };

  /** Reads the roster until the run no longer waits for it. Answers what was said meanwhile and of the roster. */
  async function read(fault: Error, mostTries: number) {
    const run = await begun();
    await putLists(run, { kind: 'directory' });
    const { config, ...own } = services();
    const roster = { place: 'roster.csv', map: 'map.json', source: 'urn:hr', asOf: undefined };
    const reconcile = { ...config.reconcile, roster };
    const loadRoster = () => Promise.reject(fault);
    const said: string[] = [];
    const look = progressOf(own.staging, (line) => said.push(line));
    for (let tries = 1; ; tries += 1) {
      const giveUp = tries > mostTries ? 'roster-unreadable' : undefined;
      const input = { run, ...(giveUp !== undefined && { giveUp }) };
      const answer = await readRoster({ ...own, config: { reconcile }, loadRoster }, input, ignore);
      await look(run.eventHash);
      if (answer.kind !== 'later') return { tries, said, roster: (await reportOfRun(run))?.roster };
    }
  }

  test('as a file is not waited for', async () => {
    expect(await read(absent, 9)).toEqual({
      ...{ tries: 1, said: ['lists read: 1'] },
      roster: { ...ended, why: 'roster-missing' },
    });
  });

  test('as a blob is tried three times, and the progress says what for', async () => {
    expect(await read(new BlobRefused('absent', 404), 9)).toEqual({
      tries: 3,
      said: ['the roster cannot be read and is tried again (roster-missing)', 'lists read: 1'],
      roster: { ...ended, why: 'roster-missing' },
    });
  });

  test('or may not be read is tried until the run gives up', async () => {
    expect(await read(new BlobRefused('forbidden', 403), 5)).toEqual({
      tries: 6,
      said: ['the roster cannot be read and is tried again (roster-unreadable)', 'lists read: 1'],
      roster: { ...ended, why: 'roster-unreadable' },
    });
  });
});

test('the progress has a total once all lists are named, and it stays', async () => {
  const run = await begun();
  const { staging } = services();
  const said: string[] = [];
  const look = progressOf(staging, (line) => said.push(line));
  const scope = (kind: ScopeRow['kind'], state: ScopeRow['state'], pages = 0): List => ({
    ...{ kind, state, pages, ...(kind === 'package' && { packageKey: 'sales' }) },
  });
  const begins = async (...lists: List[]): Promise<void> => {
    await putLists(run, ...lists);
    await look(run.eventHash);
  };
  const read = scope('directory', 'complete');
  await begins(scope('directory', 'reading'));
  await begins(read, scope('requests', 'reading'));
  await begins(read, scope('requests', 'reading'), scope('package', 'reading'));
  await begins(read, scope('requests', 'reading', 1), scope('package', 'reading'));
  await begins(read, scope('requests', 'complete'), scope('package', 'complete'));
  const held = ['00', '0a', 'ff'].map((shard) => [shard, {}] as const);
  await staging.stage(run.generation, 'held', 'b', held);
  for (const shard of ['00', 'ff']) {
    await staging.put(run.generation, 'shards', shard, {});
    await look(run.eventHash);
  }
  expect(said).toEqual([
    ...['lists read: 0', 'lists read: 1', '1 of 3 lists read', '3 of 3 lists read'],
    ...['1 of 3 parts compared', '2 of 3 parts compared'],
  ]);
});

test('a run that ended before it asked for any recheck reports no repair', async () => {
  const run = await begun();
  await putLists(run, { kind: 'directory' }, { kind: 'package', packageKey: 'sales' });
  const { staging } = services();
  await staging.put(run.generation, foundIn('00'), 'b-0', {
    ...{ batch: 'b', workerId: 'W-1' },
    differences: [
      {
        ...{ kind: 'missing', workerId: 'W-1', packageKey: 'sales', action: 'grant' },
        ...{ remedy: 'repair', next: 'A recheck of the person grants it.' },
      },
    ],
  });
  await staging.put(run.generation, 'shards', '00', {
    ...{ batch: 'b', foundIn: ['00'], repairs: { sales: { grant: 1, removal: 0 } } },
    skipped: { runOpen: 0, recentFact: 0, excluded: 0 },
    modelHash: services().model().hash,
  });
  const report = await reportOfRun(run, 'timed-out');
  expect(report?.findings.map(({ remedy }) => remedy)).toEqual(['none']);
});

/** Somebody of whom HR said so long ago. */
async function employed(workerId: string, department = 'Sales', minutes = -90_000) {
  await services().workers.addFact({
    ...{ source: 'urn:hr:acme:workday', id: workerId, hash: sha(workerId), time: iso(minutes) },
    ...{ acceptedAt: iso(minutes), workerId, employmentId: 'primary' },
    states: {
      ...{ kind: 'joined', startDate: '2026-01-01' },
      attributes: { department, workerType: 'employee' },
    },
  });
}
const holding = (
  workerId: string,
  targetId: string,
  minutes: number,
  more: Partial<StoredHolding> = {},
) =>
  services().holdings.save({
    ...{ personId: workerId, targetId, packageKey: 'sales', whose: 'ours', action: 'grant' },
    ...{ state: 'held', assignmentId: `a-${targetId}`, accessPackageId: 'p-sales' },
    ...{ eventHash: hash('e'), attempt: 1, instanceId: 'i', absentReads: 0 },
    updatedAt: iso(minutes),
    ...more,
  });
/** What our records say of a package to a run that has read the people. */
async function countsOf({ generation }: ReconcileRun, packageKey: string) {
  const people = await services().staging.group(PeopleBatch, generation, 'people');
  const counts = [...people.values()].map((batch) => batch.counts[packageKey]);
  const sum = (of: 'recorded' | 'removed') =>
    counts.reduce((all, one) => all + (one?.[of] ?? 0), 0);
  return { recorded: sum('recorded'), removed: sum('removed') };
}

type User = { id: string; value: string };
/** Compares what a run has read: users of the directory, and holders of Sales. */
async function compared(run: ReconcileRun, users: User[], holders: string[]) {
  const own = services();
  const { staging } = own;
  const { generation } = run;
  const [ofUsers, ofHolders] = [randomUUID(), randomUUID()];
  await staging.stage(
    generation,
    'user',
    ofUsers,
    users.map((user) => [shardOf(user.value), { ...user, isEnabled: true }]),
  );
  await staging.stage(
    generation,
    'held',
    ofHolders,
    holders.map((userId) => [
      shardOf(userId),
      { id: `a-${userId}`, packageKey: 'sales', userId, status: 'delivered' },
    ]),
  );
  await putLists(
    run,
    { kind: 'directory', batches: [ofUsers] },
    { kind: 'requests' },
    {
      ...{ kind: 'package', packageKey: 'sales', packageId: 'p-sales' },
      ...{ holders: holders.length, batches: [ofHolders] },
    },
  );
  for (
    let from: string | undefined, isFirst = true;
    isFirst || from !== undefined;
    isFirst = false
  ) {
    const read = await readExpected(own, run, from);
    from = read.kind === 'done' ? read.next : undefined;
  }
  for (
    let from: string | undefined, isFirst = true;
    isFirst || from !== undefined;
    isFirst = false
  ) {
    const done = await compareShards(own, run, from);
    from = done.kind === 'done' ? done.next : undefined;
  }
  const report = await reportOfRun(run);
  const named = report?.findings.map(({ kind, workerId, objectId }) =>
    [kind, workerId, objectId].filter(Boolean).join(' '),
  );
  return { named: named?.sort(), skipped: report?.skipped };
}

test('whose account has lost their worker id misses the package, and nobody has taken it from them', async () => {
  await employed('W-lost');
  await holding('W-lost', 'u-lost', -3000);
  const { named } = await compared(await begun({ workerId: 'W-lost' }), [], ['u-lost']);
  expect(named).toEqual(['missing W-lost', 'unknown-person W-lost u-lost']);
});

test('whose worker id two accounts have is not left out: each package that the model gives them is a finding', async () => {
  await employed('W-twice');
  const users = [
    { id: 'u-twice-1', value: 'W-twice' },
    { id: 'u-twice-2', value: 'W-twice' },
  ];
  const run = await begun({ workerId: 'W-twice' });
  expect((await compared(run, users, [])).named).toEqual(['missing W-twice']);
  const report = await readReport(services().staging, run.eventHash);
  expect(report?.state).toBe('drift');
  expect(report?.findings).toMatchObject([
    { remedy: 'report', next: expect.stringMatching(/^Several accounts have/) as string },
  ]);
});

test('who is joined to too many worker ids is not left out either', async () => {
  const joins = Array.from({ length: 33 }, (_, n) => `W-crowd-${n}`);
  await employed('W-crowd');
  const [fact] = await services().workers.facts('W-crowd');
  if (!fact) throw new Error('nothing was stated');
  for (const workerId of joins)
    await services().workers.addFact({
      ...{ ...fact, workerId, id: workerId, hash: sha(workerId) },
      previousWorkerId: 'W-crowd',
    });
  const run = await begun({ workerId: 'W-crowd-7' });
  const users = [{ id: 'u-crowd-7', value: 'W-crowd-7' }];
  expect((await compared(run, users, [])).named).toEqual(['missing W-crowd-7']);
  const report = await readReport(services().staging, run.eventHash);
  expect(report?.findings[0]?.next).toMatch(/^Too many worker ids are joined/);
});

test('what a run of the person has just done may not show in the lists, so the person is skipped', async () => {
  const users = [
    { id: 'u-given', value: 'W-given' },
    { id: 'u-taken', value: 'W-taken' },
  ];
  await employed('W-given');
  await holding('W-given', 'u-given', -0.01);
  const given = await compared(await begun({ workerId: 'W-given' }), users, []);
  expect([given.named, given.skipped?.runOpen]).toEqual([[], 1]);
  await employed('W-taken', 'Finance');
  await holding('W-taken', 'u-taken', -0.01, { state: 'gone', action: 'revoke' });
  const taken = await compared(await begun({ workerId: 'W-taken' }), users, ['u-taken']);
  expect([taken.named, taken.skipped?.runOpen]).toEqual([[], 1]);
});

test('a run for one worker knows of all who hold a package, so that an empty list of it cannot be true', async () => {
  await employed('W-one');
  await employed('W-other');
  await holding('W-other', 'u-other', -3000);
  const run = await begun({ workerId: 'W-one' });
  await compared(run, [], []);
  expect((await countsOf(run, 'sales')).recorded).toBeGreaterThan(0);
});

test('whose end has come holds it no more by our records, and the list may be shorter by them', async () => {
  await employed('W-ended');
  await services().staging.keep('holders', 'package-contractors', { holders: 9, at: iso(-3000) });
  const of = { packageKey: 'contractors' };
  await holding('W-ended', 'u-ended', -6000, { ...of, until: iso(-60) });
  await holding('W-ended', 'u-ended-before', -6000, { ...of, until: iso(-4000) });
  await holding('W-ended', 'u-not-yet', -6000, { ...of, until: iso(60) });
  const run = await begun({ workerId: 'W-ended' });
  await compared(run, [], []);
  expect(await countsOf(run, 'contractors')).toEqual({ recorded: 1, removed: 1 });
});

test('after an empty list that somebody has accepted, only who was given it since makes another one suspect', async () => {
  await employed('W-emptied');
  await services().staging.keep('holders', 'package-warehouse', { holders: 0, at: iso(-3000) });
  const of = { packageKey: 'warehouse' };
  await holding('W-emptied', 'u-emptied', -6000, of);
  const before = await begun({ workerId: 'W-emptied' });
  await compared(before, [], []);
  expect(await countsOf(before, 'warehouse')).toMatchObject({ recorded: 0 });
  await holding('W-emptied', 'u-since', -100, of);
  const after = await begun({ workerId: 'W-emptied' });
  await compared(after, [], []);
  expect(await countsOf(after, 'warehouse')).toMatchObject({ recorded: 1 });
});

test('who is skipped is counted once, with however many accounts', async () => {
  await employed('W-two', 'Sales', -1);
  await holding('W-two', 'u-old', -3000);
  const run = await begun({ workerId: 'W-two' });
  const { skipped } = await compared(run, [{ id: 'u-new', value: 'W-two' }], ['u-old']);
  expect(skipped).toEqual({ runOpen: 0, recentFact: 1, excluded: 0 });
});

test('a list whose pages never end is given up', async () => {
  const run = await begun();
  const next = { state: 'reading', cursor: 'https://graph.example/next' } as const;
  await putLists(run, {
    kind: 'package',
    packageKey: 'sales',
    packageId: 'p-sales',
    pages: 100_000,
    ...next,
  });
  const page = { items: [], next: `${next.cursor}-one`, mark: undefined };
  const own = servicesOver(storage, { assignmentsPage: () => Promise.resolve(page) });
  expect(await readScope(own, { run, scope: 0 })).toMatchObject({ why: 'endless-pages' });
});

test('a run during which the access model changes ends before it asks for any recheck', async () => {
  await employed('W-model');
  const run = await begun({ workerId: 'W-model' });
  await compared(run, [{ id: 'u-model', value: 'W-model' }], []);
  const own = services();
  const changed = { ...own, model: () => ({ ...own.model(), hash: 'another-model' }) };
  expect(await applyBrakes(own, run, ignore)).toMatchObject({ kind: 'done' });
  expect(await applyBrakes(changed, run, ignore)).toEqual({ kind: 'failed', why: 'model-changed' });
});

test('of the directory only what can be a worker id is staged, and all of it counts', async () => {
  const run = await begun();
  await putLists(run, { kind: 'directory', state: 'reading' });
  const values = ['W-1', 'Ann Smith', '+49 30 1234'];
  const items = values.map((value) => ({ id: `u-${value}`, isEnabled: true, value }));
  const usersPage = () => Promise.resolve({ items, count: 3, next: undefined, mark: undefined });
  const own = servicesOver(storage, { usersPage });
  expect(await readScope(own, { run, scope: 0 })).toEqual({ kind: 'done', isOver: true });
  const read = await own.staging.scope(run.generation, 0);
  const staged = await Promise.all(
    values.map((value) =>
      own.staging.staged(
        ...([run.generation, shardOf(value), 'user', StagedUser] as const),
        new Set(read?.batches),
      ),
    ),
  );
  expect([read?.holders, staged.flat().map(({ value }) => value)]).toEqual([3, ['W-1']]);
});

test('who accepts the list of one package has said nothing about the directory', async () => {
  const run = await begun({ packageKey: 'sales', acceptLists: true });
  await services().staging.keep('holders', 'directory', { holders: 30, at: iso(-3000) });
  await putLists(run, { kind: 'directory', state: 'reading' });
  const usersPage = () =>
    Promise.resolve({ items: [], count: 10, next: undefined, mark: undefined });
  await readScope(servicesOver(storage, { usersPage }), { run, scope: 0 });
  const read = await services().staging.scope(run.generation, 0);
  expect([read?.state, read?.why]).toEqual(['suspect', 'shrunk']);
});
