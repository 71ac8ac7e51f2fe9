import { createHash } from 'node:crypto';
import { z } from 'zod';
import { padded } from '../domain/events/keys';
import { ReconcileOptions } from '../domain/workflow/activities';
import { mapConcurrent } from '../promises';
import { createRowUpdater, fromColumns, toColumns } from './rows';
import type { Table } from './storage-port';

/** Who asks for a run and why. `id`: of its event; `at`: when it was asked for (ISO 8601). */
export const RunRequest = ReconcileOptions.extend({
  ...{ id: z.string(), at: z.string(), by: z.string(), reason: z.string() },
});
export type RunRequest = z.infer<typeof RunRequest>;

/**
 * How far the reading of one list has come: of the directory, of the assignments of one package, or of what counts against a
 * limit of Entra. `cursor`: the address of
 * the next page; `batches`: what was staged of it, and counts. `mark` is that of an earlier page, by which an endless list is
 * told.
 */
export const ScopeRow = z.object({
  kind: z.enum(['directory', 'package', 'packages', 'policies', 'requests']),
  packageKey: z.string().optional(),
  /** Absent where the package does not exist yet. */
  packageId: z.string().optional(),
  /** Its policies that give access by a rule of their own. */
  automatic: z.array(z.string()),
  /** Codes of what in the package is not as the model says. */
  drift: z.array(z.string()).default([]),
  state: z.enum(['reading', 'complete', 'incomplete', 'suspect']),
  why: z.string().optional(),
  holders: z.number().int(),
  pages: z.number().int(),
  cursor: z.string().optional(),
  batches: z.array(z.string()),
  mark: z.string().optional(),
});
export type ScopeRow = z.infer<typeof ScopeRow>;

const Lease = z.object({
  generation: z.number().int(),
  /** The instance that runs; absent after its end. */
  holder: z.string().optional(),
  /** The first generation of which something may be left. */
  oldest: z.number().int().default(1),
  /** Pinned by the first run. */
  tenantId: z.string().optional(),
});

/** So many rows are written or read at once, and removed. */
const AT_ONCE = 16;
const AT_ONCE_REMOVED = 64;
/** Every shard, in order. */
export const allShards: readonly string[] = Array.from({ length: 256 }, (_, shard) =>
  shard.toString(16).padStart(2, '0'),
);

/** The shard of an account, or of any other id: what is about one account is in one shard. */
export const shardOf = (id: string): string =>
  createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 2);

export type Staging = ReturnType<typeof createStaging>;

/**
 * What a run of the reconciliation puts aside while it reads: no execution ever has more than one shard in memory. Each run
 * has a generation of its own, whose rows the next run removes.
 */
