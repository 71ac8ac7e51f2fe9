import { z } from 'zod';
import type { Table } from '../domain/table';
import { fromColumns, toColumns } from './columns';

const ROW = 'turn';
/** Runs of one worker whose released phases are remembered; far more than ever run side by side. */
const REMEMBERED = 32;

const TurnRow = z.object({
  holder: z.string().optional(),
  phase: z.number().int(),
  /** Newest last: the last phase that each run has released. */
  released: z.array(z.tuple([z.string(), z.number().int()])),
});
type TurnRow = z.infer<typeof TurnRow>;

export type Turn = { workerId: string; instanceId: string; phase: number };

export type Turns = ReturnType<typeof createTurns>;

/**
 * One turn per worker, so that two events of one person never plan and submit at once. A phase once released is never
 * taken again: an activity that runs late a second time cannot take a turn that nobody would release.
 */
export function createTurns(table: Table) {
  return {
    /**
     * `isOver` tells whether the run of an instance is closed: such a holder loses the turn. Answers `taken` (also if it
     * was ours already), `held` by another, or `stale` when this phase is history.
     */
    take: async (
      turn: Turn,
      isOver: (instanceId: string) => Promise<boolean>,
    ): Promise<'taken' | 'held' | 'stale'> => {
      const mine = { holder: turn.instanceId, phase: turn.phase };
      for (;;) {
        const row = await table.read(turn.workerId, ROW);
        const held = row ? fromColumns(TurnRow, row.columns) : undefined;
        if (held && lastReleased(held, turn) >= turn.phase) return 'stale';
        if (held?.holder === turn.instanceId && held.phase === turn.phase) return 'taken';
        const foreign = held?.holder !== undefined && held.holder !== turn.instanceId;
        if (foreign && !(await isOver(held.holder ?? ''))) return 'held';
        const next = toColumns({ ...mine, released: held?.released ?? [] });
        const saved = row
          ? await table.replace(turn.workerId, ROW, next, row.etag)
          : await table.insert(turn.workerId, ROW, next);
        if (saved !== undefined) return 'taken';
      }
    },

    /** Whether the turn is this run's now. */
    holds: async (workerId: string, instanceId: string): Promise<boolean> =>
      (await table.read(workerId, ROW))?.columns['holder'] === instanceId,

    /** Gives the turn back and marks the phase as past. Doing it twice changes nothing. */
    release: async (turn: Turn): Promise<void> => {
      for (;;) {
        const row = await table.read(turn.workerId, ROW);
        if (!row) return;
        const held = fromColumns(TurnRow, row.columns);
        if (lastReleased(held, turn) >= turn.phase) return;
        const others = held.released.filter(([instanceId]) => instanceId !== turn.instanceId);
        const released = [...others, [turn.instanceId, turn.phase] as [string, number]];
        const next: TurnRow = { phase: held.phase, released: released.slice(-REMEMBERED) };
        if (held.holder !== undefined && held.holder !== turn.instanceId) next.holder = held.holder;
        const saved = await table.replace(turn.workerId, ROW, toColumns(next), row.etag);
        if (saved !== undefined) return;
      }
    },
  };
}

const lastReleased = (row: TurnRow, turn: Turn): number =>
  row.released.find(([instanceId]) => instanceId === turn.instanceId)?.[1] ?? 0;
