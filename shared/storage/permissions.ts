import { z } from 'zod';
import { HEED_MS } from '../deadline';
import { Evidence } from '../domain/workflow/outcome';
import { ADVICE_MS, ifAvailable } from './limits';
import { createRowUpdater, fromColumns, toColumns } from './rows';
import type { Table } from './storage-port';

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
type Refused = Evidence & { hasWorked: boolean; waitMs: number };

/** A use that Graph refuses, by code: `permission-lost` or `permission-missing`, `-restored` in the log. */
export type RefusedUse = Use & { code: string };
type News = { what: string } & Use & Evidence;

const REREAD_MS = 5_000;
/** A refusal that nobody has met for so long says nothing any more: no run waits for it. */
const FORGOTTEN_MS = 10 * 60_000;
const FIRST_PROBE_MS = 2_000;
const LAST_PROBE_MS = 60_000;

const probeAfter = (probes: number): number =>
  Math.min(FIRST_PROBE_MS * 2 ** Math.floor(probes / 2), LAST_PROBE_MS);

const isRefused = ({ refusedAt }: Permission): boolean =>
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

  const read = async (): Promise<void> => {
    const rows = await ifAvailable(() => table.list(identity));
    for (const { key, columns } of rows ?? [])
      known.set(`${identity}/${key}`, fromColumns(Permission, columns));
    freshUntil = Date.now() + rereadMs;
    reading = undefined;
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
  ): Promise<Permission> => {
    const key = keyOf(use);
    const id = `${identity}/${key}`;
    const blank: Permission = { worked: false };
    const local = change(known.get(id) ?? blank);
    if (local) known.set(id, local);
    const row = await ifAvailable(() =>
      updateRow(identity, key, (columns) => {
        const next = change(columns ? fromColumns(Permission, columns) : blank);
        return next && toColumns(next);
      }),
    );
    if (row) known.set(id, fromColumns(Permission, row.columns));
    return known.get(id) ?? blank;
  };

  return {
    withinMs: ADVICE_MS + HEED_MS,

    check: async (use: Use): Promise<Refused | undefined> => {
      await refresh();
      const entry = known.get(`${identity}/${keyOf(use)}`);
      if (!entry || !isRefused(entry)) return undefined;
      if (msUntil(entry.probeAt) > 0) return refusedOf(entry);
      const race = { won: false };
      const after = await update(use, (before) => {
        race.won = msUntil(before.probeAt) <= 0;
        const probes = (before.probes ?? 0) + 1;
        return race.won ? { ...before, probes, probeAt: at(probeAfter(probes)) } : undefined;
      });
      return race.won ? undefined : refusedOf(after);
    },

    allowed: async (use: Use, token: string | undefined, worked: boolean): Promise<void> => {
      meet(token);
      const entry = known.get(`${identity}/${keyOf(use)}`);
      const isNews = entry?.refusedAt !== undefined;
      if (!isNews && (!worked || entry?.worked)) return;
      if (isNews) news.push({ what: 'permission-restored', ...use });
      await update(use, (before) =>
        before.refusedAt === undefined && (before.worked || !worked)
          ? undefined
          : { worked: worked || before.worked },
      );
    },

    refused: async (use: Use, token: string | undefined, evidence: Evidence): Promise<Refused> => {
      meet(token);
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
        return isKnown ? undefined : { ...before, ...evidence, refusedAt: at(0) };
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
    ...{ hasWorked: worked, waitMs: Math.max(msUntil(probeAt), 0) },
  };
}

const keyOf = ({ operation, catalog }: Use): string => `${operation}.${catalog}`;

/** Without a token, as on this machine, there is one identity. */
const partitionOf = (identity: string | undefined): string =>
  `permissions-${/^[\w-]{1,64}$/.exec(identity ?? '')?.[0] ?? 'none'}`;
