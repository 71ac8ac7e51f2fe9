import fc from 'fast-check';
import type { StoredFact } from '../../../shared/domain/lifecycle/facts';
import { createWorkers, MAX_NUMBERS, TooManyNumbers } from '../../../shared/storage/workers';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let workers: ReturnType<typeof createWorkers>;
let events = 0;

beforeAll(async () => {
  storage = await openStorage();
  workers = createWorkers(storage.table('workers'));
});
afterAll(() => storage.close());

/** A fact of an event of its own. */
function factOf(workerId: string, changes: Partial<StoredFact> = {}): StoredFact {
  events += 1;
  return {
    ...{ source: 'urn:hr:acme:workday', id: `e-${events}` },
    hash: events.toString(16).padStart(64, '0'),
    ...{ time: '2026-11-20T09:30:00.000Z', sequence: 20_261_120_093_000 },
    ...{ workerId, employmentId: 'E-1', timeZone: 'Europe/Berlin' },
    states: {
      ...{ kind: 'joined', startDate: '2026-11-23', endDate: '2027-05-31' },
      attributes: { department: 'Finance' },
    },
    acceptedAt: '2026-11-20T09:30:02.000Z',
    ...changes,
  };
}

const add = async (...facts: StoredFact[]) => {
  for (const fact of facts) await workers.addFact(fact);
};
const idsOf = async (workerId: string) => (await workers.facts(workerId)).map(({ id }) => id);

test('a fact that is recorded twice is one fact, and the first record of it stays', async () => {
  const fact = factOf('W-1');
  await add(fact, { ...fact, acceptedAt: '2026-11-21T00:00:00.000Z' });
  await atOnce(5, () => workers.addFact({ ...fact, employmentId: 'E-2' }));
  expect(await workers.facts('W-1')).toEqual([fact]);
});

test('every kind of statement is read as it was written', async () => {
  const attributes = { location: 'Berlin' };
  const revises = { source: 'urn:hr:acme:workday', id: 'e-1' };
  const left = { kind: 'left', endsAt: '2026-11-20T09:30:00.000Z' } as const;
  const states: StoredFact['states'][] = [
    { kind: 'joined', startDate: '2026-11-23', attributes },
    { kind: 'moved', effectiveDate: '2026-11-23', endDate: '2026-12-31', attributes },
    { kind: 'left', lastDay: '2026-11-23' },
    left,
    { kind: 'corrected', revises, content: left },
    { kind: 'rescinded', revises },
    { kind: 'rescinded', startDate: '2026-11-23' },
    { kind: 'snapshot', spans: [{ employmentId: 'E-1', from: '2026-11-23', attributes }] },
    { kind: 'snapshot', spans: [] },
  ];
  const facts = states.map((one) => factOf('W-kinds', { states: one }));
  await add(...facts);
  expect(await workers.facts('W-kinds')).toEqual(facts);
});

test('facts are listed in the order of their times, over all years that an event may name', async () => {
  const years = ['9999', '1970', '0001', '2026', '1969'];
  for (const year of years) await add(factOf('W-2', { time: `${year}-01-01T00:00:00.000Z` }));
  const listed = (await workers.facts('W-2')).map(({ time }) => time.slice(0, 4));
  expect(listed).toEqual([...years].sort());
});

test.each(['json:null', 'json:x', 'json:E-1', 'json:'])(
  'an employment with the id %s does not keep the worker from being read',
  async (employmentId) => {
    const fact = factOf(`W-${employmentId}`, { employmentId });
    await add(fact);
    expect(await workers.facts(fact.workerId)).toEqual([fact]);
  },
);

test('other rows of a worker are no facts, nor are the facts of a worker with a similar id', async () => {
  await storage.table('workers').insert('W-3', 'lock', { fencingToken: 1 });
  await storage.table('workers').insert('W-3', 'grant-finance', { state: 'idle' });
  await add(factOf('W-31'), factOf('W-3', { hash: hash('f') }));
  expect(await workers.facts('W-3')).toHaveLength(1);
});

