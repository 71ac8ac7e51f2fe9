import { hashOf, rowKey, type PlacedRow } from '../domain/evidence/chain';
import { daysBetween } from '../domain/evidence/hours';
import { padded } from '../domain/events/keys';
import { AuditRow, type AuditEntry } from '../domain/workflow/audit-entry';
import { START_OF_CHAIN, type ChainEnd } from '../domain/workflow/run';
import {
  indexEntry,
  referencesOfDay,
  referencesOfDays,
  referencesOfWorker,
  refusalsOf,
  refusalsOfEvent,
  type Indexed,
} from './audit-index';
import { mapConcurrent } from '../promises';
import type { AppendOnlyTable, Columns, Table } from './storage-port';

export type Ledger = ReturnType<typeof createLedger>;

type EventEntry = AuditEntry & { eventHash: string };
/** The row as it is stored, and the end of the chain after it. */
type Appended = { row: AuditRow; chain: ChainEnd };

/** Another execution writes this chain: the caller must stop. */
export class StaleRun extends Error {
  override name = 'StaleRun';
}

/**
 * The append-only ledger. Rows are inserted and never changed. Each carries the hash of the row before it in the same
 * event and attempt, so that verification finds a missing, changed or swapped row.
 */
export function createLedger(audit: AppendOnlyTable, index: AppendOnlyTable) {
  /** Inserts the row, or answers the row that is stored in its place. */
  const insert = async (partition: string, key: string, row: AuditRow): Promise<AuditRow> => {
    const inserted = await audit.insert(partition, key, columnsOf(row));
    if (inserted !== undefined) return row;
    const stored = await audit.read(partition, key);
    if (!stored) throw new StaleRun('an audit row is missing after its insert conflicted');
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
    return { ...written, isSame: isSameStep(stored, row) };
  };

  /** The row among these that has the step of `entry`. */
  const untoldRow = async (untold: readonly number[], entry: EventEntry) => {
    for (const seq of untold) {
      const stored = await audit.read(entry.eventHash, rowKey(entry.attempt, seq));
      const row = stored && AuditRow.parse(stored.columns);
      if (row && isSameStep(row, entry)) return row;
    }
    return undefined;
  };

  const append = async (chain: ChainEnd, entry: EventEntry, at: string): Promise<Appended> => {
    const untold = [...(chain.untold ?? [])];
    const row = await untoldRow(untold, entry);
    if (row) return { row, chain: withUntold(chain, without(untold, row.seq)) };
    for (let end = chain; ;) {
      const { isSame, ...written } = await write(end, entry, at);
      if (isSame) return { row: written.row, chain: withUntold(written.chain, untold) };
      if (written.row.kind === 'closing') throw new StaleRun('the attempt is closed');
      if (written.row.kind !== 'waiting') untold.push(written.row.seq);
      end = written.chain;
    }
  };

  /** The rows of the entries, all in one transaction; undefined if one of their places is taken. */
  const writeAll = async (chain: ChainEnd, entries: readonly EventEntry[], at: string) => {
    const day = at.slice(0, 10);
    const [first] = entries;
    if (first === undefined || chain.untold) return undefined;
    if (chain.day !== day) await indexEntry(index, first, at);
    let end: ChainEnd = chain;
    const rows = entries.map((entry) => {
      const row = chained(entry, end);
      end = { seq: row.seq, hash: row.hash, day };
      return { key: rowKey(entry.attempt, row.seq), columns: columnsOf(row) };
    });
    return (await audit.writeAll(first.eventHash, rows)) && end;
  };

  return {
    /**
     * Appends the next row of an attempt. `at` (ISO 8601, the orchestration's clock) is when it happened, for the index.
     * Answers the row as it is stored and the new end of the chain. It goes behind rows of this run whose answers were lost;
     * the end then names them, so that whoever writes one of them again is answered with it. Throws StaleRun if another run
     * has this place, or if the attempt is closed.
     */
    append,

    /**
     * Appends several rows of one step, all or none, in one transaction. Where one of their places is taken, or the account
     * takes no transaction from this identity, each is appended by itself: it finds what was written before. Answers the new
     * end of the chain.
     */
    appendAll: async (
      chain: ChainEnd,
      entries: readonly EventEntry[],
      at: string,
    ): Promise<ChainEnd> => {
      // What cannot be written by itself either says why.
      const written = await writeAll(chain, entries, at).catch(() => undefined);
      if (written) return written;
      let end = chain;
      for (const entry of entries) end = (await append(end, entry, at)).chain;
      return end;
    },

    /**
     * Appends the closing row behind all rows of this run. After a lost answer, the caller's end of the chain is behind
     * them. Otherwise as `append`.
     */
    close: async (chain: ChainEnd, entry: EventEntry, at: string): Promise<Appended> => {
      for (let end = chain; ;) {
        const { isSame, ...written } = await write(end, entry, at);
        if (isSame) return written;
        end = written.chain;
      }
    },

    /** The end of the stored chain, and its row if that closes the attempt. Its day is left empty, so that the next row is indexed. */
    endOf: async (
      eventHash: string,
      attempt: number,
    ): Promise<{ chain: ChainEnd; closing?: AuditRow }> => {
      const range = { from: `${padded(attempt, 4)}-`, below: `${padded(attempt, 4)}.` };
      const last = (await audit.list(eventHash, range)).at(-1);
      if (!last) return { chain: START_OF_CHAIN };
      const row = AuditRow.parse(last.columns);
      const { seq, hash, kind } = row;
      return { chain: { seq, hash, day: '' }, ...(kind === 'closing' && { closing: row }) };
    },

    /** The hashes of all events of which an attempt has begun since `at` (ISO 8601), and of some that go on since then. */
    eventsSince: async (at: string): Promise<string[]> => {
      const hashes = new Set<string>();
      for (const day of daysBetween(Date.parse(at), Date.now())) {
        const of = await referencesOfDay(index, day, `${padded(Date.parse(at), 16)}-`);
        for (const { eventHash } of of) if (eventHash !== undefined) hashes.add(eventHash);
      }
      return [...hashes];
    },

    /** Records a body that was refused: one row per body, also after redeliveries. */
    reject: async (entry: AuditEntry & { bodyHash: string }, at: string): Promise<AuditRow> => {
      const partition = refusalsOf(entry.bodyHash);
      const stored = await audit.read(partition, entry.bodyHash);
      if (stored) return AuditRow.parse(stored.columns);
      await indexEntry(index, entry, at);
      return insert(partition, entry.bodyHash, chained(entry, START_OF_CHAIN));
    },
  };
}

