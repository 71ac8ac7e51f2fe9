import { z } from 'zod';
import type { Run } from '../domain/workflow/run';
import type { Columns, Table, Write } from './storage-port';
import { createRowUpdater, fromColumns, toColumns } from './rows';

/** The key of the row, in the partition of the worker. */
export const LOCK = 'lock';
/** Runs of one worker whose released tokens are remembered; far more than ever run side by side. */
const REMEMBERED = 32;

const LockRow = z.object({
  holder: z.string().optional(),
  fencingToken: z.number().int(),
  /** Newest last: the last fencing token that each run has released. */
  released: z.array(z.tuple([z.string(), z.number().int()])),
});
type LockRow = z.infer<typeof LockRow>;

/** `fencingToken`: grows with each lock that a run asks for. */
export type WorkerLock = { workerId: string; instanceId: string; fencingToken: number };

/** The worker id that stands for all numbers of the person whom a run is about. */
export const personOf = ({ personId, fact }: Run): string => personId ?? fact.workerId;

/** The lock that a run asks for on its person. */
export const lockOf = (run: Run, fencingToken: number): WorkerLock => ({
  workerId: personOf(run),
  instanceId: run.instanceId,
  fencingToken,
});

export type WorkerLocks = ReturnType<typeof createWorkerLocks>;

/**
 * One lock per worker, so that two events of one person never plan and submit at the same time. A fencing token that was
 * released is refused: an activity that is executed again too late cannot take a lock that no run would release.
 */
export function createWorkerLocks(table: Table) {
  const updateRow = createRowUpdater(table);
  return {
    /**
     * `isOver` says whether the run of an instance is closed: such a holder loses the lock. Answers `acquired` (also if
     * the run holds it already), `held` by another run, or `stale` when this token was released before.
     */
    acquire: async (
      lock: WorkerLock,
      isOver: (instanceId: string) => Promise<boolean>,
    ): Promise<'acquired' | 'held' | 'stale'> => {
      let answer: 'acquired' | 'held' | 'stale' = 'acquired';
      await updateRow(lock.workerId, LOCK, async (columns) => {
        const row = columns && fromColumns(LockRow, columns);
        answer = await check(row, lock, isOver);
        if (answer !== 'acquired' || isHolder(row, lock)) return undefined;
        const { instanceId: holder, fencingToken } = lock;
        return toColumns({ holder, fencingToken, released: row?.released ?? [] });
      });
      return answer;
    },

    /** Drops what this process remembers of the lock of a worker. */
    forget: (workerId: string): void => updateRow.forget(workerId, LOCK),

    isHeldBy: async (workerId: string, instanceId: string): Promise<boolean> =>
      (await table.read(workerId, LOCK))?.columns['holder'] === instanceId,

    /** The instance that holds the lock of a worker, if one does. */
    holderOf: async (workerId: string): Promise<string | undefined> => {
      const row = await table.read(workerId, LOCK);
      return row && fromColumns(LockRow, row.columns).holder;
    },

    /** Releases the lock and marks its token as used. Doing it twice changes nothing. */
    release: async (lock: WorkerLock): Promise<void> => {
      await updateRow(lock.workerId, LOCK, (columns) => {
        const row = columns && fromColumns(LockRow, columns);
        if (!row || lastReleased(row, lock) >= lock.fencingToken) return undefined;
        return toColumns(released(row, lock));
      });
    },

    /**
     * Writes rows of the worker in one transaction with a look at the lock: only while this run has it. `releases`: the
     * fencing token of a lock that is released in the same transaction. Answers the new ETags of the rows, `lost` if the run
     * has the lock no more, and `conflict` if a row was changed by another writer.
     */
    writeUnder: async (
      { workerId, instanceId }: Pick<WorkerLock, 'workerId' | 'instanceId'>,
      rows: readonly Write[],
      releases?: number,
    ): Promise<string[] | 'lost' | 'conflict'> => {
      const look = (columns: Columns | undefined): Columns | undefined => {
        const row = columns && fromColumns(LockRow, columns);
        if (row?.holder !== instanceId) return undefined;
        if (releases === undefined) return columns;
        return toColumns(released(row, { workerId, instanceId, fencingToken: releases }));
      };
      return (await updateRow(workerId, LOCK, look, rows))?.beside ?? 'lost';
    },
  };
}

/**
 * Acquires a lock for a caller that comes again with its next token: one whose token was used before is `held` off, and
 * `stale` only if its run is over.
 */
export async function acquireOnce(
  { acquire }: Pick<WorkerLocks, 'acquire'>,
  lock: WorkerLock,
  isOver: (instanceId: string) => Promise<boolean>,
): Promise<'acquired' | 'held' | 'stale'> {
  const acquired = await acquire(lock, isOver);
  return acquired === 'stale' && !(await isOver(lock.instanceId)) ? 'held' : acquired;
}

async function check(
  row: LockRow | undefined,
  lock: WorkerLock,
  isOver: (instanceId: string) => Promise<boolean>,
): Promise<'acquired' | 'held' | 'stale'> {
  if (row && lastReleased(row, lock) >= lock.fencingToken) return 'stale';
  const { holder } = row ?? {};
  const isHeldByOther = holder !== undefined && holder !== lock.instanceId;
  return isHeldByOther && !(await isOver(holder)) ? 'held' : 'acquired';
}

/** The row once this lock is released, and its token marked as used. */
function released(row: LockRow, lock: WorkerLock): LockRow {
  const others = row.released.filter(([instanceId]) => instanceId !== lock.instanceId);
  const all = [...others, [lock.instanceId, lock.fencingToken] as [string, number]];
  const isOther = row.holder !== undefined && row.holder !== lock.instanceId;
  return {
    ...(isOther && { holder: row.holder }),
    ...{ fencingToken: row.fencingToken, released: all.slice(-REMEMBERED) },
  };
}

const isHolder = (row: LockRow | undefined, lock: WorkerLock): boolean =>
  row?.holder === lock.instanceId && row.fencingToken === lock.fencingToken;

const lastReleased = (row: LockRow, lock: WorkerLock): number =>
  row.released.find(([instanceId]) => instanceId === lock.instanceId)?.[1] ?? 0;
