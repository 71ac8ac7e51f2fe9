import type { AssignmentRequest } from '../../../shared/graph/answers';
import { AssignmentRequest as Answer } from '../../../shared/graph/answers';
import { GraphError } from '../../../shared/graph/errors';
import { createRequestBoard } from '../../../shared/graph/request-board';

const EVERY_MS = 10_000;
const LAG_MS = 2_000;
const START = Date.parse('2026-11-02T08:00:00Z');
/** Enough to make a list worth its page. */
const MANY = 12;

beforeEach(() => {
  jest.useFakeTimers({ now: START, doNotFake: ['setTimeout', 'setImmediate', 'nextTick'] });
});
afterEach(() => jest.useRealTimers());
const pass = (ms: number): void => {
  jest.setSystemTime(Date.now() + ms);
};
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

type Shown = [id: string, state: string, assignment?: string];
const answer = ([id, state, assigned]: Shown): AssignmentRequest =>
  Answer.parse({
    ...{ id, state, completedDateTime: '2026-11-02T08:00:01Z' },
    assignment: assigned === undefined ? null : { id: `a-${id}`, state: assigned },
  });
const delivered = (id: string): Shown => [id, 'delivered', 'delivered'];

/** A board over lists that the test plants: each list shows `shown` as it is when it is read. */
function plantedBoard(shown: { list: Shown[] | Error }) {
  const since: string[] = [];
  const board = createRequestBoard(
    {
      // eslint-disable-next-line @typescript-eslint/require-await
      progressSince: async function* (from: string) {
        since.push(from);
        if (shown.list instanceof Error) throw shown.list;
        yield* shown.list.map(answer);
      },
    },
    { everyMs: EVERY_MS, lagMs: LAG_MS },
  );
  const ids = Array.from({ length: MANY }, (_, at) => `r-${at}`);
  const madeAt = ago(5_000);
  const askAll = async (): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for (const id of ids) found.push((await board.look(id, madeAt))?.requestStatus);
    return found;
  };
  return { board, since, ids, madeAt, askAll };
}
const all = <Item>(item: Item): Item[] => Array.from({ length: MANY }, () => item);
/** What the last of many who ask is told: the first ten are too few for a list. */
const told = async (asked: Promise<(string | undefined)[]>) => (await asked).at(-1);

test('few requests are read singly, and many share a list', async () => {
  const shown = { list: [] as Shown[] };
  const { board, since, ids, madeAt, askAll } = plantedBoard(shown);
  shown.list = ids.map(delivered);
  for (const id of ids.slice(0, 10)) expect(await board.look(id, madeAt)).toBeUndefined();
  expect(since).toEqual([]);
  pass(EVERY_MS);
  expect(await askAll()).toEqual([...all(undefined).slice(2), 'delivered', 'delivered']);
  expect(await askAll()).toEqual(all('delivered'));
  expect(since).toEqual([new Date(Date.parse(madeAt) - 60_000).toISOString()]);
});

test('a delivery comes with its assignment, and without it is read singly', async () => {
  const shown = { list: [] as Shown[] };
  const { board, ids, madeAt, askAll } = plantedBoard(shown);
  shown.list = ids.map((id) => [id, 'delivered', id === 'r-1' ? 'delivering' : 'delivered']);
  await askAll();
  expect(await board.look('r-0', madeAt)).toMatchObject({
    ...{ state: 'delivered', assignmentId: 'a-r-0', assignmentStatus: 'delivered' },
    completedDateTime: '2026-11-02T08:00:01Z',
  });
  expect(await board.look('r-1', madeAt)).toBeUndefined();
});

test.each(['denied', 'canceled', 'deliveryFailed', 'partiallyDelivered', 'pendingApproval', 'new'])(
  'what is %s by a list is read singly',
  async (state) => {
    const shown = { list: [] as Shown[] };
    const { ids, askAll } = plantedBoard(shown);
    shown.list = ids.map((id) => [id, state]);
    expect(await askAll()).toEqual(all(undefined));
    expect(await askAll()).toEqual(all(undefined));
  },
);

test('what a list skips is read singly, once for each list', async () => {
  const shown = { list: [] as Shown[] };
  const { board, ids, madeAt, askAll } = plantedBoard(shown);
  shown.list = ids.slice(1).map((id) => [id, 'delivering']);
  await askAll();
  expect(await board.look('r-0', madeAt)).toBeUndefined();
  board.learn('r-0', { requestStatus: 'open', graphState: 'Delivering' });
  expect((await board.look('r-0', madeAt))?.requestStatus).toBe('open');
  pass(EVERY_MS);
  await askAll();
  expect(await board.look('r-0', madeAt)).toBeUndefined();
});

test('a list that lags takes nothing back: what it shows behind what is known is read singly', async () => {
  const shown = { list: [] as Shown[] };
  const { ids, askAll } = plantedBoard(shown);
  shown.list = ids.map((id) => [id, 'delivering']);
  await askAll();
  expect(await askAll()).toEqual(all('open'));
  pass(EVERY_MS);
  shown.list = ids.map((id) => [id, 'submitted']);
  await askAll();
  expect(await askAll()).toEqual(all(undefined));
});

