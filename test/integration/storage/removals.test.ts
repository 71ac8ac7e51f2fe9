import type { BrakeKind, BrakeAnswer } from '../../../shared/domain/lifecycle/gate';
import { discardOf, type RemovalLimits, type Removals } from '../../../shared/storage/removal-rows';
import { createRemovalBrakes, type RemovalBrakes } from '../../../shared/storage/removals';
import { StoreUnavailable, type Table } from '../../../shared/storage/storage-port';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

const OBJECT = '20000000-0000-4000-8000-000000000001';
const T0 = Date.parse('2026-06-01T12:00:00Z');
const after = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();
const limitOf = (limit: number, more: Partial<RemovalLimits> = {}): RemovalLimits => ({
  windowSeconds: 3600,
  limit,
  ...more,
});

let storage: Storage;
/** Two processes, each with a client of its own. */
let brakes: RemovalBrakes;
let others: RemovalBrakes;
beforeEach(async () => {
  storage = await openStorage();
  brakes = createRemovalBrakes(storage.table('removals'));
  others = createRemovalBrakes(storage.table('removals'));
});
afterEach(() => storage.close());

type Asking = {
  kind?: BrakeKind;
  isDue?: boolean;
  limits?: RemovalLimits;
  at?: string;
  facts?: string;
  packages?: string[];
  by?: RemovalBrakes;
};
const removalsOf = (
  person: string,
  { kind = 'usual', facts = 'f1', packages = ['badge'] }: Asking,
) =>
  ({
    ...{ person, kind, facts, eventHash: hash('a') },
    packages: packages.map((packageKey) => ({ objectId: OBJECT, packageKey })),
  }) satisfies Removals;

/** What the run of a person does under the person's lock: it reads what is known, and asks. */
async function ask(person: string, asking: Asking = {}) {
  const { isDue = true, limits = limitOf(3), at = after(0), by = brakes } = asking;
  const known = await by.recall(person);
  return by.ask(removalsOf(person, asking), known, { isDue, limits, at });
}
/** As a run does once nothing is left to remove. */
async function leave(person: string, by = brakes, kind: BrakeKind = 'usual') {
  await by.leave(person, kind, await by.recall(person));
}
const kindsOf = (answers: (BrakeAnswer | undefined)[]) => answers.map((answer) => answer?.kind);
const countOf = (answers: (BrakeAnswer | undefined)[], kind: BrakeAnswer['kind']): number =>
  answers.filter((answer) => answer?.kind === kind).length;
const heldUnder = async (by = brakes) => {
  const people: string[] = [];
  for (const brake of await by.open())
    for await (const page of by.waitingUnder(brake))
      people.push(...page.map(({ person }) => person));
  return people.sort();
};
const close = (id: string, state: 'released' | 'discarded', by = brakes) =>
  by.close(id, { state, by: 'ann', reason: 'T-1', at: after(1) });

test('people pass up to the limit, and the next one trips the brake, which holds all who come later', async () => {
  const answers = [];
  for (const person of ['W-1', 'W-2', 'W-3']) {
    answers.push(await ask(person));
    await leave(person);
  }
  expect(kindsOf(answers)).toEqual(['pass', 'pass', 'pass']);
  expect(await ask('W-4')).toEqual({ kind: 'held', brake: 'usual-1', tripped: true });
  expect(await ask('W-5', { by: others })).toEqual({ kind: 'held', brake: 'usual-1' });
  expect(await ask('W-4')).toEqual({ kind: 'held', brake: 'usual-1' });
  expect(await heldUnder(others)).toEqual(['W-4', 'W-5']);
  expect(await brakes.open()).toMatchObject([
    { id: 'usual-1', state: 'open', counted: 4, trippedAt: after(0) },
  ]);
});

test('people who wait for their settle time count before anybody is removed: of a wave nobody is', async () => {
  const wave = Array.from({ length: 6 }, (_, index) => `W-${index}`);
  for (const person of wave) expect(await ask(person, { isDue: false })).toBeUndefined();
  const answers = [];
  for (const person of wave) answers.push(await ask(person, { at: after(15) }));
  expect(countOf(answers, 'held')).toBe(6);
  expect(answers.filter((answer) => answer?.tripped)).toHaveLength(1);
});

test('somebody whose removal is planned no more counts no more', async () => {
  for (const person of ['W-1', 'W-2', 'W-3', 'W-4']) await ask(person, { isDue: false });
  await leave('W-1', others);
  expect(await ask('W-2')).toEqual({ kind: 'pass' });
});

