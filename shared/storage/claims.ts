import { parseInstanceId } from '../domain/events/keys';
import { Claim, type StoredClaim } from '../domain/workflow/claim';
import { whyNoReplay } from '../domain/workflow/replay';
import type { ChainEnd } from '../domain/workflow/run';
import type { ClosingOutcome } from '../domain/workflow/step-outcome';
import type { StoredRow, Table } from './storage-port';
import { fromColumns, toColumns } from './columns';
import type { DuePlace } from './due';
import { createRowUpdater } from './update-row';

const ROW = 'claim';
const DUPLICATES = 'duplicates';

/** Names one execution of one attempt. */
export type Execution = { eventHash: string; attempt: number; token: string };

/** How an attempt ends: what its closing row says. */
export type Ending = {
  outcome: ClosingOutcome;
  reason?: string | undefined;
  targetId?: string | undefined;
  deliveredAt?: string | undefined;
};

export type Claims = ReturnType<typeof createClaims>;

/**
 * The record of every accepted event, outside the task hub, which forgets and overwrites. One row per event hash:
 * `claimed -> started -> closing -> closed`. All changes go by ETag; who loses looks again.
 */
export function createClaims(table: Table) {
  const updateRow = createRowUpdater(table);
  const read = async (eventHash: string): Promise<StoredClaim | undefined> => {
    const row = await table.read(eventHash, ROW);
    return row && claimOf(row);
  };

  /** Changes the claim if `change` finds it fit; answers the claim as it is then, undefined if there is none. */
  const update = async (
    eventHash: string,
    change: (claim: Claim) => Partial<Claim> | undefined,
  ): Promise<StoredClaim | undefined> => {
    const row = await updateRow(eventHash, ROW, (columns) => {
      const claim = columns && fromColumns(Claim, columns);
      const changed = claim && change(claim);
      return changed && toColumns({ ...claim, ...changed });
    });
    return row && claimOf({ ...row, partition: eventHash });
  };

  return {
    read,

    /** Whether the attempt that an instance runs is closed, or was followed by another attempt. */
    isOver: async (instanceId: string): Promise<boolean> => {
      const run = parseInstanceId(instanceId);
      const claim = run && (await read(run.eventHash));
      return !claim || claim.state === 'closed' || claim.attempt !== run.attempt;
    },

    /** Claims the event for good, or answers the claim that has it. */
    claim: async (eventHash: string, claim: Claim): Promise<StoredClaim | 'claimed'> => {
      const race = { won: false };
      const row = await updateRow(eventHash, ROW, (held) => {
        race.won = held === undefined;
        return held ? undefined : toColumns(claim);
      });
      if (race.won) return 'claimed';
      if (!row) throw new Error('a claim vanished: nothing ever removes one');
      return claimOf({ ...row, partition: eventHash });
    },

    /**
     * Begins the next attempt at a closed event with a `fresh` claim that carries replay marks. Undefined where they
     * begin none: see whyNoReplay.
     */
    reopen: async (eventHash: string, fresh: Claim): Promise<StoredClaim | undefined> => {
      const race = { won: false };
      const claim = await update(eventHash, (closed) => {
        const marks = fresh.replay;
        race.won = marks !== undefined && whyNoReplay(closed, marks) === undefined;
        return race.won ? nextAttempt(closed, fresh) : undefined;
      });
      return race.won ? claim : undefined;
    },

    /** Moves the watch over an attempt that goes on, unless it has ended or was moved by another. */
    moveWatch: (watched: StoredClaim, due: DuePlace) =>
      update(watched.eventHash, (claim) =>
        claim.state !== 'closed' &&
        claim.attempt === watched.attempt &&
        claim.due.key === watched.due.key
          ? { due }
          : undefined,
      ),

    /** Makes this execution the one that runs the attempt, unless the attempt is over, stale or run by another. */
    start: (execution: Execution & { version?: number | undefined }, now: string) =>
      update(execution.eventHash, (claim) =>
        claim.attempt === execution.attempt && claim.state === 'claimed'
          ? {
              state: 'started',
              token: execution.token,
              version: execution.version,
              updatedAt: now,
            }
          : undefined,
      ),

    /** Decides how the attempt ends; whoever comes later finds the decision and finishes that one. */
    beginClosing: (execution: Execution, end: Ending & { chain: ChainEnd }, now: string) =>
      update(execution.eventHash, (claim) =>
        runs(claim, execution) && claim.state === 'started'
          ? { state: 'closing', ...end, updatedAt: now }
          : undefined,
      ),

    /** Once the closing row stands. */
    finishClosing: (execution: Execution, chain: ChainEnd, now: string) =>
      update(execution.eventHash, (claim) =>
        runs(claim, execution) && claim.state === 'closing'
          ? { state: 'closed', chain, updatedAt: now }
          : undefined,
      ),

    /** Counts one more message that says what is known already. */
    countDuplicate: async (eventHash: string, now: string): Promise<number> => {
      const row = await updateRow(eventHash, DUPLICATES, (columns) => ({
        count: Number(columns?.['count'] ?? 0) + 1,
        lastAt: now,
      }));
      return Number(row?.columns['count']);
    },

    duplicates: async (eventHash: string): Promise<number> =>
      Number((await table.read(eventHash, DUPLICATES))?.columns['count'] ?? 0),
  };
}

/** Of the attempt before, nothing stays but its number and the replays that are known. */
const nextAttempt = (closed: Claim, fresh: Claim): Partial<Claim> => ({
  ...Object.fromEntries(Object.keys(closed).map((column) => [column, undefined])),
  ...fresh,
  attempt: closed.attempt + 1,
  replay: { ...fresh.replay, of: closed.attempt },
  replays: [...(closed.replays ?? []), ...(fresh.replays ?? [])],
});

export const runs = (claim: Claim, execution: Execution): boolean =>
  claim.attempt === execution.attempt && claim.token === execution.token;

const claimOf = (row: Pick<StoredRow, 'partition' | 'columns' | 'etag'>): StoredClaim => ({
  ...fromColumns(Claim, row.columns),
  eventHash: row.partition,
  etag: row.etag,
});
