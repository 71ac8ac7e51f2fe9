import { z } from 'zod';
import { HEED_MS, withDeadline } from '../promises';
import { StoreUnavailable, type Columns, type Table } from './storage-port';
import { Evidence } from '../domain/workflow/outcome';
import { createRowUpdater, fromColumns, toColumns } from './rows';

const PARTITION = 'tenant';
const ROW = 'throttledUntil';
const Throttled = z.object({ until: z.iso.datetime(), kind: z.enum(['read', 'write']).optional() });
type Kind = z.infer<typeof Throttled>['kind'];

const REREAD_MS = 5_000;
/** The row only advises, so reading it must not delay a call for long. */
const ADVICE_MS = 2_000;
/**
 * One answer delays all processes for at most this long. The windows that Graph publishes are 150 seconds or shorter; a
 * longer wait concerns one resource, or is a mistake. The call that got the answer waits it out; the others call again.
 * Source: https://learn.microsoft.com/graph/throttling-limits
 */
const LONGEST_MS = 300_000;
/** How far the clocks of two processes may differ. A time further ahead comes from a wrong clock and is ignored. */
const SKEW_MS = 60_000;

/** A time that is later by less than this is not written: many calls learn of one throttling at once. */
const MIN_CHANGE_MS = 1_000;

/** Called once for each throttling, also one that another process has met. */
type OnThrottled = (kind: NonNullable<Kind>) => void;

/**
 * Until when the tenant is throttled, as one row for all processes. Each process reads it at most every `rereadMs`, and
 * writes it only when it learns of a later time. If the store is unavailable, each process uses the time that it knows:
 * Graph itself refuses a call that is too early.
 */
export function createLimits(
  table: Table,
  { rereadMs = REREAD_MS, onThrottled }: { rereadMs?: number; onThrottled?: OnThrottled } = {},
) {
  const updateRow = createRowUpdater(table);
  let until = 0;
  let freshUntil = 0;
  let reading: Promise<void> | undefined;

  /** Calls that were under way together are refused together: one refusal is meant. */
  const begin = (later: number, kind: Kind): void => {
    if (kind !== undefined && Date.now() >= until && later > Date.now()) onThrottled?.(kind);
    until = later;
  };

  const read = async (): Promise<void> => {
    try {
      const row = await ifAvailable(() => table.read(PARTITION, ROW));
      const told = row ? timeOf(row.columns) : 0;
      if (told > until) begin(told, Throttled.safeParse(row?.columns).data?.kind);
    } finally {
      freshUntil = Math.max(Date.now() + rereadMs, until);
      reading = undefined;
    }
  };

  return {
    withinMs: ADVICE_MS + HEED_MS,

    /** Milliseconds until calls may be made again; 0 if they may be made now. */
    waitMs: async (): Promise<number> => {
      if (Date.now() >= freshUntil) await (reading ??= read());
      return Math.max(until - Date.now(), 0);
    },

    /**
     * Makes all processes wait for so many milliseconds from now, at most five minutes. `kind`: of a call that was refused
     * because there were too many.
     */
    learn: async (ms: number, kind?: Kind): Promise<void> => {
      const later = Date.now() + Math.min(ms, LONGEST_MS);
      if (later < until + MIN_CHANGE_MS) return;
      begin(later, kind);
      freshUntil = Math.max(freshUntil, later);
      const columns = toColumns({ until: new Date(later).toISOString(), kind });
      await ifAvailable(() =>
        updateRow(PARTITION, ROW, (row) => (row && timeOf(row) >= later ? undefined : columns)),
      );
    },
  };
}

/** What the store answers in time to a caller that only takes advice from it; undefined if it is unavailable. */
export async function ifAvailable<Answer>(
  ask: () => Promise<Answer>,
  withinMs = ADVICE_MS,
): Promise<Answer | undefined> {
  if (withinMs <= 0) return undefined;
  try {
    return await withDeadline(withinMs, ask);
  } catch (error) {
    if (error instanceof StoreUnavailable || (error as Error).name === 'TimeoutError')
      return undefined;
    throw error;
  }
}

