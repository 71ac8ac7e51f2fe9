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

/** A hash in the form of an event hash or body hash; a different digit gives a different hash. */
export const hash = (digit: string): string => digit.repeat(64);
