import { rm } from 'node:fs/promises';
import { hostThatFails, newDataDir, notes, startHostProcess } from './setup';

const BUS = 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=b';

let dataDir: string;
beforeEach(async () => (dataDir = await newDataDir()));
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('a start names every binding, retry policy, trigger and schedule that the host cannot run, by its function', async () => {
  const settings = {
    UNSUPPORTED: '1',
    ServiceBus: `${BUS};UseDevelopmentEmulator=true`,
    'AzureWebJobs.blobSwitchedOff.Disabled': 'true',
  };
  const { code, output } = await hostThatFails(dataDir, settings);
  expect(code).toBe(1);
  for (const line of [
    'function "writesToQueue": output binding queue is not supported',
    'function "answersToBus": output binding serviceBus is not supported',
    'function "readsRows": input binding table is not supported',
    'function "retries": a retry policy is not supported',
    'function "neverDue": "daily" is not an NCRONTAB expression',
    'function "onBlob": blobTrigger is not supported',
    'function "onTopic": topicName is not supported',
    // The setting of the fixture's own Service Bus function is missing here.
    'function "onBytes": the app setting in "%BYTES_QUEUE%" is not set',
  ]) {
    expect(output).toContain(line);
  }
  expect(output).not.toContain('function "blobSwitchedOff":');
  expect(output).not.toContain('function "hello":');
});

test('an output binding of a function that is switched off does not stop the host', async () => {
  const names = ['writesToQueue', 'answersToBus', 'readsRows', 'retries', 'neverDue', 'onBlob'];
  const off = [...names, 'onTopic', 'blobSwitchedOff', 'onBytes'].map((name) => [
    `AzureWebJobs.${name}.Disabled`,
    'true',
  ]);
  const host = await startHostProcess(dataDir, {
    UNSUPPORTED: '1',
    ...(Object.fromEntries(off) as Record<string, string>),
  });
  expect((await fetch(`${host.url}/api/hello`)).status).toBe(201);
  expect((await fetch(`${host.url}/api/writesToQueue`)).status).toBe(404);
  expect(await host.stop()).toBe(0);
});

test('an appTerminate hook gets what an appStart hook left in its hook data', async () => {
  const host = await startHostProcess(dataDir, { HOOKS: '1' });
  expect(await host.stop()).toBe(0);
  expect(notes(dataDir)).toContainEqual({ terminated: { opened: 'at the start' } });
});
