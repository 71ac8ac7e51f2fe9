import { createWorkerLocks, type WorkerLocks } from '../../../shared/storage/worker-locks';
import { atOnce, countingReads, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let locks: WorkerLocks;

beforeAll(async () => {
  storage = await openStorage();
  locks = createWorkerLocks(storage.table('workers'));
});
afterAll(() => storage.close());

const alive = () => Promise.resolve(false);
const over = () => Promise.resolve(true);
const lockOf = (workerId: string, instanceId: string, fencingToken = 1) => ({
  workerId,
  instanceId,
  fencingToken,
});

test('of many runs of one worker that want the lock at once exactly one has it', async () => {
  const answers = await atOnce(20, (index) => locks.acquire(lockOf('W-1', `run-${index}`), alive));
  expect(answers.filter((answer) => answer === 'acquired')).toHaveLength(1);
  expect(answers.filter((answer) => answer === 'held')).toHaveLength(19);
  const holder = `run-${answers.indexOf('acquired')}`;
  expect(await locks.isHeldBy('W-1', holder)).toBe(true);
  expect(await locks.isHeldBy('W-1', 'run-of-another')).toBe(false);
});

test('workers do not wait for one another', async () => {
  expect(await locks.acquire(lockOf('W-2', 'run-1'), alive)).toBe('acquired');
  expect(await locks.acquire(lockOf('W-3', 'run-2'), alive)).toBe('acquired');
});

test('taking what one holds is no second lock', async () => {
  const lock = lockOf('W-4', 'run-1');
  expect(await locks.acquire(lock, alive)).toBe('acquired');
  expect(await locks.acquire(lock, alive)).toBe('acquired');
  await locks.release(lock);
  expect(await locks.isHeldBy('W-4', 'run-1')).toBe(false);
});

test('a fencing token once released is never taken again, though the run may go on to the next', async () => {
  const first = lockOf('W-5', 'run-1', 1);
  await locks.acquire(first, alive);
  await locks.release(first);
  expect(await locks.acquire(first, alive)).toBe('stale');
  expect(await locks.acquire(lockOf('W-5', 'run-1', 2), alive)).toBe('acquired');
  expect(await locks.acquire(first, alive)).toBe('stale');
});

test('a late second take is stale also while another run has the lock, and does not disturb it', async () => {
  const late = lockOf('W-6', 'run-1', 1);
  await locks.acquire(late, alive);
  await locks.release(late);
  await locks.acquire(lockOf('W-6', 'run-2'), alive);
  expect(await locks.acquire(late, over)).toBe('stale');
  expect(await locks.isHeldBy('W-6', 'run-2')).toBe(true);
});

test('a late second release takes the lock from nobody: not from another run, not from the next fencing token', async () => {
  const first = lockOf('W-7', 'run-1', 1);
  const second = lockOf('W-7', 'run-1', 2);
  await locks.acquire(first, alive);
  await locks.release(first);
  await locks.acquire(second, alive);
  await locks.release(first);
  expect(await locks.isHeldBy('W-7', 'run-1')).toBe(true);
  await locks.release(second);
  await locks.acquire(lockOf('W-7', 'run-2'), alive);
  await locks.release(second);
  expect(await locks.isHeldBy('W-7', 'run-2')).toBe(true);
});

test('a release that comes before its take leaves nothing that nobody would release', async () => {
  const other = lockOf('W-8', 'run-2');
  await locks.acquire(other, alive);
  const late = lockOf('W-8', 'run-1');
  await locks.release(late);
  await locks.release(other);
  expect(await locks.acquire(late, alive)).toBe('stale');
});

test('a holder whose run is over loses the lock to exactly one of those who wait', async () => {
  await locks.acquire(lockOf('W-9', 'dead'), alive);
  expect(await locks.acquire(lockOf('W-9', 'run-0'), alive)).toBe('held');
  const isOver = (instanceId: string) => Promise.resolve(instanceId === 'dead');
  const answers = await atOnce(10, (index) => locks.acquire(lockOf('W-9', `run-${index}`), isOver));
  expect(answers.filter((answer) => answer === 'acquired')).toHaveLength(1);
});

test('the one who lost the lock does not get it back by finishing its work', async () => {
  const dead = lockOf('W-10', 'dead');
  await locks.acquire(dead, alive);
  await locks.acquire(lockOf('W-10', 'next'), over);
  await locks.release(dead);
  expect(await locks.isHeldBy('W-10', 'next')).toBe(true);
  expect(await locks.isHeldBy('W-10', 'dead')).toBe(false);
});

test('rows of a worker are written only by the run that has the lock, also in a process that does not know it', async () => {
  const lock = lockOf('W-12', 'run-1');
  const row = (key: string, columns = {}) => [{ key, columns }];
  expect(await locks.writeUnder(lock, row('a'))).toBe('lost');
  await locks.acquire(lock, alive);
  const other = createWorkerLocks(storage.table('workers'));
  expect(await other.writeUnder(lock, row('a'))).toHaveLength(1);
  expect(await locks.writeUnder(lock, row('b'))).toHaveLength(1);
  // The lock is as it was; the row is not.
  expect(await locks.writeUnder(lock, row('b'))).toBe('conflict');
  expect(await other.isHeldBy('W-12', 'run-1')).toBe(true);
  await other.acquire(lockOf('W-12', 'run-2'), over);
  expect(await locks.writeUnder(lock, row('c'))).toBe('lost');
  expect((await storage.table('workers').list('W-12')).map(({ key }) => key)).toEqual([
    'a',
    'b',
    'lock',
  ]);
});

test('a lock that is released with a row is released once, and its token is used', async () => {
  const lock = lockOf('W-13', 'run-1', 3);
  await locks.acquire(lock, alive);
  expect(await locks.writeUnder(lock, [{ key: 'a', columns: {} }], 3)).toHaveLength(1);
  expect(await locks.holderOf('W-13')).toBeUndefined();
  expect(await locks.acquire(lock, alive)).toBe('stale');
  expect(await locks.writeUnder(lock, [{ key: 'b', columns: {} }], 3)).toBe('lost');
});

test('a worker with more runs than are remembered still has locks', async () => {
  for (let run = 0; run < 40; run += 1) {
    const lock = lockOf('W-11', `run-${run}`);
    expect(await locks.acquire(lock, alive)).toBe('acquired');
    await locks.release(lock);
  }
  const [row] = await storage.table('workers').list('W-11');
  expect(JSON.parse(String(row?.columns['released']).slice('json:'.length))).toHaveLength(32);
});

test('what a process remembers of a lock saves a read, and can be dropped', async () => {
  const { table, reads } = countingReads(storage.table('workers'));
  const counted = createWorkerLocks(table);
  for (const token of [1, 2]) {
    await counted.acquire(lockOf('W-30', 'run-1', token), alive);
    await counted.release(lockOf('W-30', 'run-1', token));
  }
  expect(reads()).toBe(0);
  counted.forget('W-30');
  expect(await counted.acquire(lockOf('W-30', 'run-1', 3), alive)).toBe('acquired');
  expect(reads()).toBe(1);
});
