import { parseInstanceId } from '../domain/events/keys';
import { isMoreComplete } from '../domain/lifecycle/fact-of';
import { Claim, whyNoReplay, type StoredClaim } from '../domain/workflow/claim';
import type { Evidence } from '../domain/workflow/outcome';
import type { Waiting } from '../domain/workflow/workflow-state';
import type { ChainEnd } from '../domain/workflow/run';
import type { ClosingOutcome } from '../domain/workflow/step-outcome';
import type { StoredRow, Table } from './storage-port';
import { fromColumns, toColumns, createRowUpdater } from './rows';
import type { DuePlace } from './due';

const ROW = 'claim';
const DUPLICATES = 'duplicates';

/** Identifies one execution of one attempt. */
export type Execution = { eventHash: string; attempt: number; token: string };

/** The end of an attempt, as its closing row shows it. */
export type Ending = {
  outcome: ClosingOutcome;
  reason?: string | undefined;
  /** The answer of Graph behind the outcome. */
  evidence?: Evidence | undefined;
  targetId?: string | undefined;
  deliveredAt?: string | undefined;
};

export type Claims = ReturnType<typeof createClaims>;

/**
 * One row per accepted event, by its hash: `claimed -> started -> closing -> closed`. It is kept outside the task hub,
 * which purges and overwrites instances. Every change goes by ETag and is retried after a conflict.
 */
export function createClaims(table: Table) {
  const updateRow = createRowUpdater(table, ({ state }) => state === 'closed');
  const read = async (eventHash: string): Promise<StoredClaim | undefined> => {
    const row = await table.read(eventHash, ROW);
    return row && claimOf(row);
  };

  /** Changes the claim unless `change` answers undefined. Answers the claim after that, undefined if there is none. */
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

    /** Claims the event, or answers the claim that exists. */
    claim: async (eventHash: string, claim: Claim): Promise<StoredClaim | 'claimed'> => {
      const race = { won: false };
      const row = await updateRow(eventHash, ROW, (held) => {
        race.won = held === undefined;
        return held ? undefined : toColumns(claim);
      });
      if (race.won) return 'claimed';
      if (!row) throw new Error('a claim is missing after its insert conflicted');
      return claimOf({ ...row, partition: eventHash });
    },

    /**
     * Starts the next attempt at a closed event, `after` that attempt if it is given, with a `fresh` claim that carries
     * replay marks. Undefined if they start none: see whyNoReplay.
     */
    reopen: async (
      eventHash: string,
      fresh: Claim,
      after?: number,
    ): Promise<StoredClaim | undefined> => {
      const race = { won: false };
      const claim = await update(eventHash, (closed) => {
        const marks = fresh.replay;
        race.won = marks !== undefined && whyNoReplay(closed, marks, after) === undefined;
        return race.won ? nextAttempt(closed, fresh) : undefined;
      });
      return race.won ? claim : undefined;
    },

    /**
     * Moves the due row of an open attempt, unless the attempt is closed or another caller has moved the row. `stalledAt`:
     * when it was found stalled; the first time is kept until it goes on.
     */
    reschedule: (seen: StoredClaim, due: DuePlace, stalledAt?: string) =>
      update(seen.eventHash, (claim) =>
        claim.state !== 'closed' && claim.attempt === seen.attempt && claim.due.key === seen.due.key
          ? { due, stalledSince: stalledAt && (claim.stalledSince ?? stalledAt) }
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

    /** Shows what the run waits for; `waiting` rows record it. */
    wait: (execution: Execution, waiting: Waiting) =>
      update(execution.eventHash, (claim) =>
        runs(claim, execution) && claim.state === 'started' ? { waiting } : undefined,
      ),

    /** Says how the attempt is to end, unless its closing row says otherwise. A later call changes nothing and answers that. */
    beginClosing: (execution: Execution, end: Ending & { chain: ChainEnd }, now: string) =>
      update(execution.eventHash, (claim) =>
        runs(claim, execution) && claim.state === 'started'
          ? { state: 'closing', ...end, updatedAt: now }
          : undefined,
      ),

    /** Call it after the closing row is written, with what that says: it decides. */
    finishClosing: (execution: Execution, end: Ending & { chain: ChainEnd }, now: string) =>
      update(execution.eventHash, (claim) =>
        runs(claim, execution) && (claim.state === 'closing' || claim.state === 'started')
          ? { state: 'closed', ...end, updatedAt: now }
          : undefined,
      ),

    /** Counts one more message with the content of the claim. */
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

/** Keeps only the fact, the number and the known replays of the attempt before. */
const nextAttempt = (closed: Claim, fresh: Claim): Partial<Claim> => ({
  ...Object.fromEntries(Object.keys(closed).map((column) => [column, undefined])),
  ...fresh,
  content: contentOfNext(closed.content, fresh.content),
  ended: closed.ended,
  attempt: closed.attempt + 1,
  replay: { ...fresh.replay, of: closed.attempt },
  replays: [...(closed.replays ?? []), ...(fresh.replays ?? [])],
});

/** A fact stays as it was accepted first, except that a replay of the whole event may complete it. */
function contentOfNext(known: Claim['content'], given: Claim['content']): Claim['content'] {
  if (!known || !given || !isMoreComplete(given, known)) return known;
  return { ...given, acceptedAt: known.acceptedAt };
}

export const runs = (claim: Claim, execution: Execution): boolean =>
  claim.attempt === execution.attempt && claim.token === execution.token;

const claimOf = (row: Pick<StoredRow, 'partition' | 'columns' | 'etag'>): StoredClaim => ({
  ...fromColumns(Claim, row.columns),
  eventHash: row.partition,
  etag: row.etag,
});
