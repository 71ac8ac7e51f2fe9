import { z } from 'zod';
import { Held } from '../domain/lifecycle/held';
import { HoldingPlace } from '../domain/lifecycle/plan';
import { fromColumns, toColumns } from './rows';
import type { Table } from './storage-port';

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
  return {
    /** All holdings under the given worker ids of a person, in the order of the ids. */
    of: async (workerIds: readonly string[]): Promise<StoredHolding[]> => {
      const range = { from: 'holding-', below: 'holding.' };
      const rows = await Promise.all(workerIds.map((id) => table.list(id, range)));
      return rows.flat().map(({ columns, etag }) => ({ ...fromColumns(Holding, columns), etag }));
    },

    load: async (place: HoldingPlace): Promise<StoredHolding | undefined> => {
      const row = await table.read(place.personId, keyOf(place));
      return row && { ...fromColumns(Holding, row.columns), etag: row.etag };
    },

    /** Saves the holding unless another caller changed or created it since it was read. */
    save: async (holding: StoredHolding): Promise<StoredHolding | undefined> => {
      const columns = toColumns(Holding.parse(holding));
      const saved =
        holding.etag === undefined
          ? await table.insert(holding.personId, keyOf(holding), columns)
          : await table.replace(holding.personId, keyOf(holding), columns, holding.etag);
      return saved === undefined ? undefined : { ...holding, etag: saved };
    },
  };
}

const keyOf = ({ targetId, packageKey }: HoldingPlace): string =>
  `holding-${targetId}-${packageKey}`;
