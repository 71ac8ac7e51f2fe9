import { join } from 'node:path';
import { dataDir, portFrom, projectRoot, runPart } from '../stack/part';
import { startHost } from './start-host';

void runPart('host', () =>
  startHost({
    appDir: process.env['FUNCTIONS_APP_DIR'] ?? projectRoot(),
    dataDir: join(dataDir(), 'host'),
    port: portFrom('HOST_PORT', 7071),
  }),
);
