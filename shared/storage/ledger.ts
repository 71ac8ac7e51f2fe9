import { AuditRow, type AuditEntry } from '../domain/workflow/audit-entry';
import { jsonHash, padded } from '../domain/events/keys';
import { START_OF_CHAIN, type ChainEnd } from '../domain/workflow/run';
import type { AppendOnlyTable, Columns } from './storage-port';
import { indexEntry } from './audit-index';

export type Ledger = ReturnType<typeof createLedger>;

type EventEntry = AuditEntry & { eventHash: string };
/** The row as it is stored, and the end of the chain behind it. */
type Appended = { row: AuditRow; chain: ChainEnd };

/** This execution is not, or no longer, the one that writes the chain: it must stop. */
export class StaleRun extends Error {
  override name = 'StaleRun';
}

/**
 * The append-only ledger. Rows are inserted and never changed; each carries the hash of the row before it in the same
 * event and attempt, so a missing, changed or swapped row shows.
 */
export function createLedger(audit: AppendOnlyTable, index: AppendOnlyTable) {
  /** Inserts the row, or finds it inserted before by the same run: what is recorded is what happened. */
  const insert = async (partition: string, key: string, row: AuditRow): Promise<AuditRow> => {
    const inserted = await audit.insert(partition, key, columnsOf(row));
    if (inserted !== undefined) return row;
    const stored = await audit.read(partition, key);
    if (!stored) throw new StaleRun('an audit row vanished');
    return AuditRow.parse(stored.columns);
  };

  const write = async (chain: ChainEnd, entry: EventEntry, at: string) => {
    const day = at.slice(0, 10);
    if (chain.day !== day) await indexEntry(index, entry, at);
    const row = chained(entry, chain);
    const stored = await insert(entry.eventHash, rowKey(entry.attempt, row.seq), row);
    if (stored.runToken !== row.runToken || stored.prevHash !== row.prevHash) {
      throw new StaleRun('another run wrote this row');
    }
    const written = { row: stored, chain: { seq: stored.seq, hash: stored.hash, day } };
    return { ...written, isSame: sameDeed(stored, row) };
  };

  return {
    /**
     * Appends the next row of an attempt. `at` (ISO 8601, the orchestration's clock) is when it happened, for the index.
     * Answers the row as it is stored and the new end of the chain. Throws StaleRun when something else has this place.
     */
    append: async (chain: ChainEnd, entry: EventEntry, at: string): Promise<Appended> => {
      const { isSame, ...written } = await write(chain, entry, at);
      if (!isSame) throw new StaleRun('this run wrote another row here');
      return written;
    },

    /**
     * Appends the closing row behind all that this run has written: where the answer to a row was lost, the caller's end
     * of the chain lags. Otherwise as `append`.
     */
    close: async (chain: ChainEnd, entry: EventEntry, at: string): Promise<Appended> => {
      for (let end = chain; ;) {
        const { isSame, ...written } = await write(end, entry, at);
        if (isSame) return written;
        end = written.chain;
      }
    },

    /** The end of the chain as it stands; its day is left open, so that the next row is indexed. */
    endOf: async (eventHash: string, attempt: number): Promise<ChainEnd> => {
      const range = { from: `${padded(attempt, 4)}-`, below: `${padded(attempt, 4)}.` };
      const last = (await audit.list(eventHash, range)).at(-1);
      if (!last) return START_OF_CHAIN;
      const { seq, hash } = AuditRow.parse(last.columns);
      return { seq, hash, day: '' };
    },

    /** Records a body that was refused: one row per body, however often it is delivered. */
    reject: async (entry: AuditEntry & { bodyHash: string }, at: string): Promise<AuditRow> => {
      const partition = `rejected-${entry.bodyHash.slice(0, 2)}`;
      const stored = await audit.read(partition, entry.bodyHash);
      if (stored) return AuditRow.parse(stored.columns);
      await indexEntry(index, entry, at);
      return insert(partition, entry.bodyHash, chained(entry, START_OF_CHAIN));
    },
  };
}

const rowKey = (attempt: number, seq: number): string => `${padded(attempt, 4)}-${padded(seq, 6)}`;

/** SHA-256 over the canonical JSON of all columns but `hash` itself. */
export const hashOf = (row: Omit<AuditRow, 'hash'>): string => jsonHash(row);

function chained(entry: AuditEntry, chain: ChainEnd): AuditRow {
  const present = Object.entries(entry).filter(([, value]) => value !== undefined);
  const row = {
    ...(Object.fromEntries(present) as AuditEntry),
    seq: chain.seq + 1,
    prevHash: chain.hash,
  };
  return { ...row, hash: hashOf(row) };
}

const columnsOf = (row: AuditRow): Columns => row as unknown as Columns;

const sameDeed = (stored: AuditRow, row: AuditRow): boolean =>
  stored.kind === row.kind && stored.step === row.step && stored.packageKey === row.packageKey;
