import { readGraph } from '../../resilience/invariants/evidence';
import { eventually } from '../../support/eventually';
import { DEADLINE_MS, openRunHarness } from './run-harness';

type Runs = Awaited<ReturnType<typeof openRunHarness>>;

const states: [workerId: string, ending: string, ...states: object[]][] = [
  ['W-1101', 'timed-out: delivery-deadline', { state: 'delivering' }],
  [
    'W-1102',
    'failed: delivery-failed',
    { state: 'delivering', forMs: 1 },
    { state: 'deliveryFailed' },
  ],
  ['W-1103', 'partly-delivered: partially-delivered', { state: 'partiallyDelivered' }],
  ['W-1104', 'denied', { state: 'denied' }],
  ['W-1105', 'denied: canceled', { state: 'submitted', forMs: 1 }, { state: 'canceled' }],
  ['W-1106', 'needs-attention: unknown-state', { state: 'unknownFutureValue' }],
];

let runs: Runs;
beforeAll(async () => {
  const scripts = states.map(([employeeId, , ...script]) => ({ employeeId, states: script }));
  runs = await openRunHarness({}, scripts);
});
afterEach(() => control('DELETE', 'faults'));
afterAll(() => runs.close());

async function control(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${runs.simulator.url}/_control/${path}`, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.status === 204 ? undefined : answer.json();
}

type Run = Awaited<ReturnType<Runs['drive']>>;
const requests = 'assignmentRequests$';
const posted = ({ calls }: Run, what: RegExp): number =>
  calls.filter(({ method, path, status }) => method === 'POST' && what.test(path) && status === 201)
    .length;
const requested = (run: Run): number => posted(run, /assignmentRequests$/);
const packaged = (run: Run): number => posted(run, /\/accessPackages$/);

let people = 1110;
const somebody = (): string => `W-${(people += 1)}`;

test('two events of one worker: one package and one request, and the second closes as already held', async () => {
  const workerId = somebody();
  const first = await runs.drive({ workerId, department: 'Finance' });
  const time = '2026-11-21T09:30:00Z';
  const second = await runs.drive({ workerId, department: 'Finance', id: 'sent-twice', time });
  expect([first.ending, packaged(first), requested(first)]).toEqual(['delivered', 1, 1]);
  expect([second.ending, packaged(second), requested(second)]).toEqual(['already-held', 0, 0]);
});

test('a joiner with three packages that this process has ensured before makes at most eight calls', async () => {
  const own = await openRunHarness();
  const process = own.startOne(({ birthrights, ...model }) => ({
    ...model,
    birthrights: birthrights.map((rule) =>
      rule.id === 'sales-staff' ? { ...rule, packages: ['sales', 'finance', 'warehouse'] } : rule,
    ),
  }));
  await own.drive({ department: 'Sales', workerId: 'W-1001' }, process);
  const run = await own.drive({ department: 'Sales', workerId: 'W-1016' }, process);
  expect(await own.faults()).toEqual([]);
  await own.close();
  expect([run.ending, requested(run)]).toEqual(['delivered', 3]);
  expect(run.calls.length).toBeLessThanOrEqual(8);
});

test.each(states)('the request of %s closes its event as %s', async (workerId, ending) => {
  const run = await runs.drive({ workerId, department: 'Finance' });
  expect(run.ending).toBe(ending);
  expect(requested(run)).toBe(1);
});

test.each([
  ['drop-before'],
  ['drop-after-commit'],
  ['truncate'],
  ['html'],
  [{ status: 504, code: 'GatewayTimeout', afterCommit: true }],
  [{ status: 500, code: 'InternalServerError' }],
  [{ delayMs: DEADLINE_MS + 300 }],
  [{ status: 400, code: 'ExistingOpenRequest' }],
])('a request that is answered with %j is created once', async (answer) => {
  const match = { method: 'POST', path: requests };
  await runs.simulator.injectFaults({ match, times: 1, answer });
  const run = await runs.drive({ workerId: somebody(), department: 'Finance' });
  expect([run.ending, requested(run)]).toEqual(['delivered', 1]);
});

const refusals: [status: number, lost: string, missing: string][] = [
  [401, 'authentication-lost', 'unauthenticated'],
  [403, 'permission-lost', 'permission'],
];
const answerColumns = (status: number) => ({
  ...{ graphStatus: status, errorCode: 'UnAuthorized' },
  graphRequestId: expect.stringMatching(/^[\w-]{36}$/) as string,
});

test.each(refusals)(
  'when Graph answers %d to what it allowed before, the run waits for its patience, asks rarely and ends as needs-attention',
  async (status, lost) => {
    await runs.drive({ workerId: somebody(), department: 'Finance' });
    const answer = { status, code: 'UnAuthorized' };
    const run = await runs.drive({
      ...{ workerId: somebody(), department: 'Finance' },
      before: { submitRequest: () => runs.simulator.injectFaults({ answer }) },
    });
    expect([run.ending, requested(run)]).toEqual([`needs-attention: ${lost}`, 0]);
    expect(run.closing).toMatchObject(answerColumns(status));
    const refused = run.calls.filter((call) => call.status === null || call.status === status);
    // The run waits on a virtual clock, and probes on the real one: a quick run ends before the next probe.
    expect(refused.length).toBeLessThanOrEqual(10);
    await control('DELETE', 'faults');
    const isAllowed = async (): Promise<boolean> => {
      const next = await runs.drive({ workerId: somebody(), department: 'Finance' });
      return next.ending === 'delivered';
    };
    await eventually('a probe is allowed', isAllowed, { everyMs: 1_000 });
  },
  120_000,
);

test.each(refusals)(
  'when Graph answers %d to the first search for a person ever, the run asks a person after two minutes, with the answer in its closing row',
  async (status, _, missing) => {
    const fresh = await openRunHarness();
    await fresh.simulator.injectFaults({ answer: { status, code: 'UnAuthorized' } });
    const run = await fresh.drive({ workerId: 'W-1001', department: 'Finance' });
    const faults = await fresh.faults();
    await fresh.close();
    expect(run.ending).toBe(`needs-attention: ${missing}`);
    expect(run.closing).toMatchObject(answerColumns(status));
    expect(faults).toEqual([]);
  },
);

test('when Graph answers 404 without a code from the request on, the run makes at most three calls and ends as needs-attention', async () => {
  const run = await runs.drive({
    ...{ workerId: somebody(), department: 'Finance' },
    before: {
      submitRequest: () => runs.simulator.injectFaults({ answer: { status: 404, code: '' } }),
    },
  });
  expect([run.ending, requested(run)]).toEqual(['needs-attention: unknown-route', 0]);
  expect(run.closing).toMatchObject({ graphStatus: 404 });
  expect(run.calls.filter((call) => call.status === 404).length).toBeLessThanOrEqual(3);
});

test('when Graph answers every read with 500, the run times out and writes nothing', async () => {
  await runs.simulator.injectFaults({ match: { method: 'GET' }, answer: { status: 500 } });
  const run = await runs.drive({ workerId: somebody(), department: 'Finance' });
  expect([run.ending, requested(run)]).toEqual(['timed-out', 0]);
  expect(run.calls.length).toBeGreaterThan(10);
  expect(run.calls.length).toBeLessThan(100);
});

test('a person who never appears in the directory is looked up until the deadline, without a write', async () => {
  const run = await runs.drive({ workerId: 'W-9999', department: 'Finance' });
  expect(run.ending).toBe('no-identity');
  expect(run.calls.length).toBeGreaterThan(10);
  expect(run.calls.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test.each([
  ['is deleted', 'needs-attention: no-identity', 'DELETE', undefined],
  ['is disabled', 'needs-attention: unexpected-answer', 'PATCH', { accountEnabled: false }],
])(
  'a person whose account %s between plan and request gets nothing',
  async (_, ending, method, change) => {
    const workerId = somebody();
    const user = `users/20000000-0000-4000-8000-${workerId.slice(2).padStart(12, '0')}`;
    const before = { submitRequest: () => control(method, user, change) };
    const run = await runs.drive({ workerId, department: 'Finance', before });
    expect([run.ending, requested(run)]).toEqual([ending, 0]);
  },
);

const ADMINISTRATOR = 'Granted by another administrator.';
test.each([[null], [ADMINISTRATOR]])(
  'access by the open request of somebody else (justification %j), which Graph names when it refuses ours, is not ours',
  async (justification) => {
    await runs.drive({ workerId: somebody(), department: 'Finance' });
    const workerId = somebody();
    const planted = { packageName: 'Finance', employeeId: workerId, justification };
    let id = '';
    const before = {
      submitRequest: async () => {
        ({ id } = (await control('POST', 'requests', planted)) as { id: string });
      },
      pollRequests: () => control('POST', `requests/${id}/advance`),
    };
    const run = await runs.drive({ workerId, department: 'Finance', before });
    expect([run.ending, requested(run)]).toEqual(['delivered', 0]);
    const holdings = await runs.startOne().services.holdings.of([workerId]);
    expect(holdings.map(({ state, whose }) => [state, whose])).toEqual([['held', 'theirs']]);
  },
);

test('every invariant holds after the tests so far', async () => {
  expect(await runs.faults(['', ADMINISTRATOR])).toEqual([]);
});

// The access that Graph gives without showing its request is confirmed by nobody.
test('a request that Graph answers with 403, as for an unknown id, does not stop the other request of its event', async () => {
  await runs.drive({ workerId: somebody(), department: 'Finance' });
  const refuseOne = async () => {
    const { graph } = await readGraph(runs.simulator.url);
    const path = `assignmentRequests/${graph.requests.at(-1)?.id ?? ''}`;
    await runs.simulator.injectFaults({
      match: { path },
      answer: { status: 403, code: 'UnAuthorized' },
    });
  };
  const run = await runs.drive({
    ...{ workerId: somebody(), department: 'Engineering', jobCode: 'ENG-SE-1' },
    before: { pollRequests: refuseOne },
  });
  expect([run.ending, requested(run)]).toEqual(['partly-delivered: unknown-state', 2]);
  expect(run.closing).toMatchObject(answerColumns(403));
});

test('a package that is deleted during a run is not created again, and the run ends as needs-attention', async () => {
  const department = 'Sales';
  const remove = async () => {
    const { accessPackages } = (await control('GET', 'state')) as {
      accessPackages: { id: string; displayName: string }[];
    };
    const found = accessPackages.find(({ displayName }) => displayName === department);
    await control('DELETE', `accessPackages/${found?.id}`);
    await ageWrites('departments', 'sales');
  };
  const run = await runs.drive({
    ...{ workerId: somebody(), department },
    before: { submitRequest: remove },
  });
  expect([run.ending, packaged(run)]).toEqual(['needs-attention: not-found', 1]);
  const next = await runs.drive({ workerId: somebody(), department });
  expect([next.ending, packaged(next)]).toEqual(['needs-attention: not-found', 0]);
});

/** Makes the writes of the row older than the lag of any replica. */
async function ageWrites(catalogKey: string, packageKey: string): Promise<void> {
  const row = runs.startOne().services.packages.memory(catalogKey, packageKey).package;
  const record = await row.load();
  if (!record) throw new Error('the package was made');
  const writes = Object.entries(record.writes).map(([name, write]) => [
    name,
    { ...write, at: '2026-01-01T00:00:00.000Z' },
  ]);
  await row.save({ ...record, writes: Object.fromEntries(writes) as typeof record.writes });
}

test('processes that need one package at the same time create one, even where Graph accepts several', async () => {
  const loose = await openRunHarness({ uniqueNames: false });
  const ended = await Promise.all(
    ['W-1001', 'W-1016', 'W-1017', 'W-1018'].map((workerId) =>
      loose.drive({ workerId, department: 'Finance' }),
    ),
  );
  const writes = await loose.simulator.writes();
  expect(await loose.faults()).toEqual([]);
  await loose.close();
  expect(ended.map(({ ending }) => ending)).toEqual(Array(4).fill('delivered'));
  expect(writes.filter((write) => write.endsWith('/accessPackages'))).toHaveLength(1);
});