/** 0 if the row cannot be used: it only advises, and the next write replaces it. */
function timeOf(columns: Columns): number {
  const time = Date.parse(Throttled.safeParse(columns).data?.until ?? '') || 0;
  return time > Date.now() + LONGEST_MS + SKEW_MS ? 0 : time;
}

/** What Graph answered to one operation on one catalog, under one identity. */
const Permission = Evidence.extend({
  /** Whether it ever succeeded. */
  worked: z.boolean(),
  /** When it was refused last; absent once it is allowed again. */
  refusedAt: z.iso.datetime().optional(),
  probes: z.number().int().optional(),
  /** Until then nobody tries again, and then only one. */
  probeAt: z.iso.datetime().optional(),
});
type Permission = z.infer<typeof Permission>;

type Use = { operation: string; catalog: string };
type Refused = Evidence & { hasWorked: boolean; isShared: boolean; waitMs: number };

/** A use that Graph refuses, by code: `permission-lost` or `permission-missing`, `-restored` in the log. */
export type RefusedUse = Use & { code: string };
type News = { what: string } & Use & Evidence;

/** A refusal that nobody has met for so long says nothing any more: no run waits for it. */
const FORGOTTEN_MS = 10 * 60_000;
const FIRST_PROBE_MS = 2_000;
const LAST_PROBE_MS = 60_000;

const probeAfter = (probes: number): number =>
  Math.min(FIRST_PROBE_MS * 2 ** Math.floor(probes / 2), LAST_PROBE_MS);

const isRefused = ({ refusedAt }: Partial<Permission> = {}): boolean =>
  refusedAt !== undefined && Date.now() - Date.parse(refusedAt) < FORGOTTEN_MS;

const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

export type Permissions = ReturnType<typeof createPermissions>;

/**
 * One row for each operation on a catalog that Graph has allowed or refused, by identity, shared by all processes.
 * `identityOf` gives the account of a token. If the store is unavailable, each process goes by what it knows.
 */
