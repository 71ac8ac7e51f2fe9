import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Table } from '../../../shared/storage/storage-port';
import type { SeededRow, SeedRequest } from './storage';

export type Seed = (request: SeedRequest) => Promise<void>;
export type SeededStorage = { connectionString: string; seed: Seed; folder: string };

/** Lets `act` use an Azurite in a process of its own, into which rows can be put directly once it was read from. */
export async function withStorage<Result>(
  act: (storage: SeededStorage) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-scale-'));
  const storage = fork(require.resolve('./storage'), {
    env: { ...process.env, JOINERY_DATA_DIR: folder },
  });
  try {
    const [{ ready }] = (await once(storage, 'message')) as [
      { ready: { connectionString: string } },
    ];
    const seed = async (request: SeedRequest): Promise<void> => {
      storage.send(request);
      await once(storage, 'message');
    };
    return await act({ connectionString: ready.connectionString, seed, folder });
  } finally {
    storage.kill('SIGTERM');
    await once(storage, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
}

/** A table that was empty and keeps what a store of the app writes into it as rows to be seeded. */
export function rowsWritten(): { table: Table; rows: SeededRow[] } {
  const rows: SeededRow[] = [];
  const table = {
    read: () => Promise.resolve(undefined),
    insert: (partition: string, key: string, columns: SeededRow['columns']) => {
      rows.push({ partition, key, columns });
      return Promise.resolve('etag');
    },
  } as unknown as Table;
  return { table, rows };
}
