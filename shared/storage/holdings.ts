import { z } from 'zod';
import { Held } from '../domain/lifecycle/held';
import { HoldingPlace } from '../domain/lifecycle/plan';
import { createMemory, fromColumns, toColumns } from './rows';
import type { Table, Write } from './storage-port';

/**
 * What Joinery knows of one person's access to one package, and its last request for it. `submitting` is written before the
 * POST: until the row has the id of the request, Graph may or may not have it, and `absentReads` counts the reads that did
 * not find it. `recording` is the same for an assignment, in a dialect where the client records it. `held`: the assignment
 * of `assignmentId` was seen; `gone`: its absence was, after a removal of ours; `idle`: nothing is under way or held.
 */
export const Holding = HoldingPlace.extend({
  state: z.enum(['idle', 'submitting', 'requested', 'recording', 'held', 'gone']),
  /** What the last request was for. */
  action: z.enum(['grant', 'revoke', 'extend', 'reprocess']),
  /** `ours` only by a request with our correlation tag, or adopted by a person. */
  whose: Held.shape.whose,
  accessPackageId: z.string().optional(),
  catalogId: z.string().optional(),
  assignmentPolicyId: z.string().optional(),
  assignmentId: z.string().optional(),
  /** The end of the assignment as it was last seen, or as an open request asks for it; absent if it has none. ISO 8601. */
  until: z.string().optional(),
  requestId: z.string().optional(),
  /** Of the last request: the attempt that made it, and how its step ended there. */
  eventHash: z.string(),
  attempt: z.number().int(),
  instanceId: z.string(),
  outcome: z.string().optional(),
  absentReads: z.number().int(),
  updatedAt: z.string(),
});
export type Holding = z.infer<typeof Holding>;
export type StoredHolding = Holding & { etag?: string | undefined };

export type Holdings = ReturnType<typeof createHoldings>;

/** The holdings of people, by the person, the account and the package. */
export function createHoldings(table: Table) {
  /** All holdings of a person, as this process has seen them last. */
  const seen = createMemory<readonly StoredHolding[]>();
  const load = async (place: HoldingPlace): Promise<StoredHolding | undefined> => {
    const row = await table.read(place.personId, keyOf(place));
    return row && { ...fromColumns(Holding, row.columns), etag: row.etag };
  };
  const saved = (holding: StoredHolding, etag: string): StoredHolding => {
    const after = { ...holding, etag };
    const before = seen.get(holding.personId);
    const others = before?.filter((one) => keyOf(one) !== keyOf(holding));
    if (others) seen.set(holding.personId, [...others, after]);
    return after;
  };
  return {
    /** All holdings under the given worker ids of a person, in the order of the ids. */
    of: async (workerIds: readonly string[]): Promise<StoredHolding[]> => {
      const range = { from: 'holding-', below: 'holding.' };
      const rows = await Promise.all(workerIds.map((id) => table.list(id, range)));
      return rows.flat().map(({ columns, etag }) => ({ ...fromColumns(Holding, columns), etag }));
    },

    load,

    /** Remembers all holdings of a person as they were read. */
    remember: (personId: string, holdings: readonly StoredHolding[]): void =>
      seen.set(personId, holdings),

    /** Drops what this process remembers of a person. */
    forget: seen.forget,

    /**
     * The holding as this process has seen it last. It may be outdated: whatever is decided by it needs a write, which an
     * outdated one does not survive; `save` then forgets it.
     */
    recall: async (place: HoldingPlace): Promise<StoredHolding | undefined> => {
      const all = seen.get(place.personId);
      return all ? all.find((one) => keyOf(one) === keyOf(place)) : load(place);
    },

    /** Saves the holding unless another caller changed or created it since it was read. */
    save: async (holding: StoredHolding): Promise<StoredHolding | undefined> => {
      const { key, columns, etag } = writeOf(holding);
      const after =
        etag === undefined
          ? await table.insert(holding.personId, key, columns)
          : await table.replace(holding.personId, key, columns, etag);
      if (after === undefined) seen.forget(holding.personId);
      return after === undefined ? undefined : saved(holding, after);
    },

    /** The same by a transaction of the caller with other rows of the person. */
    saveWith: async <Refused extends string>(
      holding: StoredHolding,
      transact: (writes: Write[]) => Promise<string[] | Refused>,
    ): Promise<StoredHolding | Refused> => {
      const after = await transact([writeOf(holding)]);
      if (typeof after !== 'string') return saved(holding, after[0] ?? '');
      seen.forget(holding.personId);
      return after;
    },
  };
}

const writeOf = (holding: StoredHolding): Write => {
  const { etag } = holding;
  return { key: keyOf(holding), columns: toColumns(Holding.parse(holding)), etag };
};

const keyOf = ({ targetId, packageKey }: HoldingPlace): string =>
  `holding-${targetId}-${packageKey}`;
