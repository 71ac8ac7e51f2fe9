import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { readOffset } from '../../infra/local/clock/clock-files';
import { projectRoot } from '../../infra/local/stack/service';
import type { StackFile } from '../../infra/local/stack/services';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, QUEUE } from '../support/events';
import { eventually } from '../support/eventually';
import { runCommand } from '../support/run-command';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const DAY = 86_400_000;
const START = new Date('2025-02-25T12:00:00Z');
const EM = '/v1.0/identityGovernance/entitlementManagement';
const OTHER_QUEUE = 'other';

const queue = (Name: string) => ({
  Name,
  Properties: {
    LockDuration: 'PT5S',
    MaxDeliveryCount: 10,
    DefaultMessageTimeToLive: 'PT1H',
    DeadLetteringOnMessageExpiration: true,
  },
});
const busConfig = {
  UserConfig: {
    Namespaces: [{ Name: 'sbemulatorns', Queues: [queue(QUEUE), queue(OTHER_QUEUE)], Topics: [] }],
  },
};

let dataDir: string;
let stack: TestStack;
let bus: ServiceBusClient;
/** A stack in the past, where everything takes days: delivering, the wait between two polls, the recovery timer. */
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'joinery-clock-'));
  stack = await startStack({
    dataDir,
    now: START,
    files: { SERVICE_BUS_CONFIG: busConfig },
    env: {
      GRAPH_DELIVERY_MS: String(2 * DAY),
      POLL_SCHEDULE: '1d',
      DELIVERY_DEADLINE: '30d',
      SUPERVISE_SCHEDULE: '0 0 0 1 3 *',
      RECOVERY_DELAY: '60d',
    },
  });
  bus = new ServiceBusClient(stack.serviceBus);
});
afterAll(() => rm(dataDir, { recursive: true }));

const joinery = (...args: string[]) =>
  runCommand([...args, '--json'], { JOINERY_DATA_DIR: stack.dataDir });
const requests = async () => {
  const answer = await fetch(`${stack.graphUrl}${EM}/assignmentRequests`);
  return ((await answer.json()) as { value: Record<string, string>[] }).value;
};
const daysSinceStart = (time: unknown): number =>
  (Date.parse(String(time)) - START.getTime()) / DAY;
const closed = async ({ eventHash }: { eventHash: string }) => {
  const filter = `PartitionKey eq '${eventHash}' and state eq 'closed'`;
  return (await readTable(stack.storage, 'claims', filter))[0];
};

test('days pass within a second: a delivery of four days, durable timers of a day and a yearly timer', async () => {
  const began = performance.now();
  const event = joinerEvent('W-1001', { data: { startDate: '2025-02-26', endDate: undefined } });
  await stack.send([event]);
  const [submitted] = await eventually('the request', async () => {
    const found = await requests();
    return found.length === 1 && found;
  });
  expect(submitted).toMatchObject({ state: 'submitted' });
  expect(daysSinceStart(submitted?.['createdDateTime'])).toBeLessThan(1);
  expect(stack.log.join('\n')).not.toContain('supervise: succeeded');

  let days = 0;
  const claim = await eventually(
    'the event is closed',
    async () => {
      const found = await closed(messageOf(event));
      if (found) return found;
      await stack.advance('1d');
      days += 1;
      return undefined;
    },
    { everyMs: 300 },
  );

  expect(claim['outcome']).toBe('delivered');
  expect(days).toBeGreaterThanOrEqual(4);
  const rows = await readTable(stack.storage, 'audit', `PartitionKey eq '${claim.partitionKey}'`);
  expect(daysSinceStart(rows[0]?.['recordedAt'])).toBeLessThan(1);
  expect(daysSinceStart(rows.at(-1)?.['recordedAt'])).toBeGreaterThan(3.9);
  await eventually('the timer of the first of March', () =>
    stack.log.some((line) => line.includes('supervise: succeeded')),
  );
  expect(performance.now() - began).toBeLessThan(60_000);
  expect(violations(await collectEvidence(stack), { sent: [messageOf(event)] })).toEqual([]);
});

test('a lock and a time to live last as long as without the move, and a scheduled message comes at its time', async () => {
  const sender = bus.createSender(OTHER_QUEUE);
  const receiver = bus.createReceiver(OTHER_QUEUE, { maxAutoLockRenewalDurationInMs: 0 });
  const due = new Date(stack.now().getTime() + 10 * DAY);
  await sender.sendMessages([{ body: 'locked' }, { body: 'waiting' }]);
  await sender.scheduleMessages({ body: 'scheduled' }, due);
  const [locked] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });

  await stack.advance('20d');

  if (!locked) throw new Error('no message came');
  await receiver.completeMessage(locked);
  const rest = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5000 });
  expect(rest.map(({ body }) => body as string)).toEqual(['waiting', 'scheduled']);
  expect(rest[1]?.enqueuedTimeUtc?.getTime()).toBeGreaterThanOrEqual(due.getTime());
  for (const message of rest) await receiver.completeMessage(message);
});

