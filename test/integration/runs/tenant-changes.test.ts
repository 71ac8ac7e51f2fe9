import { DEADLINE_MS, openWholeRuns } from './whole-runs';

type Runs = Awaited<ReturnType<typeof openWholeRuns>>;

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
  const scripts = states.map(([employeeId, , ...told]) => ({ employeeId, states: told }));
  runs = await openWholeRuns({}, scripts);
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

type Told = Awaited<ReturnType<Runs['tell']>>;
const requests = 'assignmentRequests$';
const made = ({ calls }: Told, what: RegExp): number =>
  calls.filter(({ method, path, status }) => method === 'POST' && what.test(path) && status === 201)
    .length;
const requested = (told: Told): number => made(told, /assignmentRequests$/);
const packaged = (told: Told): number => made(told, /\/accessPackages$/);

let people = 1110;
const somebody = (): string => `W-${(people += 1)}`;

test('two events of one worker: one package and one request, and the second closes as already held', async () => {
  const workerId = somebody();
  const first = await runs.tell({ workerId, department: 'Finance' });
  const second = await runs.tell({ workerId, department: 'Finance', id: 'sent-twice' });
  expect([first.ending, packaged(first), requested(first)]).toEqual(['delivered', 1, 1]);
  expect([second.ending, packaged(second), requested(second)]).toEqual(['already-held', 0, 0]);
});

test.each(states)('the request of %s closes its event as %s', async (workerId, ending) => {
  const told = await runs.tell({ workerId, department: 'Finance' });
  expect(told.ending).toBe(ending);
  expect(requested(told)).toBe(1);
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
])('a request that is answered with %j is made once', async (answer) => {
  const match = { method: 'POST', path: requests };
  await runs.simulator.disturb({ match, times: 1, answer });
  const told = await runs.tell({ workerId: somebody(), department: 'Finance' });
  expect([told.ending, requested(told)]).toEqual(['delivered', 1]);
});

test.each([
  [401, 'needs-attention: unauthenticated'],
  [403, 'needs-attention: permission'],
  [404, 'needs-attention: unknown-route'],
])(
  'from the request on, Graph answers %d: at most three calls, and a person is asked',
  async (status, ending) => {
    const answer = { status, code: '' };
    const told = await runs.tell({
      ...{ workerId: somebody(), department: 'Finance' },
      before: { submitRequest: () => runs.simulator.disturb({ answer }) },
    });
    expect([told.ending, requested(told)]).toEqual([ending, 0]);
    expect(told.calls.filter((call) => call.status === status).length).toBeLessThanOrEqual(3);
  },
);

test('Graph answers every read with 500 for good: the run gives up after its patience, and has written nothing', async () => {
  await runs.simulator.disturb({ match: { method: 'GET' }, answer: { status: 500 } });
  const told = await runs.tell({ workerId: somebody(), department: 'Finance' });
  expect([told.ending, requested(told)]).toEqual(['timed-out', 0]);
  expect(told.calls.length).toBeGreaterThan(10);
  expect(told.calls.length).toBeLessThan(100);
});

test('somebody who never appears in the directory is looked for until the deadline, without a write', async () => {
  const told = await runs.tell({ workerId: 'W-9999', department: 'Finance' });
  expect(told.ending).toBe('no-identity');
  expect(told.calls.length).toBeGreaterThan(10);
  expect(told.calls.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test.each([
  ['is deleted', 'needs-attention: no-identity', 'DELETE', undefined],
  ['is disabled', 'needs-attention: unexpected-answer', 'PATCH', { accountEnabled: false }],
])(
  'somebody whose account %s between plan and request gets nothing',
  async (_, ending, method, change) => {
    const workerId = somebody();
    const user = `users/20000000-0000-4000-8000-${workerId.slice(2).padStart(12, '0')}`;
    const before = { submitRequest: () => control(method, user, change) };
    const told = await runs.tell({ workerId, department: 'Finance', before });
    expect([told.ending, requested(told)]).toEqual([ending, 0]);
  },
);

test('until here, every invariant holds', async () => {
  expect(await runs.faults()).toEqual([]);
});

test('a package that is deleted while runs want it is not made again, and a person is asked', async () => {
  const department = 'Sales';
  const remove = async () => {
    const { accessPackages } = (await control('GET', 'state')) as {
      accessPackages: { id: string; displayName: string }[];
    };
    const found = accessPackages.find(({ displayName }) => displayName === department);
    await control('DELETE', `accessPackages/${found?.id}`);
    await longAgo('departments', 'sales');
  };
  const told = await runs.tell({
    ...{ workerId: somebody(), department },
    before: { submitRequest: remove },
  });
  expect([told.ending, packaged(told)]).toEqual(['needs-attention: not-found', 1]);
  const next = await runs.tell({ workerId: somebody(), department });
  expect([next.ending, packaged(next)]).toEqual(['needs-attention: not-found', 0]);
});

/** Says in our row that its writes are older than any replica's lag. */
async function longAgo(catalogKey: string, packageKey: string): Promise<void> {
  const row = runs.aProcess().parts.packages.memory(catalogKey, packageKey).package;
  const record = await row.load();
  if (!record) throw new Error('the package was made');
  const writes = Object.entries(record.writes).map(([name, write]) => [
    name,
    { ...write, at: '2026-01-01T00:00:00.000Z' },
  ]);
  await row.save({ ...record, writes: Object.fromEntries(writes) as typeof record.writes });
}

test('processes that need one package at the same moment make one, though Graph would take several', async () => {
  const loose = await openWholeRuns({ uniqueNames: false });
  const told = await Promise.all(
    ['W-1001', 'W-1016', 'W-1017', 'W-1018'].map((workerId) =>
      loose.tell({ workerId, department: 'Finance' }),
    ),
  );
  const writes = await loose.simulator.writes();
  expect(await loose.faults()).toEqual([]);
  await loose.close();
  expect(told.map(({ ending }) => ending)).toEqual(Array(4).fill('delivered'));
  expect(writes.filter((write) => write.endsWith('/accessPackages'))).toHaveLength(1);
});
