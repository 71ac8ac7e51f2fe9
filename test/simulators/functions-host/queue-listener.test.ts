import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { Connection } from 'rhea-promise';
import type { Settlement } from '../../../infra/local/functions-host/triggers/held-message';
import {
  listenToQueue,
  type QueueListener,
} from '../../../infra/local/functions-host/triggers/queue-listener';
import { serviceBusOf } from '../../../infra/local/functions-host/triggers/service-bus';
import { startBusProxy } from '../../resilience/proxies/bus-proxy';
import type { Proxy } from '../../resilience/proxies/http-proxy';
import { createTap, type Call, type Fault } from '../../resilience/proxies/tap';
import { eventually } from '../../support/eventually';
import { bodies, connect, portOf, startTestBus, type TestBus } from '../service-bus/setup';

const QUEUES = [
  'token',
  'silent',
  'unanswered',
  'held',
  'slots',
  'stopped',
  'pin',
  'mixed',
] as const;
type QueueName = (typeof QUEUES)[number];

const tap = createTap();
let testBus: TestBus;
let proxy: Proxy;
let throughProxy: string;
const listeners: QueueListener[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  const settings = { LockDuration: 'PT1M', MaxDeliveryCount: 3 };
  const queues = Object.fromEntries(QUEUES.map((name) => [name, settings]));
  // A message that goes out on a dead connection stays locked.
  testBus = await startTestBus({
    ...queues,
    silent: { LockDuration: 'PT5S' },
    held: { LockDuration: 'PT5M' },
    stopped: { LockDuration: 'PT5M' },
  });
  proxy = await startBusProxy(tap);
  proxy.forwardTo(portOf(testBus.bus.connectionString));
  throughProxy = testBus.bus.connectionString.replace(/:\d+;/, `:${proxy.port};`);
});
afterEach(async () => {
  tap.intercept();
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
  warnings.splice(0);
});
afterAll(async () => {
  await proxy.stop();
  await testBus.close();
});

type Handle = (text: string) => Promise<Settlement> | Settlement | undefined;

/** Listens through the proxy, with shorter times than the host. Answers the bodies of the messages as they arrive. */
function listen(queueName: QueueName, handle: Handle, maxConcurrentCalls = 16): unknown[] {
  const received: ServiceBusReceivedMessage[] = [];
  const listener = listenToQueue({
    queueName,
    connect: serviceBusOf('bus', { bus: throughProxy }),
    maxConcurrentCalls,
    maxAutoLockRenewalDuration: 60_000,
    handle: async (message) => {
      received.push(message);
      const [text = ''] = bodies([message]).map(String);
      texts.push(text);
      return handle(text);
    },
    warn: (text) => warnings.push(text),
    timing: { answerWithin: 2_000, silence: 2_000, lookEvery: 500 },
  });
  listeners.push(listener);
  const texts: string[] = [];
  return texts;
}

const send = (queue: QueueName, ...texts: string[]) =>
  testBus.client
    .createSender(queue)
    .sendMessages(texts.map((text) => ({ body: Buffer.from(text) })));

async function isEmpty(queue: QueueName): Promise<boolean> {
  const client = connect(testBus.bus.connectionString);
  const found = await client.createReceiver(queue).peekMessages(1);
  await client.close();
  return found.length === 0;
}

/** The fault hits the first call of that name, and no other. */
function once(what: string, fault: Fault, count = 1): void {
  let left = count;
  tap.intercept((call: Call) => (call.what === what && left-- > 0 ? fault : undefined));
}

const COMPLETE: Settlement = 'complete';
const complete = (): Settlement => COMPLETE;

test('a connection that is lost three times before the answer to its token is replaced within seconds', async () => {
  once('authorize', { kind: 'cut-before' }, 3);
  const received = listen('token', complete);
  await send('token', 'first');
  await eventually('the message is received', () => received.length === 1, { seconds: 20 });
  expect(tap.calls().filter(({ what }) => what === 'authorize').length).toBeGreaterThan(3);
});

test('a connection that swallows everything both ways while it stays open is noticed and replaced', async () => {
  const received = listen('silent', complete);
  await send('silent', 'before');
  await eventually('the listener works', () => received.length === 1);
  once('manage', { kind: 'silence' });
  await eventually('the connection is silent', () =>
    tap.calls().some(({ what }) => what === 'manage'),
  );
  await send('silent', 'after');
  await eventually('the next message is received', () => received.length === 2, { seconds: 30 });
  expect(warnings).toContainEqual('no answer from the bus; connecting again');
});

test('a settlement that the bus never answers is made on the next connection, and the function runs once', async () => {
  once('settle', { kind: 'silence' });
  const received = listen('unanswered', complete);
  await send('unanswered', 'one');
  await eventually('the message is completed', () => isEmpty('unanswered'), { seconds: 30 });
  expect(received).toEqual(['one']);
});