test('one person counts once, however many packages, events and runs', async () => {
  for (const facts of ['f1', 'f2', 'f3', 'f4'])
    expect(await ask('W-1', { facts, packages: ['badge', facts] })).toEqual({ kind: 'pass' });
  expect(await ask('W-2')).toEqual({ kind: 'pass' });
});

test('removals count until the window is over', async () => {
  for (const person of ['W-1', 'W-2', 'W-3']) {
    await ask(person);
    await leave(person);
  }
  expect(await ask('W-4', { at: after(61) })).toEqual({ kind: 'pass' });
  expect(await ask('W-5', { at: after(59), limits: limitOf(4) })).toMatchObject({ kind: 'held' });
});

test('rows of old windows are removed by those who come later', async () => {
  const table = storage.table('removals');
  for (let index = 0; index < 6; index += 1) {
    await ask(`W-${index}`, { at: after(index * 90), limits: limitOf(1) });
    await leave(`W-${index}`);
  }
  expect((await table.list('counts-usual')).length).toBeLessThanOrEqual(2);
});

test('a limit of zero holds every removal', async () => {
  expect(await ask('W-1', { limits: limitOf(0) })).toMatchObject({ kind: 'held', tripped: true });
});

test('urgent ends have a brake and a count of their own', async () => {
  const limits = limitOf(1);
  for (const person of ['W-1', 'W-2']) await ask(person, { limits });
  expect(await ask('W-3', { kind: 'urgent', limits })).toEqual({ kind: 'pass' });
  expect(await ask('W-4', { kind: 'urgent', limits })).toEqual({
    ...{ kind: 'held', brake: 'urgent-1', tripped: true },
  });
  expect((await brakes.open()).map(({ id }) => id)).toEqual(['usual-1', 'urgent-1']);
});

describe('the share of the people', () => {
  const share = (people: number, percent = 10, floor = 3) => {
    const asked: [number, number][] = [];
    return {
      asked,
      limits: limitOf(100, {
        share: {
          ...{ percent, floor },
          people: (counted, enough) => {
            asked.push([counted.size, enough]);
            return Promise.resolve(people);
          },
        },
      }),
    };
  };

  test('trips above the percentage, not at it', async () => {
    const { limits, asked } = share(30);
    const answers = [];
    for (const person of ['W-1', 'W-2', 'W-3', 'W-4']) answers.push(await ask(person, { limits }));
    expect(kindsOf(answers)).toEqual(['pass', 'pass', 'pass', 'held']);
    expect(asked).toEqual([
      [3, 30],
      [4, 40],
    ]);
  });

  test('says nothing below the floor, and nobody is counted for it', async () => {
    const { limits, asked } = share(1, 10, 4);
    const answers = [];
    for (const person of ['W-1', 'W-2', 'W-3', 'W-4']) answers.push(await ask(person, { limits }));
    expect(kindsOf(answers)).toEqual(['pass', 'pass', 'pass', 'held']);
    expect(asked).toHaveLength(1);
  });
});

