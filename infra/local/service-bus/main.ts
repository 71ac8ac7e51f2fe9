import { join } from 'node:path';
import { dataDir, portFrom, projectRoot, runService } from '../stack/service';
import { startServiceBus } from './server';

void runService('service-bus', async () => {
  const { connectionString, describe, stop } = await startServiceBus({
    port: portFrom('SERVICE_BUS_PORT', 5672),
    dataDir: join(dataDir(), 'service-bus'),
    configFile:
      process.env['SERVICE_BUS_CONFIG'] ??
      join(projectRoot(), 'infra/local/service-bus/Config.json'),
    warn: (text) => console.error(`service-bus: ${text}`),
  });
  return { address: { connectionString }, describe, stop };
});