export function createStaging(table: Table) {
  const updateRow = createRowUpdater(table);
  /** Without the memory of an updater: these rows are many, large, and written once or twice. */
  const put = async (partition: string, key: string, record: object): Promise<void> => {
    const columns = toColumns(record);
    for (;;) {
      if ((await table.insert(partition, key, columns)) !== undefined) return;
      const row = await table.read(partition, key);
      if (row && (await table.replace(partition, key, columns, row.etag)) !== undefined) return;
    }
  };
  const get = async <Schema extends z.ZodType>(
    schema: Schema,
    partition: string,
    key: string,
  ): Promise<z.infer<Schema> | undefined> => {
    const row = await table.read(partition, key);
    return row && fromColumns(schema, row.columns);
  };
  const changeLease = async (
    change: (lease: z.infer<typeof Lease>) => z.infer<typeof Lease> | undefined,
  ): Promise<z.infer<typeof Lease>> => {
    const row = await updateRow(LEASE, LEASE, (columns) => {
      const changed = change(columns ? fromColumns(Lease, columns) : NO_LEASE);
      return changed && toColumns(changed);
    });
    return row ? fromColumns(Lease, row.columns) : NO_LEASE;
  };

  return {
    /** Writes down who asks for a run, once. Only who may start one may write it. */
    ask: async (eventHash: string, request: RunRequest): Promise<void> => {
      await table.insert(ASKED, eventHash, toColumns(request));
    },
    asked: (eventHash: string) => get(RunRequest, ASKED, eventHash),

    /**
     * Makes an instance the one that reconciles, with the next generation; the same one if it is that already. Undefined
     * while another one runs. `isOver`: whether the run of an instance is closed. `goesOn`: the generation stays that of the
     * last run.
     */
    acquire: async (
      instanceId: string,
      isOver: (instanceId: string) => Promise<boolean>,
      goesOn = false,
    ): Promise<number | undefined> => {
      const before = await get(Lease, LEASE, LEASE);
      const isFree = before?.holder === undefined || (await isOver(before.holder));
      const lease = await changeLease((now) =>
        now.holder === instanceId || !isFree || now.holder !== before?.holder
          ? undefined
          : { ...now, holder: instanceId, generation: now.generation + (goesOn ? 0 : 1) },
      );
      return lease.holder === instanceId ? lease.generation : undefined;
    },
    release: async (instanceId: string): Promise<void> => {
      await changeLease((now) =>
        now.holder === instanceId ? { ...now, holder: undefined } : undefined,
      );
    },
    /** Whether an instance reconciles now; and the generation of the last run that began. */
    lease: async () => (await get(Lease, LEASE, LEASE)) ?? NO_LEASE,

    /** Pins the tenant at the first run. False for another one ever after. */
    isPinned: async (tenantId: string): Promise<boolean> => {
      const lease = await changeLease((now) =>
        now.tenantId === undefined ? { ...now, tenantId } : undefined,
      );
      return lease.tenantId === tenantId;
    },

    putScope: (generation: number, index: number, scope: ScopeRow): Promise<void> =>
      put(scopesOf(generation), padded(index, 6), scope),
    scope: (generation: number, index: number) =>
      get(ScopeRow, scopesOf(generation), padded(index, 6)),
    /** All scopes of a generation, in the order of their index. */
    scopes: async (generation: number): Promise<ScopeRow[]> =>
      (await table.list(scopesOf(generation))).map(({ columns }) => fromColumns(ScopeRow, columns)),

    /** Stages items by their shards. They count once a row names the `batch`, which is of one execution alone. */
    stage: async (
      generation: number,
      kind: string,
      batch: string,
      items: Iterable<readonly [shard: string, item: object]>,
    ): Promise<void> => {
      const byShard = new Map<string, object[]>();
      for (const [shard, item] of items) {
        const known = byShard.get(shard);
        if (known) known.push(item);
        else byShard.set(shard, [item]);
      }
      await mapConcurrent(AT_ONCE, [...byShard], async ([shard, all]) => {
        // A row takes a megabyte.
        for (let at = 0; at < all.length; at += MOST_ITEMS) {
          const key = `${kind}-${batch}-${padded(at / MOST_ITEMS, 6)}`;
          await put(shardRows(generation, shard), key, { items: all.slice(at, at + MOST_ITEMS) });
        }
      });
    },
    /** The shards in which anything of these kinds was staged, in order. */
    stagedShards: async (generation: number, kinds: readonly string[]): Promise<string[]> => {
      const all = `${prefix(generation)}-shard`;
      const found = new Set<string>();
      for await (const rows of table.scan({ after: `${all}-`, before: `${all}.`, keysOnly: true }))
        for (const { partition, key } of rows)
          if (kinds.some((kind) => key.startsWith(`${kind}-`))) found.add(partition.slice(-2));
      return [...found].sort();
    },
    /** What was staged of a kind in one shard, of the given batches. */
    staged: async <Schema extends z.ZodType>(
      generation: number,
      shard: string,
      kind: string,
      item: Schema,
      batches: ReadonlySet<string>,
    ): Promise<z.infer<Schema>[]> => {
      const rows = await table.list(shardRows(generation, shard), {
        from: `${kind}-`,
        below: `${kind}.`,
      });
      return rows
        .filter(({ key }) => batches.has(key.slice(kind.length + 1, -7)))
        .flatMap(({ columns }) => fromColumns(z.object({ items: z.array(item) }), columns).items);
    },

    /** A record of a generation by its group and key. A later one with the same key replaces it. */
    put: (generation: number, group: string, key: string, record: object): Promise<void> =>
      put(groupRows(generation, group), key, record),
    get: <Schema extends z.ZodType>(
      schema: Schema,
      generation: number,
      group: string,
      key: string,
    ) => get(schema, groupRows(generation, group), key),
    /** The records of a group by their keys, in order. */
    group: async <Schema extends z.ZodType>(
      schema: Schema,
      generation: number,
      group: string,
    ): Promise<Map<string, z.infer<Schema>>> => {
      const rows = await table.list(groupRows(generation, group));
      return new Map(rows.map(({ key, columns }) => [key, fromColumns(schema, columns)]));
    },

    /** How many shards were compared, without reading what was found in them. */
    countCompared: async (generation: number): Promise<number> =>
      (await table.list(groupRows(generation, 'shards'))).length,

    /** A record that outlives its generation. */
    keep: (group: string, key: string, record: object): Promise<void> =>
      put(`kept-${group}`, key, record),
    kept: <Schema extends z.ZodType>(schema: Schema, group: string, key: string) =>
      get(schema, `kept-${group}`, key),

    /**
     * Removes what generations before this one have left, until `until` (milliseconds since 1970). Answers whether all is
     * gone.
     */
    clearBefore: async (generation: number, until: number): Promise<boolean> => {
      const { oldest } = (await get(Lease, LEASE, LEASE)) ?? NO_LEASE;
      const old = { after: `${prefix(oldest)}-`, before: `${prefix(generation)}-`, keysOnly: true };
      for await (const rows of table.scan(old)) {
        if (Date.now() > until) return false;
        await mapConcurrent(AT_ONCE_REMOVED, rows, ({ partition, key }) =>
          table.remove(partition, key),
        );
      }
      await changeLease((now) => ({ ...now, oldest: Math.max(now.oldest, generation) }));
      return true;
    },
  };
}

const LEASE = 'lease';
const ASKED = 'asked';
const MOST_ITEMS = 500;

/** The group of what was found of the people of a shard. */
export const foundIn = (shard: string): string => `found-${shard}`;

const NO_LEASE: z.infer<typeof Lease> = { generation: 0, oldest: 1 };

const prefix = (generation: number): string => padded(generation, 10);
const scopesOf = (generation: number): string => `${prefix(generation)}-scopes`;
const shardRows = (generation: number, shard: string): string =>
  `${prefix(generation)}-shard-${shard}`;
const groupRows = (generation: number, group: string): string => `${prefix(generation)}-${group}`;