describe('a brake that somebody', () => {
  /** Five people who wait under one brake, and one who has passed before. */
  async function trip(): Promise<string[]> {
    const wave = ['W-1', 'W-2', 'W-3', 'W-4', 'W-5'];
    for (const person of wave) await ask(person, { isDue: false });
    for (const person of wave) expect(await ask(person)).toMatchObject({ brake: 'usual-1' });
    return wave;
  }

  test('releases lets everybody who waits pass, whose number is no matter any more, and names who and why', async () => {
    const wave = await trip();
    expect(await close('usual-1', 'released', others)).toMatchObject({
      isClosed: true,
      brake: { state: 'released', by: 'ann', reason: 'T-1' },
    });
    const released = { kind: 'released', brake: 'usual-1', by: 'ann', reason: 'T-1' };
    for (const person of wave) expect(await ask(person)).toEqual(released);
    expect(await brakes.open()).toEqual([]);
    expect(await ask('W-6')).toEqual({ kind: 'pass' });
  });

  test('releases says nothing about those who come later, nor about later facts and more packages', async () => {
    const limits = limitOf(1);
    await trip();
    await close('usual-1', 'released');
    expect(await ask('W-1', { facts: 'f2', limits })).toEqual({ kind: 'pass' });
    expect(await ask('W-2', { packages: ['badge', 'finance'], limits })).toEqual({
      ...{ kind: 'held', brake: 'usual-2', tripped: true },
    });
    expect(await ask('W-3', { limits })).toMatchObject({ kind: 'released', brake: 'usual-1' });
    // W-1 counts as removed now, and waits no more.
    expect(await heldUnder()).toEqual(['W-2']);
  });

  test('releases still holds for what is left after some packages are removed', async () => {
    for (const person of ['W-1', 'W-2']) {
      const packages = ['badge', 'finance'];
      await ask(person, { limits: limitOf(1), packages });
    }
    await close('usual-1', 'released');
    expect(await ask('W-2', { packages: ['finance'] })).toMatchObject({ kind: 'released' });
  });

  test('discards lets nobody pass, and is remembered until something else is stated', async () => {
    const wave = await trip();
    await close('usual-1', 'discarded');
    const discard = { brake: 'usual-1', by: 'ann', reason: 'T-1' };
    for (const person of wave) {
      const known = await others.recall(person);
      const badge = { objectId: OBJECT, packageKey: 'badge' };
      expect(discardOf(known, 'f1', badge)).toEqual(discard);
      expect(discardOf(known, 'f2', badge)).toBeUndefined();
      expect(discardOf(known, 'f1', { ...badge, packageKey: 'finance' })).toBeUndefined();
      expect(
        discardOf(known, 'f1', { ...badge, objectId: OBJECT.replace('2', '9') }),
      ).toBeUndefined();
    }
    expect(await brakes.open()).toEqual([]);
    expect(await ask('W-1', { facts: 'f2' })).toEqual({ kind: 'pass' });
    expect(
      discardOf(await brakes.recall('W-1'), 'f1', { objectId: OBJECT, packageKey: 'badge' }),
    ).toBeUndefined();
  });

  test('discards is kept beside what waits newly under the same facts, and after that has left', async () => {
    await trip();
    await close('usual-1', 'discarded');
    await ask('W-1', { packages: ['finance'] });
    const badge = { objectId: OBJECT, packageKey: 'badge' };
    expect(discardOf(await brakes.recall('W-1'), 'f1', badge)).toMatchObject({ by: 'ann' });
    await leave('W-1');
    expect(discardOf(await brakes.recall('W-1'), 'f1', badge)).toMatchObject({ by: 'ann' });
  });

  test('discards while a run asks is answered as discarded', async () => {
    await trip();
    const known = await brakes.recall('W-1');
    await close('usual-1', 'discarded', others);
    const answer = await brakes.ask(removalsOf('W-1', {}), known, {
      ...{ isDue: true, limits: limitOf(3), at: after(2) },
    });
    expect(answer).toEqual({ kind: 'discarded', brake: 'usual-1', by: 'ann', reason: 'T-1' });
  });

  test('closes is closed once, whoever else tries and with whatever', async () => {
    await trip();
    const answers = await atOnce(10, (index) =>
      close('usual-1', index % 2 === 0 ? 'released' : 'discarded', index < 5 ? brakes : others),
    );
    expect(answers.filter((answer) => answer?.isClosed)).toHaveLength(1);
    const [state, ...rest] = new Set(answers.map((answer) => answer?.brake.state));
    expect(rest).toEqual([]);
    expect((await ask('W-3'))?.kind ?? 'none').toBe(state === 'released' ? 'released' : 'pass');
  });

  test.each(['usual-7', 'usual-0', 'other-1', ''])(
    'does not know as %j is not closed',
    async (id) => {
      expect(await close(id, 'released')).toBeUndefined();
    },
  );
});

describe('while a brake is being closed', () => {
  /** A process in which the brake is closed just before or after the entry of a person becomes visible. */
  const closing = (when: 'before' | 'after', state: 'released' | 'discarded') => {
    const table = storage.table('removals');
    return createRemovalBrakes({
      ...table,
      insert: async (partition, key, columns) => {
        const isEntry = key.startsWith('waiting-');
        if (isEntry && when === 'before') await close('usual-1', state);
        const etag = await table.insert(partition, key, columns);
        if (isEntry && when === 'after') await close('usual-1', state);
        return etag;
      },
    });
  };
  const numbersOf = async (person: string) =>
    (await storage.table('removals').list('counts-usual', { from: 'waiting-', below: 'waiting.' }))
      .filter(({ key }) => key.endsWith(person))
      .map(({ key }) => key);

  test.each([
    ['before', 'released'],
    ['before', 'discarded'],
    ['after', 'released'],
    ['after', 'discarded'],
  ] as const)(
    'somebody who is entered just then (%s it is %s) counts for the next one',
    async (when, state) => {
      for (const person of ['W-1', 'W-2']) await ask(person, { limits: limitOf(1) });
      const by = closing(when, state);
      expect(await ask('W-3', { limits: limitOf(9), by, isDue: false })).toBeUndefined();
      expect(await numbersOf('W-3')).toEqual(['waiting-000000002-W-3']);
    },
  );

  test.each(['released', 'discarded'] as const)(
    'somebody who waited before and asks just then is %s with the others',
    async (state) => {
      for (const person of ['W-1', 'W-2']) await ask(person, { limits: limitOf(1) });
      const answer = await ask('W-2', { limits: limitOf(9), by: closing('before', state) });
      expect(answer).toEqual({ kind: state, brake: 'usual-1', by: 'ann', reason: 'T-1' });
    },
  );
});

