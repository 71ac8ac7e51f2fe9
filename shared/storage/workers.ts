import { z } from 'zod';
import { padded } from '../domain/events/keys';
import { isMoreComplete } from '../domain/lifecycle/fact-of';
import { StoredFact } from '../domain/lifecycle/facts';
import { DuePlace } from './due';
import { Holding, type StoredHolding } from './holdings';
import type { StoredRow, Table } from './storage-port';
import { createRowUpdater, fromColumns, toColumns } from './rows';
import { LOCK } from './worker-locks';

/** In the partition of a number: the number that came after it. Sorts behind the facts. */
const NEXT = 'fact-next-';
/** A list of rows ends below one of these: behind the facts and the holdings, or the lock and the wake-up too. */
const BEHIND = { holdings: 'holding.', all: 'wake.' };

export type Workers = ReturnType<typeof createWorkers>;

/** Numbers of one person that are followed; nobody has as many, and a placeholder in HR would join everybody. */
export const MAX_NUMBERS = 32;

/** More than MAX_NUMBERS worker ids are joined by `previousWorkerId`: they cannot be one person. */
export class TooManyNumbers extends Error {
  override name = 'TooManyNumbers';
}

/** The first worker id of one person, and the facts and holdings of all of them. */
type Person = { root: string; facts: StoredFact[]; holdings: StoredHolding[] };

/**
 * When a person is to be looked at again, and the row in `due` that does it; without them, nothing is known to change.
 * `before`: the row of an earlier wake-up that may still be there.
 */
const Wake = z.object({
  at: z.string().optional(),
  place: DuePlace.optional(),
  before: DuePlace.optional(),
});
export type Wake = z.infer<typeof Wake>;
const WAKE = 'wake';

