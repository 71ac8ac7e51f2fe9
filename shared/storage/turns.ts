import { z } from 'zod';
import type { Table } from './storage-port';
import { fromColumns, toColumns } from './columns';
import { createRowUpdater } from './update-row';

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
  const updateRow = createRowUpdater(table);
  return {
    /**
     * `isOver` tells whether the run of an instance is closed: such a holder loses the turn. Answers `taken` (also if it
     * was ours already), `held` by another, or `stale` when this phase is history.
     */
    take: async (
      turn: Turn,
      isOver: (instanceId: string) => Promise<boolean>,
    ): Promise<'taken' | 'held' | 'stale'> => {
      let answer: 'taken' | 'held' | 'stale' = 'taken';
      await updateRow(turn.workerId, ROW, async (columns) => {
        const held = columns && fromColumns(TurnRow, columns);
        answer = await judge(held, turn, isOver);
        if (answer !== 'taken' || isHolder(held, turn)) return undefined;
        const { instanceId: holder, phase } = turn;
        return toColumns({ holder, phase, released: held?.released ?? [] });
      });
      return answer;
    },

    /** Whether the turn is this run's now. */
    holds: async (workerId: string, instanceId: string): Promise<boolean> =>
      (await table.read(workerId, ROW))?.columns['holder'] === instanceId,

    /** Gives the turn back and marks the phase as past. Doing it twice changes nothing. */
    release: async (turn: Turn): Promise<void> => {
      await updateRow(turn.workerId, ROW, (columns) => {
        const held = columns && fromColumns(TurnRow, columns);
        if (!held || lastReleased(held, turn) >= turn.phase) return undefined;
        const others = held.released.filter(([instanceId]) => instanceId !== turn.instanceId);
        const released = [...others, [turn.instanceId, turn.phase] as [string, number]];
        const next: TurnRow = { phase: held.phase, released: released.slice(-REMEMBERED) };
        if (held.holder !== undefined && held.holder !== turn.instanceId) next.holder = held.holder;
        return toColumns(next);
      });
    },
  };
}

async function judge(
  held: TurnRow | undefined,
  turn: Turn,
  isOver: (instanceId: string) => Promise<boolean>,
): Promise<'taken' | 'held' | 'stale'> {
  if (held && lastReleased(held, turn) >= turn.phase) return 'stale';
  const { holder } = held ?? {};
  const foreign = holder !== undefined && holder !== turn.instanceId;
  return foreign && !(await isOver(holder)) ? 'held' : 'taken';
}

const isHolder = (held: TurnRow | undefined, turn: Turn): boolean =>
  held?.holder === turn.instanceId && held.phase === turn.phase;

const lastReleased = (row: TurnRow, turn: Turn): number =>
  row.released.find(([instanceId]) => instanceId === turn.instanceId)?.[1] ?? 0;
