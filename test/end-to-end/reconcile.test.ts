import { requestReconciliation } from '../../shared/reconcile/request';
import { readReport } from '../../shared/reconcile/report';
import { createStaging } from '../../shared/storage/staging';
import { openTable } from '../../shared/storage/table';
import { createHoldings } from '../../shared/storage/holdings';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const START = new Date('2027-01-04T12:00:00Z');
const WORKERS = 40;

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({
    now: START,
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ GRAPH_PAGE_SIZE: '3', CALL_PATIENCE: '2s', RECONCILE_SCHEDULE: '0 0 3 1 1 *' },
    },
    files: {
      GRAPH_TENANT: tenantOf(WORKERS),
      ACCESS_MODEL: modelOf(
        [
          { key: 'sales', catalog: 'catalog' },
          { key: 'tools', catalog: 'catalog' },
          { key: 'finance', catalog: 'catalog' },
        ],
        [
          { id: 'sales-rule', department: 'Sales', packages: ['sales', 'tools'] },
          { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
        ],
      ),
    },
  });
  const joiners = Array.from({ length: 14 }, (_, n) =>
    joinerMessage(workerId(n), { department: n < 12 ? 'Sales' : 'Finance' }),
  );
  await stack.send(joiners.map(({ body }) => body));
  await eventually('everybody has joined', async () => {
    const closed = (await claims()).filter(({ outcome }) => outcome === 'delivered');
    return closed.length === joiners.length;
  });
  // A fact of the last minutes is left to its own run.
  await stack.advance('20m');
}, 120_000);
afterAll(() => stack.stop());

const claims = (): Promise<Row[]> => readTable(stack.storage, 'claims', "RowKey eq 'claim'");
const staging = () => createStaging(openTable(stack.storage, 'staging'));

type State = {
  accessPackages: { id: string; displayName: string }[];
  assignments: { id: string; packageId: string; targetId: string; state: string }[];
};
const control = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
  const answer = await fetch(`${stack.graphUrl}/_control/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Answer;
};
const objectId = (n: number): string =>
  `20000000-0000-4000-8000-${workerId(n).slice(2).padStart(12, '0')}`;
const packageId = async (key: string): Promise<string> => {
  const { accessPackages } = await control<State>('GET', 'state');
  return accessPackages.find(({ displayName }) => displayName === `Package ${key}`)?.id ?? '';
};
const assignmentOf = async (n: number, key: string) => {
  const [state, id] = [await control<State>('GET', 'state'), await packageId(key)];
  const found = state.assignments.find(
    (one) => one.packageId === id && one.targetId === objectId(n) && one.state !== 'Expired',
  );
  if (!found) throw new Error(`${workerId(n)} does not hold ${key}`);
  return found;
};
const give = (n: number, key: string, more: object = {}) =>
  control<{ id: string }>('POST', 'assignments', {
    ...{ packageName: `Package ${key}`, userId: objectId(n), ...more },
  });

/** Starts a run and answers its report when it has ended. */
async function reconcile(options: { dryRun?: boolean } = {}) {
  const now = stack.now();
  const asked = await requestReconciliation(
    staging(),
    async (body) => stack.send([Buffer.from(body)]),
    { by: 'a-person', reason: 'a-test', ...options },
    now,
  );
  const claim = await eventually('the run has ended', async () =>
    (await claims()).find(
      (one) => one.partitionKey === asked.eventHash && one['state'] === 'closed',
    ),
  );
  return { claim, report: await readReport(staging(), asked.eventHash) };
}

test('a run without differences is clean and makes no write', async () => {
  const before = (await graphCalls(stack.graphUrl)).length;
  const { claim, report } = await reconcile();
  expect(report?.findings).toEqual([]);
  expect([claim['outcome'], report?.state]).toEqual(['clean', 'clean']);
  expect(
    report?.scopes.map(({ packageKey, state, holders }) => [packageKey, state, holders]),
  ).toEqual([
    ['sales', 'complete', 12],
    ['tools', 'complete', 12],
    ['finance', 'complete', 2],
  ]);
  const calls = (await graphCalls(stack.graphUrl)).slice(before);
  expect(calls.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test('differences of each kind are named, each of the right person and package', async () => {
  const holdings = createHoldings(openTable(stack.storage, 'workers'));
  // Ended by somebody else.
  await control('DELETE', `assignments/${(await assignmentOf(0, 'sales')).id}`);
  // Never recorded and not there: its event was lost.
  await control('DELETE', `assignments/${(await assignmentOf(1, 'tools')).id}`);
  const lost = (await holdings.of([workerId(1)])).find(({ packageKey }) => packageKey === 'tools');
  await openTable(stack.storage, 'workers').remove(
    workerId(1),
    `holding-${lost?.targetId ?? ''}-tools`,
  );
  // Given by another administrator, beside what the model gives.
  await give(2, 'finance');
  // Delivered by us, and no longer given by a rule.
  const extra = await give(3, 'finance');
  const [own] = await holdings.of([workerId(3)]);
  if (!own) throw new Error('no holding');
  await holdings.save({
    ...{ ...own, etag: undefined, packageKey: 'finance', assignmentId: extra.id },
    accessPackageId: await packageId('finance'),
  });
  // Somebody of whom no event has spoken.
  await give(30, 'tools');
  // Delivered partially, and failed.
  await control('PATCH', `assignments/${(await assignmentOf(4, 'sales')).id}`, {
    state: 'partiallyDelivered',
  });
  await control('PATCH', `assignments/${(await assignmentOf(5, 'tools')).id}`, {
    state: 'deliveryFailed',
  });

  await stack.advance('20m');
  const { claim, report } = await reconcile();
  const named = report?.findings.map(({ kind, workerId: worker, objectId: object, packageKey }) =>
    [kind, worker ?? object, packageKey].join(' '),
  );
  expect(named?.sort()).toEqual(
    [
      `taken ${workerId(0)} sales`,
      `missing ${workerId(1)} tools`,
      `theirs ${workerId(2)} finance`,
      `extra-ours ${workerId(3)} finance`,
      `unknown-person ${objectId(30)} tools`,
      `broken ${workerId(4)} sales`,
      `broken ${workerId(5)} tools`,
    ].sort(),
  );
  expect(claim['outcome']).toBe('drift');
});

describe('a list that cannot be read', () => {
  const failing: [string, object][] = [
    ['fails', { status: 400, code: 'BadRequest' }],
    ['answers 403', { status: 403, code: 'UnAuthorized' }],
    ['is HTML', 'html' as unknown as object],
  ];
  test.each(failing)(
    'a further page that %s leaves its scope incomplete and no other',
    async (_, answer) => {
      const query = `${await packageId('sales')}.*skiptoken`;
      await injectGraphFaults(stack.graphUrl, [
        { match: { method: 'GET', path: '/assignments$', query }, answer },
      ]);
      const { claim, report } = await reconcile();
      await control('DELETE', 'faults');
      expect(claim['outcome']).toBe('incomplete');
      expect(report?.scopes.map(({ packageKey, state }) => [packageKey, state])).toEqual([
        ['sales', 'incomplete'],
        ['tools', 'complete'],
        ['finance', 'complete'],
      ]);
      expect(report?.findings.filter(({ remedy }) => remedy === 'repair')).toEqual([]);
    },
  );
});