/** The records of each worker: the facts of its events, and when its plan changes next. */
export function createWorkers(table: Table) {
  // A fact is written once, so nothing is gained by remembering it.
  const updateFact = createRowUpdater(table, () => true);
  const updateWake = createRowUpdater(table);
  const read = async (workerId: string, below: string) => {
    const rows = await table.list(workerId, { from: 'fact-', below });
    const isLink = ({ key }: StoredRow): boolean => key.startsWith(NEXT);
    const isHolding = ({ key }: StoredRow): boolean => key.startsWith('holding-');
    const facts = rows
      .filter((row) => row.key.startsWith('fact-') && !isLink(row))
      .map((row) => fromColumns(StoredFact, row.columns));
    const previous = facts.flatMap(({ previousWorkerId }) => previousWorkerId ?? []);
    return {
      facts,
      holdings: rows
        .filter(isHolding)
        .map(({ columns, etag }): StoredHolding => ({ ...fromColumns(Holding, columns), etag })),
      previous: previous.filter((id) => id !== workerId),
      next: rows.filter(isLink).map(({ key }) => key.slice(NEXT.length)),
      lockedBy: rows.find(({ key }) => key === LOCK)?.columns['holder'],
      wakes: rows.filter(({ key }) => key === WAKE).map((row) => fromColumns(Wake, row.columns)),
    };
  };

  /** Follows the links of a number in both directions, however many lie between. */
  const numbersOf = async (workerId: string, below: string) => {
    const numbers = new Map<string, Awaited<ReturnType<typeof read>>>();
    for (let found = [workerId]; found.length > 0;) {
      if (numbers.size + found.length > MAX_NUMBERS) throw new TooManyNumbers();
      const all = await Promise.all(found.map(async (id) => [id, await read(id, below)] as const));
      for (const [id, records] of all) numbers.set(id, records);
      const linked = all.flatMap(([, { previous, next }]) => [...previous, ...next]);
      found = [...new Set(linked)].filter((id) => !numbers.has(id));
    }
    return numbers;
  };

  const person = async (workerId: string): Promise<Person> => {
    const numbers = await numbersOf(workerId, BEHIND.holdings);
    const first = [...numbers].filter(([, { previous }]) => previous.length === 0);
    // Numbers that precede each other in a circle have no first one: any of them will do, if it is always the same.
    const [root = workerId] = (first.length > 0 ? first : [...numbers]).map(([id]) => id).sort();
    const all = [...numbers.values()];
    return {
      root,
      facts: all.flatMap(({ facts }) => facts),
      holdings: all.flatMap(({ holdings }) => holdings),
    };
  };

  return {
    /**
     * Records the fact of an event, once: it stays as it was accepted first, except that a replay may bring values that were
     * not stored then. With a `previousWorkerId` its worker is joined
     * to that one for good, whichever of the two is heard of first. Idempotent.
     */
    addFact: async (fact: StoredFact): Promise<void> => {
      const { workerId, previousWorkerId, time, hash, acceptedAt } = fact;
      if (previousWorkerId !== undefined && previousWorkerId !== workerId)
        await table.insert(previousWorkerId, `${NEXT}${workerId}`, { acceptedAt });
      const key = `fact-${orderOf(time)}-${hash}`;
      await updateFact(workerId, key, (columns) => {
        const known = columns && fromColumns(StoredFact, columns);
        if (known && !isMoreComplete(fact, known)) return undefined;
        return toColumns({ ...fact, acceptedAt: known?.acceptedAt ?? acceptedAt });
      });
    },

    /**
     * The facts of all numbers that `previousWorkerId` joins to this one, each number's in the order of their times. Throws
     * TooManyNumbers.
     */
    facts: async (workerId: string): Promise<StoredFact[]> => (await person(workerId)).facts,

    /**
     * The facts of all numbers of a person, and the holdings under the given ones of them, in the order of the numbers; one
     * read for each number. Throws TooManyNumbers.
     */
    records: async (
      workerId: string,
      workerIds: readonly string[],
    ): Promise<{ facts: StoredFact[]; holdings: StoredHolding[] }> => {
      const numbers = await numbersOf(workerId, BEHIND.holdings);
      return {
        facts: [...numbers.values()].flatMap(({ facts }) => facts),
        holdings: workerIds.flatMap((id) => numbers.get(id)?.holdings ?? []),
      };
    },

    /**
     * The same with the holdings, the wake-up and the lock of each number, by the number: all that a plan needs of the store. Throws
     * TooManyNumbers.
     */
    everything: async (
      workerId: string,
    ): Promise<{ facts: StoredFact[]; numbers: ReadonlyMap<string, NumberRecords> }> => {
      const numbers = await numbersOf(workerId, BEHIND.all);
      return {
        facts: [...numbers.values()].flatMap(({ facts }) => facts),
        numbers: new Map(
          [...numbers].map(([id, { holdings, wakes, lockedBy }]) => [
            id,
            { holdings, wake: wakes[0], lockedBy },
          ]),
        ),
      };
    },

    /** The facts and holdings under one number, whatever it is joined to. */
    ofNumber: async (
      workerId: string,
    ): Promise<{ facts: StoredFact[]; holdings: StoredHolding[] }> => {
      const { facts, holdings } = await read(workerId, BEHIND.holdings);
      return { facts, holdings };
    },

    /** The facts of everybody, one worker id after another. It reads them all: for a count that is seldom needed. */
    everybody: async function* (): AsyncGenerator<{ workerId: string; facts: StoredFact[] }> {
      let workerId = '';
      let facts: StoredFact[] = [];
      for await (const rows of table.scan({ from: 'fact-', below: NEXT })) {
        for (const { partition, columns } of rows) {
          if (partition !== workerId && facts.length > 0) {
            yield { workerId, facts };
            facts = [];
          }
          workerId = partition;
          facts.push(fromColumns(StoredFact, columns));
        }
      }
      if (facts.length > 0) yield { workerId, facts };
    },

    /**
     * What is known of the next `atMost` numbers behind `after`, in the order of the numbers. `isJoined`: the number has come
     * to be joined to others. `last`: where the next page begins; absent at the end.
     */
    page: async (after: string | undefined, atMost: number) => {
      const range = {
        from: 'fact-',
        below: BEHIND.holdings,
        ...(after !== undefined && { after }),
      };
      const numbers = new Map<string, NumberRows>();
      for await (const rows of table.scan(range)) {
        for (const { partition, key, columns } of rows) {
          const known = numbers.get(partition) ?? {
            ...{ workerId: partition, facts: [], holdings: [], isJoined: false },
          };
          // The first rows of one number more show that this one is read to its end.
          if (!numbers.has(partition) && numbers.size === atMost)
            return { numbers: [...numbers.values()], last: [...numbers.keys()].at(-1) };
          numbers.set(partition, known);
          if (key.startsWith(NEXT)) known.isJoined = true;
          else if (key.startsWith('fact-')) {
            const fact = fromColumns(StoredFact, columns);
            known.facts.push(fact);
            known.isJoined ||= fact.previousWorkerId !== undefined;
          } else known.holdings.push(fromColumns(Holding, columns));
        }
      }
      return { numbers: [...numbers.values()], last: undefined };
    },

    /** The wake-up of a person; undefined if they never had one. */
    wakeOf: async (personId: string): Promise<Wake | undefined> => {
      const row = await table.read(personId, WAKE);
      return row && fromColumns(Wake, row.columns);
    },

    /** Changes the wake-up of a person unless `change` answers undefined. Answers it after that. */
    changeWake: async (
      personId: string,
      change: (wake: Wake | undefined) => Wake | undefined,
    ): Promise<Wake | undefined> => {
      const row = await updateWake(personId, WAKE, (columns) => {
        const changed = change(columns && fromColumns(Wake, columns));
        return changed && toColumns(changed);
      });
      return row && fromColumns(Wake, row.columns);
    },

    /** All of these: `root` is the first number of the person. Throws TooManyNumbers. */
    person,

    /** The first number of the person, which stands for all that are joined to it. Throws TooManyNumbers. */
    personOf: async (workerId: string): Promise<string> => (await person(workerId)).root,
  };
}

/** Milliseconds since the first year that an event may name, padded so that text order is time order. */
const orderOf = (time: string): string => padded(Date.parse(time) - Date.parse(EARLIEST), 16);

/** `lockedBy`: the instance that has the lock of the number. */
type NumberRecords = { holdings: StoredHolding[]; wake: Wake | undefined; lockedBy: unknown };

type NumberRows = {
  workerId: string;
  facts: StoredFact[];
  holdings: Holding[];
  isJoined: boolean;
};

const EARLIEST = '0001-01-01T00:00:00Z';