export function createPermissions(
  table: Table,
  identityOf: (token: string) => string | undefined,
  rereadMs = REREAD_MS,
) {
  const updateRow = createRowUpdater(table);
  const known = new Map<string, Permission>();
  const news: News[] = [];
  let identity = partitionOf(undefined);
  let freshUntil = 0;
  let reading: Promise<void> | undefined;

  const idOf = (use: Use): string => `${identity}/${keyOf(use)}`;

  const read = async (): Promise<void> => {
    try {
      const rows = await ifAvailable(() => table.list(identity));
      for (const { key, columns } of rows ?? [])
        known.set(`${identity}/${key}`, fromColumns(Permission, columns));
    } finally {
      freshUntil = Date.now() + rereadMs;
      reading = undefined;
    }
  };
  const refresh = async (): Promise<void> => {
    if (Date.now() >= freshUntil) await (reading ??= read());
  };
  const meet = (token: string | undefined): void => {
    const met = partitionOf(token === undefined ? undefined : identityOf(token));
    if (met !== identity) freshUntil = 0;
    identity = met;
  };

  /** Changes the row of a use; `change` may be called again. What it answers counts in this process at once. */
  const update = async (
    use: Use,
    change: (before: Permission) => Permission | undefined,
    withinMs?: number,
  ): Promise<Permission> => {
    const key = keyOf(use);
    const id = idOf(use);
    const blank: Permission = { worked: false };
    const local = change(known.get(id) ?? blank);
    if (local) known.set(id, local);
    const row = await ifAvailable(
      () =>
        updateRow(identity, key, (columns) => {
          const next = change(columns ? fromColumns(Permission, columns) : blank);
          return next && toColumns(next);
        }),
      withinMs,
    );
    if (row) known.set(id, fromColumns(Permission, row.columns));
    return known.get(id) ?? blank;
  };

  return {
    withinMs: ADVICE_MS + HEED_MS,

    check: async (use: Use): Promise<Refused | undefined> => {
      // One deadline for both steps: leases rely on it.
      const until = Date.now() + ADVICE_MS;
      await refresh();
      const entry = known.get(idOf(use));
      if (!entry || !isRefused(entry)) return undefined;
      if (msUntil(entry.probeAt) > 0) return refusedOf(entry);
      const race = { won: false };
      const probe = (before: Permission): Permission | undefined => {
        race.won = msUntil(before.probeAt) <= 0;
        const probes = (before.probes ?? 0) + 1;
        return race.won ? { ...before, probes, probeAt: at(probeAfter(probes)) } : undefined;
      };
      const after = await update(use, probe, until - Date.now());
      return race.won ? undefined : refusedOf(after);
    },

    allowed: async (use: Use, token: string | undefined, worked: boolean): Promise<void> => {
      meet(token);
      const entry = known.get(idOf(use));
      const isNews = entry?.refusedAt !== undefined;
      if (!isNews && (!worked || entry?.worked)) return;
      if (isNews) news.push({ what: 'permission-restored', ...use });
      await update(use, (before) =>
        before.refusedAt === undefined && (before.worked || !worked)
          ? undefined
          : { worked: worked || before.worked },
      );
    },

    refused: async (
      use: Use,
      token: string | undefined,
      evidence: Evidence,
      isOneObject: boolean,
    ): Promise<Refused> => {
      meet(token);
      const entry = known.get(idOf(use));
      if (isOneObject && !isRefused(entry)) {
        const hasWorked = entry?.worked ?? false;
        return { ...evidence, hasWorked, isShared: false, waitMs: FIRST_PROBE_MS };
      }
      const first = { is: false };
      const after = await update(use, (before) => {
        first.is = !isRefused(before);
        const { worked } = before;
        if (first.is) {
          const refusal = { refusedAt: at(0), probes: 0, probeAt: at(probeAfter(0)) };
          return { worked, ...evidence, ...refusal };
        }
        // Calls that were under way together are refused together: one of them writes.
        const isKnown = Date.now() - Date.parse(before.refusedAt ?? '') < FIRST_PROBE_MS / 2;
        if (isKnown) return undefined;
        // A probe may take longer than the time to the next one.
        const isDue = msUntil(before.probeAt) <= 0;
        const probeAt = isDue ? at(probeAfter(before.probes ?? 0)) : before.probeAt;
        return { ...before, ...evidence, refusedAt: at(0), probeAt };
      });
      if (first.is) news.push({ what: codeOf(after), ...use, ...evidence });
      return refusedOf(after);
    },

    /** The uses that Graph refuses now, as far as runs have met it. */
    refusals: async (): Promise<RefusedUse[]> => {
      await refresh();
      return [...known].flatMap(([id, entry]) => {
        if (!id.startsWith(`${identity}/`) || !isRefused(entry)) return [];
        const [, operation = '', catalog = ''] = /\/([^.]*)\.(.*)$/.exec(id) ?? [];
        return [{ operation, catalog, code: codeOf(entry) }];
      });
    },

    /** What was refused or allowed again since the last call, once, for the log. */
    takeNews: (): News[] => news.splice(0),
  };
}

const codeOf = ({ worked }: Permission): string =>
  worked ? 'permission-lost' : 'permission-missing';

const msUntil = (time: string | undefined): number => (time ? Date.parse(time) - Date.now() : 0);

function refusedOf(entry: Permission): Refused {
  const { graphStatus, errorCode, graphRequestId, worked, probeAt } = entry;
  return {
    ...{ graphStatus, errorCode, graphRequestId },
    ...{ hasWorked: worked, isShared: true },
    waitMs: Math.max(msUntil(probeAt), FIRST_PROBE_MS),
  };
}

const keyOf = ({ operation, catalog }: Use): string => `${operation}.${catalog}`;

/** Without a token, as on this machine, there is one identity. */
const partitionOf = (identity: string | undefined): string =>
  `permissions-${/^[\w-]{1,64}$/.exec(identity ?? '')?.[0] ?? 'none'}`;
