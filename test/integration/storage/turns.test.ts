import { createTurns, type Turns } from '../../../shared/storage/turns';
import { atOnce, openStorage, type Storage } from './storage';

let storage: Storage;
let turns: Turns;

beforeAll(async () => {
  storage = await openStorage();
  turns = createTurns(storage.table('workers'));
});
afterAll(() => storage.close());

const alive = () => Promise.resolve(false);
const over = () => Promise.resolve(true);
const turnOf = (workerId: string, instanceId: string, phase = 1) => ({
  workerId,
  instanceId,
  phase,
});

test('of many runs of one worker that want the turn at once exactly one has it', async () => {
  const answers = await atOnce(20, (index) => turns.take(turnOf('W-1', `run-${index}`), alive));
  expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1);
  expect(answers.filter((answer) => answer === 'held')).toHaveLength(19);
  const holder = `run-${answers.indexOf('taken')}`;
  expect(await turns.holds('W-1', holder)).toBe(true);
  expect(await turns.holds('W-1', 'run-of-another')).toBe(false);
});

test('workers do not wait for one another', async () => {
  expect(await turns.take(turnOf('W-2', 'run-1'), alive)).toBe('taken');
  expect(await turns.take(turnOf('W-3', 'run-2'), alive)).toBe('taken');
});

test('taking what one holds is no second turn', async () => {
  const turn = turnOf('W-4', 'run-1');
  expect(await turns.take(turn, alive)).toBe('taken');
  expect(await turns.take(turn, alive)).toBe('taken');
  await turns.release(turn);
  expect(await turns.holds('W-4', 'run-1')).toBe(false);
});

test('a phase once released is never taken again, though the run may go on to the next', async () => {
  const first = turnOf('W-5', 'run-1', 1);
  await turns.take(first, alive);
  await turns.release(first);
  expect(await turns.take(first, alive)).toBe('stale');
  expect(await turns.take(turnOf('W-5', 'run-1', 2), alive)).toBe('taken');
  expect(await turns.take(first, alive)).toBe('stale');
});

test('a late second take is stale also while another run has the turn, and does not disturb it', async () => {
  const late = turnOf('W-6', 'run-1', 1);
  await turns.take(late, alive);
  await turns.release(late);
  await turns.take(turnOf('W-6', 'run-2'), alive);
  expect(await turns.take(late, over)).toBe('stale');
  expect(await turns.holds('W-6', 'run-2')).toBe(true);
});

test('a late second release takes the turn from nobody: not from another run, not from the next phase', async () => {
  const first = turnOf('W-7', 'run-1', 1);
  const second = turnOf('W-7', 'run-1', 2);
  await turns.take(first, alive);
  await turns.release(first);
  await turns.take(second, alive);
  await turns.release(first);
  expect(await turns.holds('W-7', 'run-1')).toBe(true);
  await turns.release(second);
  await turns.take(turnOf('W-7', 'run-2'), alive);
  await turns.release(second);
  expect(await turns.holds('W-7', 'run-2')).toBe(true);
});

test('a release that comes before its take leaves nothing that nobody would release', async () => {
  const other = turnOf('W-8', 'run-2');
  await turns.take(other, alive);
  const late = turnOf('W-8', 'run-1');
  await turns.release(late);
  await turns.release(other);
  expect(await turns.take(late, alive)).toBe('stale');
});

test('a holder whose run is over loses the turn to exactly one of those who wait', async () => {
  await turns.take(turnOf('W-9', 'dead'), alive);
  expect(await turns.take(turnOf('W-9', 'run-0'), alive)).toBe('held');
  const isOver = (instanceId: string) => Promise.resolve(instanceId === 'dead');
  const answers = await atOnce(10, (index) => turns.take(turnOf('W-9', `run-${index}`), isOver));
  expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1);
});

test('the one who lost the turn does not get it back by finishing its work', async () => {
  const dead = turnOf('W-10', 'dead');
  await turns.take(dead, alive);
  await turns.take(turnOf('W-10', 'next'), over);
  await turns.release(dead);
  expect(await turns.holds('W-10', 'next')).toBe(true);
  expect(await turns.holds('W-10', 'dead')).toBe(false);
});

test('a worker with more runs than are remembered still has turns', async () => {
  for (let run = 0; run < 40; run += 1) {
    const turn = turnOf('W-11', `run-${run}`);
    expect(await turns.take(turn, alive)).toBe('taken');
    await turns.release(turn);
  }
  const [row] = await storage.table('workers').list('W-11');
  expect(JSON.parse(String(row?.columns['released']).slice('json:'.length))).toHaveLength(32);
});
