import { setTimeout as wait } from 'node:timers/promises';
import { asOutcome } from '../../../shared/graph/errors';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { spread } from '../../../shared/graph/transport';
import { openTable } from '../../../shared/storage/table';
import { createLimits } from '../../../shared/storage/limits';
import { openStorage, type Storage } from '../../support/storage';
import { startSimulator, type Simulator } from '../../support/simulator';

let storage: Storage;
let simulator: Simulator;
beforeAll(async () => {
  [storage, simulator] = await Promise.all([openStorage(), startSimulator(0)]);
});
afterAll(() => Promise.all([storage.close(), simulator.stop()]));
beforeEach(async () => {
  await simulator.reset();
  await storage.table('limits').remove('tenant', 'throttledUntil');
});

/** The client of one process: what it remembers of the throttling is its own, the table is everybody's. */
const aProcess = (rereadMs?: number, connection = storage.connectionString) => {
  const limits = createLimits(openTable(connection, 'limits', undefined, 500), {
    ...(rereadMs !== undefined && { rereadMs }),
  });
  const graph = createEntitlements({
    ...{ root: simulator.url, dialect: 'v1.0', deadlineMs: 5_000, appVersion: 'test' },
    throttle: limits,
  });
  const look = () =>
    asOutcome(async () => {
      await graph.tenantId();
      return { kind: 'done' };
    });
  return { look, limits };
};

const throttle = (status: number, retryAfter?: number | string) =>
  simulator.injectFaults({ answer: { status, retryAfter }, times: 1 });
const calls = async () => (await simulator.log()).length;
const throttledUntil = async () =>
  (await storage.table('limits').read('tenant', 'throttledUntil'))?.columns['until'];

test('when one process is throttled, another does not call Graph until the time is over', async () => {
  const [told, other] = [aProcess(), aProcess()];
  await throttle(429, 4);
  expect(await told.look()).toMatchObject({ kind: 'later', why: 'throttled', afterSeconds: 4 });
  const until = Date.parse(String(await throttledUntil()));

  const outcomes = await Promise.all(Array.from({ length: 20 }, () => other.look()));
  expect(await calls()).toBe(1);
  const waits = outcomes.map((outcome) => (outcome.kind === 'later' ? outcome.afterSeconds : 0));
  expect(Math.min(...waits)).toBeGreaterThan((until - Date.now()) / 1000);
  expect(Math.max(...waits)).toBeLessThan(6);
  expect(new Set(waits).size).toBeGreaterThan(5);

  await wait(until - Date.now());
  expect(await other.look()).toEqual({ kind: 'done' });
  const [, first] = (await simulator.log()) as unknown as { at: string }[];
  expect(Date.parse(first?.at ?? '')).toBeGreaterThanOrEqual(until);
});

test('a process that calls all the time learns of it at its next read', async () => {
  const [told, busy] = [aProcess(), aProcess(50)];
  expect(await busy.look()).toEqual({ kind: 'done' });
  await throttle(503, 60);
  expect(await told.look()).toMatchObject({ why: 'graph-unavailable', afterSeconds: 60 });
  await wait(60);
  expect(await busy.look()).toMatchObject({ why: 'throttled' });
  expect(await calls()).toBe(2);
});

test.each([
  ['without a time', 429, undefined, 10],
  ['until a date', 429, new Date(Date.now() + 200_000).toUTCString(), 200],
])('a throttling %s holds everybody up', async (_, status, retryAfter, seconds) => {
  await throttle(status, retryAfter);
  await aProcess().look();
  const left = (Date.parse(String(await throttledUntil())) - Date.now()) / 1000;
  expect(left).toBeGreaterThan(seconds - 20);
  expect(left).toBeLessThanOrEqual(seconds + 1);
});

test('a throttling for a day stops the process that received it for a day, and all others for five minutes', async () => {
  await throttle(429, 1_000_000);
  expect(await aProcess().look()).toMatchObject({ why: 'throttled', afterSeconds: 86_400 });
  const left = (Date.parse(String(await throttledUntil())) - Date.now()) / 1000;
  expect(left).toBeGreaterThan(280);
  expect(left).toBeLessThanOrEqual(300);
});

test.each([
  ['a time that only a wrong clock can have written', new Date(Date.now() + 7_200_000)],
  ['no time', 'soon'],
])('a row with %s holds nobody up, and the next throttling replaces it', async (_, time) => {
  const until = typeof time === 'string' ? time : time.toISOString();
  await storage.table('limits').insert('tenant', 'throttledUntil', { until });
  const [told, other] = [aProcess(), aProcess()];
  expect(await told.look()).toEqual({ kind: 'done' });
  await throttle(429, 60);
  await told.look();
  expect(await other.look()).toMatchObject({ why: 'throttled' });
});

test.each([
  ['no seconds', 0],
  ['a time that is over by our clock', new Date(Date.now() - 5_000).toUTCString()],
])('a throttling of %s stops calls for a second', async (_, retryAfter) => {
  await throttle(429, retryAfter);
  const { look } = aProcess();
  expect(await look()).toMatchObject({ why: 'throttled', afterSeconds: 1 });
  expect(await look()).toMatchObject({ why: 'throttled' });
  expect(await calls()).toBe(1);
});

test('an outage that names no time holds nobody up', async () => {
  await throttle(503);
  const { look } = aProcess();
  await look();
  expect(await throttledUntil()).toBeUndefined();
  expect(await look()).toEqual({ kind: 'done' });
});

test('the processes that receive one throttling write the row once, and never with an earlier time', async () => {
  const { limits } = aProcess();
  await limits.learn(60_000);
  const row = await storage.table('limits').read('tenant', 'throttledUntil');
  await Promise.all(Array.from({ length: 20 }, () => limits.learn(60_100)));
  await aProcess().limits.learn(30_000);
  expect(await storage.table('limits').read('tenant', 'throttledUntil')).toEqual(row);
});

test('the table is read once by many calls, and not again for seconds', async () => {
  const table = storage.table('limits');
  const read = jest.spyOn(table, 'read');
  const limits = createLimits(table);
  await Promise.all(Array.from({ length: 50 }, () => limits.waitMs()));
  await limits.waitMs();
  expect(read).toHaveBeenCalledTimes(1);
});

test('an unavailable table stops no call, and the process keeps to what Graph told it', async () => {
  const gone = storage.connectionString.replace(/(TableEndpoint=http:\/\/127\.0\.0\.1:)\d+/, '$11');
  const { look } = aProcess(0, gone);
  expect(await look()).toEqual({ kind: 'done' });
  await throttle(429, 60);
  await look();
  expect(await look()).toMatchObject({ why: 'throttled' });
  expect(await calls()).toBe(2);
});

test('a table that does not answer delays a call by three seconds at most, and the lease allows for it', async () => {
  const silent = { ...storage.table('limits'), read: () => new Promise<never>(() => undefined) };
  const throttle = createLimits(silent);
  const graph = createEntitlements({
    ...{ root: simulator.url, dialect: 'v1.0', deadlineMs: 5_000, appVersion: 'test', throttle },
  });
  expect(await throttle.waitMs()).toBe(0);
  expect(throttle.withinMs).toBe(3_000);
  expect(graph.deadlineMs).toBe(8_000);
});

test('a wait is spread by up to a tenth of its time, at most half a minute', () => {
  expect([spread(10, 0), spread(10, 1), spread(3600, 1)]).toEqual([10, 12, 3630]);
});