const without = (untold: readonly number[], seq: number): number[] =>
  untold.filter((one) => one !== seq);

const withUntold = ({ seq, hash, day }: ChainEnd, untold: number[]): ChainEnd => ({
  ...{ seq, hash, day },
  ...(untold.length > 0 && { untold }),
});

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

const isSameStep = (stored: AuditRow, row: AuditEntry): boolean =>
  stored.kind === row.kind &&
  stored.step === row.step &&
  stored.packageKey === row.packageKey &&
  stored.action === row.action &&
  (row.step === undefined || stored.targetId === row.targetId) &&
  stored.waitingFor === row.waitingFor;

export type LedgerReader = ReturnType<typeof createLedgerReader>;

/** What an index leads to: events, and the rows of refused bodies. */
export type Subjects = { eventHashes: string[]; refusals: AuditRow[] };

/** A busy day has thousands of events; reading all of them at once would exceed the deadline of each call. */
const AT_ONCE = 32;

/** Reads the ledger by event, worker or days. Every read goes by key or by a range of keys; none scans a table. */
export function createLedgerReader(
  audit: AppendOnlyTable,
  index: AppendOnlyTable & Pick<Table, 'scan'>,
) {
  const rowsOf = async (eventHash: string): Promise<PlacedRow[]> => audit.list(eventHash);

  const ofEvent = async (eventHash: string): Promise<AuditRow[]> =>
    (await rowsOf(eventHash)).map((row) => AuditRow.parse(row.columns));

  const refusalRow = (bodyHash: string): Promise<PlacedRow | undefined> =>
    audit.read(refusalsOf(bodyHash), bodyHash);

  const follow = async ({ eventHash, bodyHash }: Indexed): Promise<AuditRow[]> => {
    if (eventHash !== undefined) return ofEvent(eventHash);
    const row = await refusalRow(bodyHash);
    return row ? [AuditRow.parse(row.columns)] : [];
  };

  const followAll = async (subjects: readonly Indexed[]): Promise<AuditRow[]> =>
    (await mapConcurrent(AT_ONCE, subjects, follow)).flat();

  const subjectsOf = async (subjects: Indexed[]): Promise<Subjects> => ({
    eventHashes: subjects.flatMap(({ eventHash }) => eventHash ?? []),
    refusals: await followAll(subjects.filter(({ bodyHash }) => bodyHash !== undefined)),
  });

  return {
    /** The rows of an event, and of a refused body, as they are stored: whoever changed them may have left no sense in them. */
    rowsOf,
    refusalRow,
    /** What the index names of a UTC day, of a worker, and of the bodies that were refused with the id of an event. */
    indexed: async (
      question: { day: string } | { worker: string } | { eventHash: string },
    ): Promise<Indexed[]> => {
      if ('day' in question) return referencesOfDay(index, question.day);
      if ('worker' in question) return referencesOfWorker(index, question.worker);
      return refusalsOfEvent(index, question.eventHash);
    },
    /** All rows of one event, attempt by attempt, in the order they were written; then the refused bodies with its id. */
    ofEvent: async (eventHash: string): Promise<AuditRow[]> => {
      const refusals = refusalsOfEvent(index, eventHash);
      return [...(await ofEvent(eventHash)), ...(await followAll(await refusals))];
    },
    /** Why a body was refused; undefined if it was not. */
    refusalOf: async (bodyHash: string): Promise<string | undefined> => {
      const row = await refusalRow(bodyHash);
      return row && AuditRow.parse(row.columns).reason;
    },
    ofWorker: async (workerId: string): Promise<AuditRow[]> =>
      followAll(await referencesOfWorker(index, workerId)),
    /** All rows of the events that something happened to on that UTC day. */
    ofDay: async (day: string): Promise<AuditRow[]> => followAll(await referencesOfDay(index, day)),
    /** The events with a row of that UTC day, and the bodies refused on it. Reads no row of an event. */
    subjectsOfDay: async (day: string): Promise<Subjects> =>
      subjectsOf(await referencesOfDay(index, day)),
    /** The same of all UTC days from one to another, of what was there `before` (ISO 8601), each once, by their hashes. */
    subjectsOfDays: async (first: string, last: string, before: string): Promise<Subjects> => {
      const named = await referencesOfDays(index, first, last);
      const found = await subjectsOf(named.filter(({ at }) => at < Date.parse(before)));
      return { ...found, eventHashes: found.eventHashes.toSorted() };
    },
    /** The same of one worker. */
    subjectsOfWorker: async (workerId: string): Promise<Subjects> =>
      subjectsOf(await referencesOfWorker(index, workerId)),
  };
}