test('a worker that nothing was ever said of has no facts and stands for itself', async () => {
  expect(await workers.facts('W-unheard')).toEqual([]);
  expect(await workers.personOf('W-unheard')).toBe('W-unheard');
});

describe('numbers of one person', () => {
  test('each number answers the facts of both, and the first number stands for them', async () => {
    const first = factOf('C-1');
    const second = factOf('E-1', { previousWorkerId: 'C-1' });
    await add(first, second);
    for (const number of ['C-1', 'E-1']) {
      expect((await idsOf(number)).sort()).toEqual([first.id, second.id].sort());
      expect(await workers.personOf(number)).toBe('C-1');
    }
  });

  test('a number is joined before anything is said of the one that it follows', async () => {
    const later = factOf('E-2', { previousWorkerId: 'C-2' });
    await add(later);
    expect(await workers.personOf('E-2')).toBe('C-2');
    expect(await idsOf('C-2')).toEqual([later.id]);
  });

  test('a chain of numbers is one person, in whatever order its facts arrive', async () => {
    let runs = 0;
    const order = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(order, async (arrival) => {
        runs += 1;
        const number = (n: number) => `chain-${runs}-${n}`;
        const facts = arrival.map((n) =>
          factOf(number(n), n === 1 ? {} : { previousWorkerId: number(n - 1) }),
        );
        await add(...facts);
        for (const n of arrival) {
          expect((await idsOf(number(n))).sort()).toEqual(facts.map(({ id }) => id).sort());
          expect(await workers.personOf(number(n))).toBe(number(1));
        }
      }),
      { numRuns: 24 },
    );
  });

  test('numbers that precede each other in a circle are one person with one number that stands for it', async () => {
    const circle = ['R-3', 'R-1', 'R-2'];
    for (const [at, workerId] of circle.entries())
      await add(factOf(workerId, { previousWorkerId: circle.at(at - 1) }));
    for (const number of circle) {
      expect(await workers.personOf(number)).toBe('R-1');
      expect(await workers.facts(number)).toHaveLength(3);
    }
  });

  test('a number that precedes itself is joined to no other', async () => {
    await add(factOf('S-1', { previousWorkerId: 'S-1' }));
    expect(await workers.personOf('S-1')).toBe('S-1');
    expect(await workers.facts('S-1')).toHaveLength(1);
  });

  test('two numbers that become one have one number that stands for them', async () => {
    const previous = (previousWorkerId: string) => factOf('M-3', { previousWorkerId });
    await add(factOf('M-1'), factOf('M-2'), previous('M-2'), previous('M-1'));
    for (const number of ['M-1', 'M-2', 'M-3']) expect(await workers.personOf(number)).toBe('M-1');
    expect(await workers.facts('M-2')).toHaveLength(4);
  });

  test('the link of a number is there as soon as its fact is', async () => {
    const table = storage.table('workers');
    const written: string[] = [];
    const watching = createWorkers({
      ...table,
      insert: (partition, key, columns) => {
        written.push(`${partition} ${key.replace(/[0-9a-f]{16}.*/, '<fact>')}`);
        return table.insert(partition, key, columns);
      },
    });
    await watching.addFact(factOf('E-5', { previousWorkerId: 'C-5' }));
    expect(written).toEqual(['C-5 fact-next-E-5', 'E-5 fact-<fact>']);
  });

  test('more numbers than a person has are refused, and none of them is taken for the person', async () => {
    for (let n = 0; n < MAX_NUMBERS; n += 1)
      await add(factOf(`P-${n}`, { previousWorkerId: 'unknown' }));
    await expect(workers.facts('P-0')).rejects.toThrow(TooManyNumbers);
    await expect(workers.personOf('unknown')).rejects.toThrow(TooManyNumbers);
  });
});
