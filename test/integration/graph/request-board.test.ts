import { pollRequests } from '../../../shared/assignments/request';
import { createRequestBoard } from '../../../shared/graph/request-board';
import type { Dialect } from '../../../shared/graph/entitlements';
import { eventually } from '../../support/eventually';
import { startSimulator, type Simulator } from '../../support/simulator';
import { ensureToTheEnd, ledger, memoryTable, modelOf, targetOf } from '../packages/ensure-harness';

/*
 * The board over HTTP: what it shows of many requests, whatever is wrong with the lists, and what that costs. Requests are
 * planted in the tenant, so no run is needed.
 */

const EVERY_MS = 1_000;
const DAY_MS = 86_400_000;

type Row = { id: string; state: string };
type Poll = { id: string; submittedAt: string };

/** A tenant with one package, a board of its own, and the calls that it makes. */
async function openBoard(dialect: Dialect = 'v1.0') {
  const simulator = await startSimulator(0, dialect);
  const model = modelOf(ledger);
  const made = await ensureToTheEnd(simulator.graph, targetOf(model, 'ledger'), memoryTable());
  if (made.kind !== 'done') throw new Error(JSON.stringify(made));
  const board = createRequestBoard(simulator.graph, { everyMs: EVERY_MS, lagMs: 0 });
  const control = controlOf(simulator);
  return {
    ...{ simulator, board, control },
    plant: async (count: number, state = 'delivering'): Promise<Poll[]> => {
      const planted: Poll[] = [];
      const body = { packageId: made.accessPackageId, employeeId: 'W-1024', state };
      while (planted.length < count) {
        const some = Array.from({ length: Math.min(50, count - planted.length) }, () =>
          control('POST', 'requests', body),
        );
        const rows = await Promise.all(some);
        const submittedAt = new Date().toISOString();
        planted.push(...rows.map(({ id }) => ({ id, submittedAt })));
      }
      return planted;
    },
    poll: async (polls: readonly Poll[]) => {
      const outcome = await pollRequests(
        { graph: simulator.graph, model: () => ({ model, hash: '' }), board },
        polls.map(({ id, submittedAt }) => ({ requestId: id, submittedAt, packageKey: 'ledger' })),
      );
      if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
      return outcome.readings;
    },
    /** The reads of requests: whole lists by their first pages, further pages, and single ones. */
    reads: async () => {
      const calls = (await simulator.log()).filter(({ method }) => method === 'GET');
      const ofLists = calls.filter(({ path }) => /ssignmentRequests$/i.test(path));
      const isFurther = ({ query }: { query: string }) => query.includes('skiptoken');
      return {
        lists: ofLists.filter((call) => !isFurther(call)),
        pages: ofLists.length,
        single: calls.filter(({ path }) => /ssignmentRequests\/./i.test(path)).length,
      };
    },
  };
}

const controlOf =
  ({ url }: Simulator) =>
  async (method: string, path: string, body?: object): Promise<Row> => {
    const answer = await fetch(`${url}/_control/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Row;
  };

const opened: Simulator[] = [];
afterEach(() => Promise.all(opened.splice(0).map((simulator) => simulator.stop())));
const open = async (dialect?: Dialect) => {
  const one = await openBoard(dialect);
  opened.push(one.simulator);
  return one;
};

test.each<Dialect>(['v1.0', 'beta'])(
  'in %s a list shows deliveries, each with its assignment, and hardly a single read is needed',
  async (dialect) => {
    const { control, plant, poll, reads } = await open(dialect);
    const polls = await plant(60);
    await poll(polls);
    await Promise.all(polls.map(({ id }) => control('POST', `requests/${id}/advance`)));
    const before = await reads();
    const readings = await eventually('every delivery', async () => {
      const found = await poll(polls);
      return found.every(({ requestStatus }) => requestStatus === 'delivered') && found;
    });
    expect(readings.every(({ isAssigned }) => isAssigned)).toBe(true);
    expect(new Set(readings.map(({ assignmentId }) => assignmentId)).size).toBe(60);
    const after = await reads();
    expect(after.pages - before.pages).toBeGreaterThan(0);
    expect(after.pages - before.pages).toBeLessThanOrEqual(6);
    // Where a pass over all of them took longer than a period, the next one begins with ten single reads.
    expect(after.single - before.single).toBeLessThanOrEqual(30);
  },
);

test('the draft dialect has no such list and reads singly', async () => {
  const { simulator, board } = await open('draft');
  const before = (await simulator.log()).length;
  for (let at = 0; at < 30; at += 1)
    expect(await board.look(`r-${at}`, new Date().toISOString())).toBeUndefined();
  expect(await simulator.log()).toHaveLength(before);
});

test('a request of 14 days among 2,000 open ones makes no list longer, and is read by itself', async () => {
  const { control, plant, poll, reads } = await open();
  const [stuck] = await plant(1, 'pendingApproval');
  const { id = '' } = stuck ?? {};
  const createdAt = Date.now() - 14 * DAY_MS;
  await control('PATCH', `requests/${id}`, { createdAt });
  const old = { id, submittedAt: new Date(createdAt).toISOString() };
  const polls = await plant(2_000);
  const began = Date.now();
  const readings = await eventually('every request to be shown', async () => {
    const found = await poll([...polls, old]);
    return found.at(0)?.graphState === 'delivering' && found;
  });
  expect(readings.at(-1)?.requestStatus).toBe('waiting-for-approval');
  const { lists, pages, single } = await reads();
  // Ten are too few for a list, then as many as it has pages; the old one is read at each poll.
  expect(single).toBeLessThan(60);
  expect(pages).toBe(20 * lists.length);
  for (const { query } of lists) {
    const since = /createdDateTime gt (\S+?)(&|$)/.exec(decodeURIComponent(query))?.[1] ?? '';
    expect(Date.parse(since)).toBeGreaterThan(began - 10 * 60_000);
  }
}, 60_000);

test.each([
  ['lags', { list: 'lags', byMs: 1_500 }],
  ['skips', { list: 'skips', every: 2 }],
  ['repeats', { list: 'repeats', every: 1 }],
])('a list that %s never yields a false end', async (_, answer) => {
  const { simulator, control, plant, poll } = await open();
  await simulator.injectFaults({ match: { path: 'assignmentRequests$' }, answer });
  const approved = await plant(10, 'pendingApproval');
  const refused = await plant(10, 'pendingApproval');
  const polls = [...approved, ...refused, ...(await plant(10))];
  await poll(polls);
  for (const { id } of approved)
    await control('POST', `requests/${id}/decide`, { decision: 'approve' });
  for (const { id } of refused)
    await control('POST', `requests/${id}/decide`, { decision: 'deny' });
  const ended = new Map<string, string>();
  await eventually(
    'every end',
    async () => {
      const found = await poll(polls);
      for (const [at, { requestStatus }] of found.entries()) {
        // All are decided by now: to wait for an approval would end a run that does not wait for one.
        expect(requestStatus).not.toBe('waiting-for-approval');
        if (requestStatus !== 'open') ended.set(polls[at]?.id ?? '', requestStatus);
      }
      return ended.size >= 20;
    },
    { seconds: 10, details: () => JSON.stringify([...ended.values()]) },
  );
  expect(polls.map(({ id }) => ended.get(id) ?? 'open')).toEqual([
    ...['delivered', 'denied', 'open'].flatMap((end) => Array.from({ length: 10 }, () => end)),
  ]);
});