test('of messages whose functions end at one moment each is settled as its function says', async () => {
  const texts = Array.from({ length: 12 }, (_, n) => `${n}`);
  const seen = new Set<string>();
  let open: () => void;
  const allHere = new Promise<void>((resolve) => (open = resolve));
  const received = listen('mixed', async (text) => {
    const isFirst = !seen.has(text);
    if (seen.add(text).size === texts.length) open();
    await allHere;
    return isFirst && Number(text) % 2 === 1 ? 'abandon' : COMPLETE;
  });
  await send('mixed', ...texts);
  await eventually('every other message comes again', () => received.length === 18);
  await eventually('all are completed', () => isEmpty('mixed'));
  expect(received.toSorted()).toEqual([...texts, ...texts.filter((_, n) => n % 2)].toSorted());
});

test('a listener that gets nothing more behind 2,048 messages that are not settled is noticed and renewed', async () => {
  const received = listen('held', () => undefined);
  const texts = Array.from({ length: 2_100 }, (_, n) => `message ${n}`);
  await send('held', ...texts);
  await eventually('all are received', () => received.length === texts.length);
  expect(new Set(received).size).toBe(texts.length);
  expect(warnings).toContainEqual(
    expect.stringMatching(/^nothing was received for \d+ s although message 2049 is waiting/),
  );
}, 90_000);

test('functions that outlast their connection keep their slots and locks, and each runs once', async () => {
  let running = 0;
  let most = 0;
  const releases: (() => void)[] = [];
  const hold: Handle = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => releases.push(resolve));
    running -= 1;
    return COMPLETE;
  };
  const received = listen('slots', hold, 4);
  const waiting = () => (listeners[0]?.describe() as { waiting: number }).waiting;
  const texts = Array.from({ length: 8 }, (_, n) => `message ${n}`);
  await send('slots', ...texts);
  await eventually('the slots are full', () => running === 4);
  proxy.setDown(true);
  proxy.setDown(false);
  await eventually('the next connection brings the others', () => waiting() === 4);
  expect(running).toBe(4);
  await eventually('all are completed', async () => {
    releases.splice(0).forEach((release) => release());
    return isEmpty('slots');
  });
  expect(most).toBe(4);
  expect(received.toSorted()).toEqual(texts);
});

test('a listener that loses its connection while it stops leaves what it could not settle, and stops at once', async () => {
  let release = (): void => undefined;
  const received = listen('stopped', async () => {
    await new Promise<void>((resolve) => (release = resolve));
    return COMPLETE;
  });
  await send('stopped', 'one');
  await eventually('the message is received', () => received.length === 1);
  once('settle', { kind: 'cut-before' });
  const stopped = listeners.pop()?.stop();
  release();
  // The lock of the message lasts for five minutes.
  await stopped;
  expect(warnings).toContainEqual(
    expect.stringContaining('could not settle a message: Error: the connection was lost'),
  );
  expect(await isEmpty('stopped')).toBe(false);
});

describe('faults of the libraries that the listener works around', () => {
  test("the SDK's own subscription does not connect again after a connection that was lost before the answer to its token", async () => {
    once('authorize', { kind: 'cut-before' });
    const client = connect(throughProxy);
    const received: unknown[] = [];
    const aborter = new AbortController();
    client.createReceiver('pin').subscribe(
      {
        processMessage({ body }) {
          received.push(body);
          return Promise.resolve();
        },
        processError: () => Promise.resolve(),
      },
      { abortSignal: aborter.signal },
    );
    await send('pin', 'one');
    const isCut = () => tap.calls().some(({ what }) => what === 'authorize');
    await eventually('the connection is cut', isCut);
    // In this time the listener of the host connects again several times.
    const others = listen('token', complete);
    for (let n = 1; n <= 4; n += 1) {
      await send('token', `message ${n}`);
      await eventually('the other listener receives', () => others.length === n);
      proxy.setDown(true);
      proxy.setDown(false);
    }
    expect(received).toEqual([]);
    aborter.abort();
    await client.close();
  });

  test('a close that a lost connection interrupts never settles', async () => {
    const connection = new Connection({
      host: '127.0.0.1',
      port: proxy.port,
      transport: 'tcp',
      username: 'any',
      reconnect: false,
      operationTimeoutInSeconds: 1,
    });
    await connection.open();
    const session = await connection.createSession();
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    void session.close().then(settled, settled);
    const lost = new Promise((resolve) => connection.once('disconnected', resolve));
    proxy.setDown(true);
    proxy.setDown(false);
    await lost;
    const since = Date.now();
    await eventually('twice the time-out has passed', () => Date.now() - since > 2_000);
    expect(isSettled).toBe(false);
  });
});
