import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchive } from './archive';
import { openJournal, readJournal } from './journal';
import {
  applyOp,
  type ArchivePlace,
  commitText,
  type Instance,
  type Instances,
  type Op,
} from './state';
import { openSwap, type ReadHistory, type Swap } from './swap';

/**
 * The state of the task hub: in memory, with an append-only journal of one line per commit. Commits that arrive together
 * share one fdatasync. Histories are in memory up to a size; beyond it those of instances that wait are in a swap file.
 */
export type Store = {
  readonly instances: ReadonlyMap<string, Instance>;
  /** Applies the changes at once; resolves when they are durable. Commits become durable in their order. */
  commit: (ops: readonly Op[]) => Promise<void>;
  /** The history of an instance that has not ended. */
  read: (instance: Instance) => ReadHistory;
  /** What the histories in memory take, approximately. */
  readonly historyBytes: number;
  /** Archives a history (JSON text of its events, joined by commas); durable with the next commit. */
  archive: (history: string) => ArchivePlace;
  /** Reads a history; undefined if the bounded archive no longer has it. */
  archived: (place: ArchivePlace) => Promise<string | undefined>;
  close: () => Promise<void>;
};

type StoreOptions = {
  warn: (message: string) => void;
  /** The size from which the journal is rewritten when it has doubled. */
  compactBytes?: number;
  /** The size of one of the archive's files. */
  segmentBytes?: number;
  /** What histories may take in memory. */
  swapBytes?: number;
};

export async function openStore(dir: string, options: StoreOptions): Promise<Store> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'journal.jsonl');
  const instances: Instances = new Map();
  const swap = openSwap(join(dir, 'swap'), options);
  const apply = (ops: readonly Op[]): void => {
    for (const op of ops) applyAndSwap(instances, swap, op);
  };
  const dropped = await readJournal(path, apply);
  if (dropped > 0) options.warn(`durable: dropped ${dropped} bytes of an unfinished write`);

  const archive = await openArchive(join(dir, 'histories'), options.segmentBytes);
  const journal = await openJournal(path, instances, swap, options.compactBytes);
  const write = groupCommit(async (lines) => {
    const archiveDurable = archive.take();
    const journalDurable = journal.prepare(lines);
    // A journal that points into the archive must not survive what it points to.
    await archiveDurable();
    await journalDurable();
  });

  return {
    instances,
    commit(ops) {
      apply(ops);
      return write(commitText(ops));
    },
    read: ({ history }) => swap.read(history),
    get historyBytes() {
      return swap.bytesInMemory;
    },
    archive: archive.append,
    async archived(place) {
      await write('');
      return archive.read(place);
    },
    async close() {
      await write('');
      await archive.close();
      await journal.close();
      swap.close();
    },
  };
}

function applyAndSwap(instances: Instances, swap: Swap, op: Op): void {
  const id = 'record' in op ? op.record.id : op.id;
  const before = instances.get(id)?.history;
  applyOp(instances, op);
  const after = instances.get(id)?.history;
  if (before && before !== after) swap.forget(before);
  if (after) swap.changed(after);
}

/** Collects the lines of one iteration of the event loop, or of the time of the current write, for the next write. */
function groupCommit(flush: (lines: string) => Promise<void>) {
  let lines: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  return (line: string): Promise<void> => {
    if (line !== '') lines.push(line);
    next ??= last.then(gathered).then(() => {
      const taken = lines.join('');
      lines = [];
      next = undefined;
      return flush(taken);
    });
    last = next;
    return next;
  };
}

function gathered(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
