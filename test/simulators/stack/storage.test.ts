import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { type ServiceProcess, startProcess } from '../../../infra/local/stack/service-process';
import { freePorts, portsOf } from '../../../infra/local/stack/services';

let dataDir: string;
let running: ServiceProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'joinery-storage-'));
});

afterEach(async () => {
  await Promise.all(running.map((part) => part.stop()));
  running = [];
  await rm(dataDir, { recursive: true });
});

async function start(ports: Record<string, string> = freePorts): Promise<Record<string, string>> {
  const env = { ...process.env, ...ports, JOINERY_DATA_DIR: dataDir };
  const part = startProcess('storage', env, () => undefined);
  running.push(part);
  return part.ready;
}

const insecure = { allowInsecureConnection: true };

test('the storage part is ready only when the tables that the app expects exist', async () => {
  const address = await start();
  const service = TableServiceClient.fromConnectionString(
    address['connectionString'] ?? '',
    insecure,
  );
  const names: (string | undefined)[] = [];
  for await (const table of service.listTables()) names.push(table.name);
  expect(names.sort()).toEqual(
    [
      'audit',
      'auditIndex',
      'claims',
      'due',
      'limits',
      'packages',
      'removals',
      'staging',
      'workers',
    ].sort(),
  );
});

test('rows survive an orderly stop, and the part comes back on the same ports', async () => {
  const address = await start();
  const table = TableClient.fromConnectionString(
    address['connectionString'] ?? '',
    'audit',
    insecure,
  );
  await table.createEntity({ partitionKey: 'event', rowKey: '1-0001', outcome: 'delivered' });
  await running[0]?.stop();

  expect(await start(portsOf('storage', address))).toEqual(address);

  expect(await table.getEntity('event', '1-0001')).toMatchObject({ outcome: 'delivered' });
});

test('a taken port is named, with the settings that choose another', async () => {
  const address = await start();

  await expect(start(portsOf('storage', address))).rejects.toThrow(
    /EADDRINUSE.*AZURITE_BLOB_PORT.*0 = a free port/s,
  );
});
