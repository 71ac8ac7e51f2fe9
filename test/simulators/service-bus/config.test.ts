import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServiceBus } from '../../../infra/local/service-bus/server';
import { newFolder } from './setup';

const PRODUCT = join(__dirname, '../../../infra/local/service-bus/Config.json');
let folder: string;

beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts and stops a Service Bus on a configuration; answers its warnings. */
async function startWith(text: string): Promise<string[]> {
  const configFile = join(folder, 'Config.json');
  await writeFile(configFile, text);
  return startOn(configFile);
}

async function startOn(configFile: string): Promise<string[]> {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const bus = await startServiceBus({ port: 0, dataDir: folder, configFile, warn });
  await bus.stop();
  return warnings;
}

function queue(properties: object, others: object = {}): string {
  const namespace = {
    Name: 'sbemulatorns',
    Queues: [{ Name: 'q.1', Properties: properties }],
    Topics: [],
    ...others,
  };
  return JSON.stringify({ UserConfig: { Namespaces: [namespace], Logging: { Type: 'File' } } });
}

test('the configuration of the product is one that the official emulator would take', async () => {
  expect(await startOn(PRODUCT)).toEqual([]);
});

test('a file with comments, and with what is off written out, is taken', async () => {
  const properties = {
    LockDuration: 'PT30S',
    DuplicateDetectionHistoryTimeWindow: 'PT20S',
    ForwardTo: '',
    ForwardDeadLetteredMessagesTo: '',
    RequiresDuplicateDetection: false,
    RequiresSession: false,
  };
  const text = queue(properties).replace('{', '{ // the official samples have such\n /* too */');
  expect(await startWith(text)).toEqual([]);
});

test('what the official emulator would refuse is taken with a warning', async () => {
  expect(await startWith(queue({ LockDuration: 'PT1S', MaxDeliveryCount: 11 }))).toEqual([
    expect.stringMatching(/"q\.1": LockDuration is under PT5S; the official emulator/),
    expect.stringMatching(/"q\.1": MaxDeliveryCount is over 10/),
  ]);
});

test.each([
  [
    'a lock that is too long',
    queue({ LockDuration: 'PT6M' }),
    /from PT1S to PT5M.*"PT6M"[^]*LockDur/,
  ],
  ['a duration that is none', queue({ LockDuration: '30s' }), /"30s"[^]*Properties\.LockDuration/],
  ['no delivery at all', queue({ MaxDeliveryCount: 0 }), /MaxDeliveryCount/],
  ['an unknown key', queue({ LockDuraton: 'PT1M' }), /LockDuraton/],
  [
    'sessions',
    queue({ RequiresSession: true }),
    /a queue with sessions is not supported by the local/,
  ],
  [
    'duplicate detection',
    queue({ RequiresDuplicateDetection: true }),
    /duplicate detection is not/,
  ],
  ['forwarding', queue({ ForwardTo: 'other' }), /forwarding is not supported/],
  ['topics', queue({}, { Topics: [{ Name: 't' }] }), /a topic or subscription is not supported/],
  ['another namespace', queue({}, { Name: 'mine' }), /sbemulatorns/],
  ['no queue', queue({}, { Queues: [] }), /Queues/],
  [
    'a bad name',
    queue({}, { Queues: [{ Name: '-q' }] }),
    /is not a valid queue name[^]*Queues\[0\]\.Name/,
  ],
  ['a name twice', queue({}, { Queues: [{ Name: 'q' }, { Name: 'Q' }] }), /"Q" is listed twice/],
  ['text that is not JSON', '{ "UserConfig": ', /Config\.json is not a usable.*\n.*JSON/],
])('%s stops the start with a precise message', async (_, text, message) => {
  await expect(startWith(text)).rejects.toThrow(message);
});

test('a file that is missing stops the start with its name', async () => {
  await expect(startOn(join(folder, 'none.json'))).rejects.toThrow(/none\.json/);
});