test('a list that repeats an entry in another state proves neither, and in the same state both', async () => {
  const shown = { list: [] as Shown[] };
  const { board, ids, madeAt, askAll } = plantedBoard(shown);
  shown.list = [...ids.map(delivered), ['r-0', 'delivering'], delivered('r-1')];
  await askAll();
  expect(await board.look('r-0', madeAt)).toBeUndefined();
  expect((await board.look('r-1', madeAt))?.requestStatus).toBe('delivered');
});

test('what was made after the list began, or so shortly before that it may lag, is not missing yet', async () => {
  const shown = { list: [] as Shown[] };
  const { board, since, ids, askAll } = plantedBoard(shown);
  shown.list = ids.map((id) => [id, 'delivering']);
  await askAll();
  const late = ago(LAG_MS / 2);
  expect(await board.look('late', late)).toMatchObject({
    requestStatus: 'open',
    state: 'submitted',
  });
  expect(since).toHaveLength(1);
});

test('lists are at least a period apart, and three if they are long', async () => {
  const shown = { list: [] as Shown[] };
  const { since, ids, askAll } = plantedBoard(shown);
  const strangers = Array.from({ length: 1_001 }, (_, at): Shown => [`s-${at}`, 'submitted']);
  shown.list = ids.map((id) => [id, 'delivering']);
  for (let second = 0; second < 20; second += 1) {
    await askAll();
    pass(1_000);
  }
  expect(since).toHaveLength(2);
  shown.list = [...ids.map((id): Shown => [id, 'delivering']), ...strangers];
  for (let second = 0; second < 50; second += 1) {
    await askAll();
    pass(1_000);
  }
  // At 20 s the first long one, and the next at 50 s.
  expect(since).toHaveLength(4);
});

test('a request of more than ten minutes is read singly and does not lengthen the list', async () => {
  const shown = { list: [] as Shown[] };
  const { board, since, madeAt, askAll } = plantedBoard(shown);
  const stuck = ago(14 * 86_400_000);
  expect(await board.look('stuck', stuck)).toBeUndefined();
  await askAll();
  expect(await board.look('stuck', stuck)).toBeUndefined();
  expect(since).toEqual([new Date(Date.parse(madeAt) - 60_000).toISOString()]);
});

test('a request that nobody has asked for in five minutes does not lengthen the list', async () => {
  const { board, since, madeAt, askAll } = plantedBoard({ list: [] });
  const older = ago(4 * 60_000);
  await board.look('left', older);
  pass(5 * 60_000 - EVERY_MS);
  await askAll();
  pass(EVERY_MS);
  await askAll();
  const margin = (time: string): string => new Date(Date.parse(time) - 60_000).toISOString();
  expect(since).toEqual([margin(older), margin(madeAt)]);
});

test('after a list that failed, requests are read singly for a while, and the failure is told once', async () => {
  const refused = new GraphError('listProgress', {
    status: 403,
    code: 'UnAuthorized',
    ambiguous: false,
  });
  const shown: { list: Shown[] | Error } = { list: refused };
  const { board, since, ids, askAll } = plantedBoard(shown);
  expect(await askAll()).toEqual(all(undefined));
  shown.list = ids.map(delivered);
  pass(EVERY_MS * 9);
  expect(await askAll()).toEqual(all(undefined));
  expect(since).toHaveLength(1);
  expect(board.takeNews()).toEqual([{ what: 'board-not-readable', code: 'UnAuthorized' }]);
  expect(board.takeNews()).toEqual([]);
  pass(EVERY_MS);
  expect(await told(askAll())).toBe('delivered');
});

test('nobody hears of an open request without end: what no list has shown for six periods is read singly', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const board = createRequestBoard(
    {
      progressSince: async function* () {
        await held;
        yield answer(['x', 'submitted']);
      },
    },
    { everyMs: EVERY_MS, lagMs: LAG_MS },
  );
  const madeAt = ago(0);
  const ask = async () => {
    let last: string | undefined;
    for (let at = 0; at < MANY; at += 1)
      last = (await board.look(`r-${at}`, madeAt))?.requestStatus;
    return last;
  };
  expect(await ask()).toBe('open');
  pass(EVERY_MS * 6);
  expect(await ask()).toBe('open');
  pass(1);
  expect(await ask()).toBeUndefined();
  release();
});

test('a dialect without the list reads singly', async () => {
  const board = createRequestBoard(
    { progressSince: () => undefined },
    { everyMs: EVERY_MS, lagMs: LAG_MS },
  );
  for (let at = 0; at < 3 * MANY; at += 1)
    expect(await board.look(`r-${at}`, ago(5_000))).toBeUndefined();
});

test('a list that the rate of reads refuses is no failure: nothing is told, and the next one is due as ever', async () => {
  const shown: { list: Shown[] | Error } = {
    list: new GraphError('progressSince', { code: 'rate-budget', ambiguous: false }),
  };
  const { board, since, ids, askAll } = plantedBoard(shown);
  await askAll();
  expect(since).toHaveLength(1);
  expect(board.takeNews()).toEqual([]);
  shown.list = ids.map(delivered);
  pass(EVERY_MS);
  await askAll();
  expect(await told(askAll())).toBe('delivered');
  expect(since).toHaveLength(2);
});