test('a service that dies and starts again has the clock of the stack, also after a move that it missed', async () => {
  await stack.kill('host');
  await stack.advance('3d');
  await stack.start('host');
  const before = stack.now().getTime();
  const line = await eventually('a line of the new host', () =>
    stack.log.findLast((text) => text.includes('local stand-in for the Functions host')),
  );
  expect(Math.abs(Date.parse(line.split(' ')[1] ?? '') - before)).toBeLessThan(60_000);
  const event = joinerEvent('W-1003', { data: { startDate: '2025-04-01', endDate: undefined } });
  await stack.send([event]);
  await eventually('the request of the new host', async () => (await requests()).length === 2);
});

describe('joinery clock', () => {
  test('shows the clock and moves it, by a duration or to an instant', async () => {
    const shown = await joinery('clock');
    const { now } = JSON.parse(shown.stdout) as { now: string };
    expect(Math.abs(Date.parse(now) - stack.now().getTime())).toBeLessThan(10_000);

    const later = await joinery('clock', '--advance', '2d');
    const moved = JSON.parse(later.stdout) as { now: string; aheadSeconds: number };
    expect(Date.parse(moved.now) - Date.parse(now)).toBeGreaterThanOrEqual(2 * DAY);
    expect(moved.aheadSeconds).toBeLessThan(0);

    await joinery('clock', '--to', '2025-06-01T00:00:00+02:00');
    expect(stack.now().toISOString()).toMatch(/^2025-05-31T22:00/);
    const { code, stdout } = await runCommand(['clock'], { JOINERY_DATA_DIR: stack.dataDir });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^2025-05-31T22:0\d:\S+Z, \d+ days( \d+ hours?)? behind the time of this machine\n$/,
    );
  });

  test.each<[string[], number, string]>([
    [['--to', '2025-01-01T00:00:00Z'], 2, 'cannot go back'],
    [['--to', '2999-01-01T00:00:00Z'], 2, '100 years'],
    [['--to', 'tomorrow'], 2, 'a time such as'],
    [['--advance', 'soon'], 2, 'a duration such as'],
    [['--advance', '1d', '--to', '2026-01-01T00:00:00Z'], 2, 'cannot be used with'],
  ])('%j is refused and nothing moves', async (args, code, message) => {
    const before = stack.now().getTime();
    const refused = await joinery('clock', ...args);
    expect(refused).toMatchObject({ code });
    expect(refused.stderr).toContain(message);
    expect(stack.now().getTime() - before).toBeLessThan(10_000);
  });

  test('says that no stack runs', async () => {
    const refused = await runCommand(['clock', '--advance', '1d'], {
      JOINERY_DATA_DIR: '/nowhere',
    });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('no running stack in /nowhere/stack.json');
  });
});

test('on the same folder the clock goes on after a restart, and never goes back', async () => {
  const before = stack.now().getTime();
  await bus.close();
  await stack.stop();

  const back = await startStack({ dataDir, now: START }).catch(
    (error: unknown) => (error as Error).cause,
  );
  expect(String(back)).toMatch(/the clock of .* is at 2025-05-31T.* and cannot go back/);

  stack = await startStack({ dataDir, files: { SERVICE_BUS_CONFIG: busConfig } });
  expect(Math.abs(stack.now().getTime() - before)).toBeLessThan(60_000);
  await stack.stop();
});

describe('a host whose Graph is not on this machine', () => {
  const between = (found: StackFile): StackFile => ({
    ...found,
    ...(found.graph && { graph: { ...found.graph, url: 'https://graph.example.com' } }),
  });
  const env = {
    FUNCTIONS_APP_DIR: join(projectRoot(), 'test/simulators/functions-host/fixture-app'),
    TICK: '0 0 0 1 1 *',
    BYTES_QUEUE: QUEUE,
  };

  test('does not start with a moved clock', async () => {
    const refused = await startStack({ between, env, now: START }).catch((error: unknown) => error);
    expect(String((refused as Error).cause)).toContain(
      'host: does not run with a moved clock, because GRAPH_URL is not an address of this machine',
    );
  });

  test('keeps its clock, and then no other service is moved either', async () => {
    const other = await startStack({ between, env });
    await expect(other.advance('1d')).rejects.toThrow(
      'the clock of host cannot be moved: GRAPH_URL is not an address of this machine',
    );
    expect(Math.abs(other.now().getTime() - Date.now())).toBeLessThan(1000);
    expect(readOffset(other.dataDir, 'graph')).toBe(0);
    await other.stop();
  });
});
