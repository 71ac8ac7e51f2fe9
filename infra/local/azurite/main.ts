import { join } from 'node:path';
import { dataDir, portFrom, runService } from '../stack/service';
import { startStorage } from './server';

void runService('storage', async () => {
  const { connectionString, stop } = await startStorage({
    blobPort: portFrom('AZURITE_BLOB_PORT', 10_000),
    queuePort: portFrom('AZURITE_QUEUE_PORT', 10_001),
    tablePort: portFrom('AZURITE_TABLE_PORT', 10_002),
    dataDir: join(dataDir(), 'storage'),
    tableLog: process.env['AZURITE_TABLE_LOG'],
    isInMemory: process.env['AZURITE_IN_MEMORY'] === '1',
  });
  return { address: { connectionString }, stop };
});
