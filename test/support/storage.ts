import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStorage } from '../../infra/local/azurite/server';
import { openTable } from '../../shared/storage/table';

/** Azurite in this process, in a folder of its own. */
export type Storage = {
  connectionString: string;
  table: (name: string) => ReturnType<typeof openTable>;
  close: () => Promise<void>;
};

export async function openStorage(): Promise<Storage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'joinery-records-'));
  const free = { blobPort: 0, queuePort: 0, tablePort: 0 };
  const { connectionString, stop } = await startStorage({ ...free, dataDir });
  return {
    connectionString,
    table: (name) => openTable(connectionString, name),
    async close() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Runs `act` so many times at once. */
export const atOnce = <T>(times: number, act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => act(index)));

/** A table that counts how often a single row of it is read. */
export function countingReads(table: ReturnType<typeof openTable>) {
  let reads = 0;
  const counting: typeof table = {
    ...table,
    read: (partition, key) => {
      reads += 1;
      return table.read(partition, key);
    },
  };
  return { table: counting, reads: () => reads };
}

/** A hash in the form of an event hash or body hash; a different digit gives a different hash. */
export const hash = (digit: string): string => digit.repeat(64);
