import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchive } from './archive';
import { openJournal, readJournal } from './journal';
import { none } from './kept-history';
import {
  applyOp,
  type ArchivePlace,
  commitText,
  type Instance,
  type Instances,
  type KeptActivity,
  type Op,
} from './state';
import { openSwap, type ReadHistory, type Swap } from './swap';

/**
 * The state of the task hub: in memory, with an append-only journal of one line per commit. Commits that arrive together
 * share one fdatasync. Histories and the inputs of activities are in memory up to a size, and beyond it in a swap file.
 */
export type Store = {
  readonly instances: ReadonlyMap<string, Instance>;
  /** Applies the changes at once; resolves when they are durable. Commits become durable in their order. */
  commit: (ops: readonly Op[]) => Promise<void>;
  /** The history of an instance that has not ended. */
  read: (instance: Instance) => ReadHistory;
  /** The input of an activity without a result, as JSON text. */
  inputOf: (activity: KeptActivity) => string;
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
  /** What histories may take in memory; inputs may take as much, or less. */
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
  const journal = await openJournal(path, instances, swap, options);
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
    inputOf: ({ input }) => swap.text(input),
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
  const { history: before, activities = none } = instances.get(id) ?? {};
  applyOp(instances, op);
  const instance = instances.get(id);
  const after = instance?.history;
  if (before && before !== after) swap.forget(before);
  if (after) swap.changed(after);
  if (activities !== instance?.activities) keepInputs(instance, activities, swap);
}

/** Hands over the inputs of the activities that are new, and drops those of the activities that are gone. */
function keepInputs(
  instance: Instance | undefined,
  before: readonly KeptActivity[],
  swap: Swap,
): void {
  const [known, left] = [new Set(before), new Set(instance?.activities)];
  for (const one of before) if (!left.has(one)) swap.drop(one.input);
  if (!instance || left.size === 0) return;
  instance.activities = instance.activities.map((one) =>
    known.has(one) || typeof one.input !== 'string' ? one : { ...one, input: swap.keep(one.input) },
  );
}

/** Collects the lines of one iteration of the event loop, or of the time of the current write, for the next write. */
function groupCommit(flush: (lines: readonly string[]) => Promise<void>) {
  let lines: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  return (line: string): Promise<void> => {
    if (line !== '') lines.push(line);
    next ??= last.then(gathered).then(() => {
      const taken = lines;
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