test('a crash between the two entries of a person leaves nobody uncounted', async () => {
  const table = storage.table('removals');
  const dying = createRemovalBrakes({
    ...table,
    insert: (partition, key, columns) =>
      key.startsWith('waiting-')
        ? Promise.reject(new Error('killed'))
        : table.insert(partition, key, columns),
  });
  await expect(ask('W-1', { by: dying, isDue: false })).rejects.toThrow('killed');
  await ask('W-1', { isDue: false });
  await ask('W-2', { isDue: false });
  expect(await ask('W-2', { limits: limitOf(1) })).toMatchObject({ kind: 'held' });
});

describe('many at once', () => {
  const LIMIT = 50;

  /** As a run does it: where the store does not answer in time, it asks again. */
  async function askUntilAnswered(person: string, asking: Asking): ReturnType<typeof ask> {
    for (;;) {
      try {
        return await ask(person, asking);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    }
  }

  test('of 200 who ask at the same moment at most the limit pass, one brake trips, and it is told once', async () => {
    const answers = await atOnce(200, (index) =>
      askUntilAnswered(`W-${index}`, {
        limits: limitOf(LIMIT),
        by: index % 2 === 0 ? brakes : others,
      }),
    );
    expect(countOf(answers, 'pass')).toBeLessThanOrEqual(LIMIT);
    expect(countOf(answers, 'pass') + countOf(answers, 'held')).toBe(200);
    expect(answers.filter((answer) => answer?.tripped)).toHaveLength(1);
    expect(await brakes.open()).toHaveLength(1);
  }, 180_000);

  test('of 200 who were entered in time nobody passes; released, each passes once', async () => {
    await atOnce(200, (index) =>
      askUntilAnswered(`W-${index}`, { isDue: false, limits: limitOf(LIMIT) }),
    );
    const answers = await atOnce(200, (index) =>
      askUntilAnswered(`W-${index}`, {
        limits: limitOf(LIMIT),
        by: index % 2 === 0 ? brakes : others,
      }),
    );
    expect(countOf(answers, 'held')).toBe(200);
    expect(answers.filter((answer) => answer?.tripped)).toHaveLength(1);
    expect(await heldUnder()).toHaveLength(200);

    await close('usual-1', 'released');
    const released = await atOnce(200, (index) =>
      askUntilAnswered(`W-${index}`, { limits: limitOf(LIMIT) }),
    );
    expect(countOf(released, 'released')).toBe(200);
  }, 180_000);

  test('a decision takes as many calls for a thousand who wait as for one', async () => {
    const table = storage.table('removals');
    let calls = 0;
    const counted = Object.fromEntries(
      Object.entries(table).map(([name, call]) => [
        name,
        (...args: never[]) => {
          calls += 1;
          return (call as (...given: never[]) => unknown)(...args);
        },
      ]),
    ) as unknown as Table;
    const callsOf = async (person: string, isDue: boolean): Promise<number> => {
      calls = 0;
      await ask(person, { isDue, limits: limitOf(LIMIT), by: createRemovalBrakes(counted) });
      return calls;
    };
    const alone = [await callsOf('W-1', false), await callsOf('W-1', true)];
    await atOnce(20, async (index) => {
      for (let at = 0; at < 50; at += 1)
        await table.insert('counts-usual', `waiting-000000001-X-${index * 50 + at}`, { since: '' });
    });
    const among = [await callsOf('W-2', false), await callsOf('W-2', true)];
    expect(among[0]).toBe(alone[0]);
    expect(among[1]).toBeLessThanOrEqual(alone[1] ?? 0);
    expect(Math.max(...alone, ...among)).toBeLessThanOrEqual(12);
  }, 180_000);
});
