import { createDue, placeOf } from '../../../shared/storage/due';
import { createPackages, type Packages } from '../../../shared/storage/packages';
import type { StoredFact } from '../../../shared/domain/lifecycle/facts';
import { createHoldings, type Holding, type Holdings } from '../../../shared/storage/holdings';
import { createWorkers, type Workers } from '../../../shared/storage/workers';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let workers: Workers;
let holdings: Holdings;
let packages: Packages;

beforeAll(async () => {
  storage = await openStorage();
  workers = createWorkers(storage.table('workers'));
  holdings = createHoldings(storage.table('workers'));
  packages = createPackages(storage.table('packages'));
});
afterAll(() => storage.close());

const holdingOf = (changes: Partial<Holding> = {}): Holding => ({
  ...{ personId: 'W-1', targetId: 'u-1', packageKey: 'finance' },
  ...{ state: 'submitting', action: 'grant', whose: 'ours' },
  ...{ eventHash: hash('e'), attempt: 1, instanceId: `${hash('e')}-1`, absentReads: 0 },
  updatedAt: '2026-11-20T09:30:02.000Z',
  ...changes,
});

const factOf = (workerId: string): StoredFact => ({
  ...{ source: 'urn:hr:acme:workday', id: `${workerId}-left`, hash: hash('f'), workerId },
  ...{ time: '2026-11-20T09:30:00.000Z', employmentId: 'primary' },
  states: { kind: 'left', lastDay: '2026-11-23' },
  acceptedAt: '2026-11-20T09:30:01.000Z',
});

describe('holdings', () => {
  test('of two who make the same holding at once one is told that it is made', async () => {
    const place = { personId: 'W-4', targetId: 'u-1', packageKey: 'finance' };
    const saved = await atOnce(10, (index) =>
      holdings.save(holdingOf({ ...place, instanceId: `run-${index}` })),
    );
    const winners = saved.filter((holding) => holding !== undefined);
    expect(winners).toHaveLength(1);
    expect(await holdings.load(place)).toEqual(winners[0]);
  });

  test('of two who read the same holding and change it, the second changes nothing', async () => {
    const place = holdingOf({ personId: 'W-5' });
    await holdings.save(place);
    const mine = await holdings.load(place);
    const theirs = await holdings.load(place);
    if (!mine || !theirs) throw new Error('the holding is there');
    expect(await holdings.save({ ...mine, state: 'idle' })).toBeDefined();
    const lost = { ...theirs, state: 'requested', requestId: 'r-2' } as const;
    expect(await holdings.save(lost)).toBeUndefined();
    expect((await holdings.load(place))?.state).toBe('idle');
  });

  test('who saved goes on saving without reading again', async () => {
    const submitting = await holdings.save(holdingOf({ personId: 'W-6' }));
    if (!submitting) throw new Error('nobody else has it');
    const requested = { ...submitting, state: 'requested', requestId: 'r-1' } as const;
    expect(await holdings.save(requested)).toMatchObject({ requestId: 'r-1' });
    expect(await holdings.load({ ...requested, packageKey: 'other' })).toBeUndefined();
  });

  test('of a person are those of all their worker ids, of every account, and nothing else', async () => {
    await workers.addFact(factOf('W-7'));
    const own = [
      holdingOf({ personId: 'W-7', packageKey: 'finance' }),
      holdingOf({ personId: 'W-7', targetId: 'u-2' }),
      holdingOf({ personId: 'W-8', packageKey: 'sales' }),
    ];
    for (const holding of [...own, holdingOf({ personId: 'W-71' })]) await holdings.save(holding);
    const found = await holdings.of(['W-7', 'W-8']);
    expect(found).toEqual(own.map((one) => ({ ...one, etag: expect.any(String) as string })));
    expect(await workers.facts('W-7')).toHaveLength(1);
  });

  test('come with the facts of all numbers of a person, by one read for each number', async () => {
    await workers.addFact({ ...factOf('W-11'), previousWorkerId: 'W-10', hash: hash('b') });
    await workers.addFact(factOf('W-10'));
    for (const [personId, packageKey] of [
      ...[['W-10', 'finance'] as const, ['W-11', 'sales'] as const],
      ['W-11', 'it'] as const,
    ])
      await holdings.save(holdingOf({ personId, packageKey }));
    const table = storage.table('workers');
    const lists: string[] = [];
    const counted = createWorkers({
      ...table,
      list: (partition, range) => {
        lists.push(partition);
        return table.list(partition, range);
      },
    });

    expect(await counted.records('W-10', ['W-11', 'W-10'])).toEqual({
      facts: await workers.facts('W-10'),
      holdings: await holdings.of(['W-11', 'W-10']),
    });
    expect(lists).toEqual(['W-10', 'W-11']);
    expect((await workers.records('W-10', ['W-11'])).holdings).toHaveLength(2);
  });
});

