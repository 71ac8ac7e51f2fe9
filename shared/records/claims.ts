import { Claim, type StoredClaim } from '../domain/claim';
import type { ChainEnd } from '../domain/run';
import type { ClosingOutcome } from '../domain/step-outcome';
import type { StoredRow, Table } from '../domain/table';
import { fromColumns, toColumns } from './columns';

const ROW = 'claim';
const DUPLICATES = 'duplicates';

/** Names one execution of one attempt. */
export type Execution = { eventHash: string; attempt: number; token: string };

export type Claims = ReturnType<typeof createClaims>;

/**
 * The record of every accepted event, outside the task hub, which forgets and overwrites. One row per event hash:
 * `claimed -> started -> closing -> closed`. All changes go by ETag; who loses looks again.
 */
export function createClaims(table: Table) {
  const read = async (eventHash: string): Promise<StoredClaim | undefined> => {
    const row = await table.read(eventHash, ROW);
    return row && claimOf(row);
  };

  /** Changes the claim if `change` finds it fit; answers the claim as it is then, undefined if there is none. */
  const update = async (
    eventHash: string,
    change: (claim: StoredClaim) => Partial<Claim> | undefined,
  ): Promise<StoredClaim | undefined> => {
    for (;;) {
      const claim = await read(eventHash);
      const changed = claim && change(claim);
      if (!claim || !changed) return claim;
      const next = { ...claim, ...changed };
      const etag = await table.replace(eventHash, ROW, claimColumns(next), claim.etag);
      if (etag !== undefined) return { ...next, etag };
    }
  };

  return {
    read,

    /** Claims the event for good, or answers the claim that has it. */
    claim: async (eventHash: string, claim: Claim): Promise<StoredClaim | 'claimed'> => {
      const inserted = await table.insert(eventHash, ROW, claimColumns(claim));
      if (inserted !== undefined) return 'claimed';
      const held = await read(eventHash);
      if (!held) throw new Error('a claim vanished: nothing ever removes one');
      return held;
    },

    /** Makes this execution the one that runs the attempt, unless the attempt is over, stale or run by another. */
    start: (execution: Execution, now: string) =>
      update(execution.eventHash, (claim) =>
        claim.attempt === execution.attempt && claim.state === 'claimed'
          ? { state: 'started', token: execution.token, updatedAt: now }
          : undefined,
      ),

    /** Decides how the attempt ends; whoever comes later finds the decision and finishes that one. */
    beginClosing: (
      execution: Execution,
      end: { outcome: ClosingOutcome; reason?: string | undefined; chain: ChainEnd },
      now: string,
    ) =>
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
      for (;;) {
        const row = await table.read(eventHash, DUPLICATES);
        const count = Number(row?.columns['count'] ?? 0) + 1;
        const columns = { count, lastAt: now };
        const saved = row
          ? await table.replace(eventHash, DUPLICATES, columns, row.etag)
          : await table.insert(eventHash, DUPLICATES, columns);
        if (saved !== undefined) return count;
      }
    },

    duplicates: async (eventHash: string): Promise<number> =>
      Number((await table.read(eventHash, DUPLICATES))?.columns['count'] ?? 0),
  };
}

export const runs = (claim: Claim, execution: Execution): boolean =>
  claim.attempt === execution.attempt && claim.token === execution.token;

const claimOf = (row: StoredRow): StoredClaim => ({
  ...fromColumns(Claim, row.columns),
  eventHash: row.partition,
  etag: row.etag,
});

const claimColumns = (claim: Claim) => toColumns(Claim.parse(claim));