describe('the lease of a catalog', () => {
  const NOON = '2026-11-20T12:00:00.000Z';
  const LATER = '2026-11-20T12:02:00.000Z';
  const MUCH_LATER = '2026-11-20T12:04:00.000Z';

  test('of many who want a free lease at once one has it', async () => {
    const got = await atOnce(10, (index) => packages.lease('c-1', `holder-${index}`, LATER, NOON));
    expect(got.filter(Boolean)).toHaveLength(1);
  });

  test('of many who want a lease that has run out one has it', async () => {
    await packages.lease('c-2', 'dead', LATER, NOON);
    expect(await packages.lease('c-2', 'early', MUCH_LATER, NOON)).toBeUndefined();
    const got = await atOnce(10, (index) =>
      packages.lease('c-2', `holder-${index}`, MUCH_LATER, LATER),
    );
    expect(got.filter(Boolean)).toHaveLength(1);
  });

  test('who gives it back lets the next one in at once', async () => {
    const first = await packages.lease('c-3', 'first', LATER, NOON);
    await first?.end(NOON);
    expect(await packages.lease('c-3', 'second', LATER, NOON)).toBeDefined();
  });

  test('who comes too late to give it back takes it from nobody', async () => {
    const first = await packages.lease('c-4', 'first', LATER, NOON);
    await packages.lease('c-4', 'second', MUCH_LATER, LATER);
    await first?.end(LATER);
    expect(await packages.lease('c-4', 'third', MUCH_LATER, LATER)).toBeUndefined();
  });

  test('a lease that has run out can be renewed while nobody has taken it', async () => {
    const first = await packages.lease('c-5', 'first', NOON, NOON);
    expect(await first?.renew(LATER)).toBe(true);
    expect(await packages.lease('c-5', 'second', LATER, NOON)).toBeUndefined();
    expect(await first?.renew(MUCH_LATER)).toBe(true);
  });

  test.each(['second', 'first'])(
    'a lease is not renewed after %s had it in between, though it is free again',
    async (other) => {
      const catalog = `c-6-${other}`;
      const first = await packages.lease(catalog, 'first', NOON, NOON);
      const between = await packages.lease(catalog, other, LATER, NOON);
      await between?.end(NOON);
      expect(await first?.renew(LATER)).toBe(false);
      await first?.end(NOON);
      expect(await packages.lease(catalog, 'third', LATER, NOON)).toBeDefined();
    },
  );
});

test('two who make the same package from the same memory: the second is told of the conflict', async () => {
  const mine = packages.memory('catalog', 'finance').package;
  const theirs = packages.memory('catalog', 'finance').package;
  await Promise.all([mine.load(), theirs.load()]);
  const record = { state: 'provisioning', version: 'v1', adopted: false, writes: {} } as const;
  expect(await mine.save(record)).toBe('saved');
  expect(await theirs.save({ ...record, version: 'v2' })).toBe('conflict');
  expect(await mine.save({ ...record, state: 'complete' })).toBe('saved');
  expect(await packages.load('catalog', 'finance')).toMatchObject({
    state: 'complete',
    version: 'v1',
  });
  expect(await packages.load('catalog', 'sales')).toBeUndefined();
});

describe('what is due', () => {
  const SCHEDULED_FOR = '2026-11-20T09:40:00.000Z';

  test('an event is watched once per time, in its shard and in the order of time', async () => {
    const due = createDue(storage.table('due'));
    const place = await due.schedule(hash('d'), SCHEDULED_FOR);
    expect(await due.schedule(hash('d'), SCHEDULED_FOR)).toEqual(place);
    await due.schedule(hash('d').replace(/d$/, 'a'), '2026-11-20T09:39:59.999Z');
    const rows = await storage.table('due').list('shard-d');
    expect(rows.map((row) => row.columns['scheduledFor'])).toEqual([
      '2026-11-20T09:39:59.999Z',
      SCHEDULED_FOR,
    ]);
    await due.cancel(place);
    await due.cancel(place);
    expect(await storage.table('due').list('shard-d')).toHaveLength(1);
  });

  test('a time that is none is a defect, not a place at the end of time', () => {
    expect(() => placeOf(hash('d'), 'tomorrow')).toThrow(RangeError);
  });
});
