import { openTable } from '../../shared/storage/table';
import { createHoldings } from '../../shared/storage/holdings';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { eventually } from '../support/eventually';
import { joinerMessage, type TestMessage } from '../support/events';
import { BY_HAND, objectId, reconciliationOf } from '../resilience/reconciliation';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { startStack, type TestStack } from '../support/test-stack';

const START = new Date('2027-01-04T12:00:00Z');
const WORKERS = 40;
const sent: TestMessage[] = [];

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
beforeAll(async () => {
  const model = modelOf(
    [
      { key: 'sales', catalog: 'catalog' },
      { key: 'tools', catalog: 'catalog' },
      { key: 'finance', catalog: 'catalog' },
    ],
    [
      { id: 'sales-rule', department: 'Sales', packages: ['sales', 'tools'] },
      { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
    ],
  );
  stack = await startStack({
    now: START,
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ GRAPH_PAGE_SIZE: '3', CALL_PATIENCE: '5s', RECONCILE_SCHEDULE: '0 0 3 1 1 *' },
    },
    files: {
      GRAPH_TENANT: tenantOf(WORKERS),
      ACCESS_MODEL: { ...model, reconcile: { taken: 'repair' } },
    },
  });
  on = reconciliationOf(stack);
  const joiners = Array.from({ length: 14 }, (_, n) =>
    joinerMessage(workerId(n), { department: n < 12 ? 'Sales' : 'Finance' }),
  );
  sent.push(...joiners);
  await stack.send(joiners.map(({ body }) => body));
  await eventually('everybody has joined', async () => {
    const closed = (await on.claims()).filter(({ outcome }) => outcome === 'delivered');
    return closed.length === joiners.length;
  });
  // A fact of the last minutes is left to its own run.
  await stack.advance('20m');
}, 120_000);
afterAll(() => stack.stop());

test('a run without differences is clean and makes no write', async () => {
  const before = (await graphCalls(stack.graphUrl)).length;
  const { claim, report } = await on.reconcile();
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

describe('where the list of one package cannot be read', () => {
  const failing: [string, object | string, number][] = [
    ['fails', { status: 400, code: 'BadRequest' }, 6],
    ['answers 403', { status: 403, code: 'UnAuthorized' }, 7],
    ['is HTML', 'html', 8],
  ];
  beforeAll(() => on.take(9, 'sales'));

  test.each(failing)(
    'because a further page %s, what is taken there is not given back, and elsewhere it is',
    async (_, answer, n) => {
      await on.take(n, 'tools');
      const [sales, before] = [await on.packageId('sales'), (await on.state()).requests];
      await injectGraphFaults(stack.graphUrl, [
        { match: { method: 'GET', path: '/assignments$', query: `${sales}.*skiptoken` }, answer },
      ]);
      const { claim, report, named } = await on.reconcile();
      await on.control('DELETE', 'faults');
      expect(claim['outcome']).toBe('incomplete');
      expect(report?.scopes.map(({ packageKey, state }) => [packageKey, state])).toEqual([
        ['sales', 'incomplete'],
        ['tools', 'complete'],
        ['finance', 'complete'],
      ]);
      expect(named).toEqual([`taken ${workerId(n)} tools repair`]);
      const asked = (await on.state()).requests.slice(before.length);
      expect(asked.map(({ targetId, packageId }) => [targetId, packageId])).toEqual([
        [objectId(n), await on.packageId('tools')],
      ]);
    },
  );

  test('it is given back by the run that can read the list again', async () => {
    await stack.advance('20m');
    expect((await on.reconcile()).named).toEqual([`taken ${workerId(9)} sales repair`]);
    expect((await on.assignmentOf(9, 'sales')).state).toMatch(/^delivered$/i);
  });
});

test('differences of each kind are named, each of the right person and package', async () => {
  const holdings = createHoldings(openTable(stack.storage, 'workers'));
  // Ended by somebody else.
  await on.take(0, 'sales');
  // Never recorded and not there: its event was lost.
  await on.take(1, 'tools');
  const lost = (await holdings.of([workerId(1)])).find(({ packageKey }) => packageKey === 'tools');
  await openTable(stack.storage, 'workers').remove(
    workerId(1),
    `holding-${lost?.targetId ?? ''}-tools`,
  );
  // Given by another administrator, beside what the model gives.
  await on.give(2, 'finance');
  // Delivered by us, and no longer given by a rule.
  const extra = await on.give(3, 'finance');
  const [own] = await holdings.of([workerId(3)]);
  if (!own) throw new Error('no holding');
  await holdings.save({
    ...{ ...own, etag: undefined, packageKey: 'finance', assignmentId: extra.id },
    accessPackageId: await on.packageId('finance'),
  });
  // Somebody of whom no event has spoken.
  await on.give(30, 'tools');
  // Delivered partially, and failed.
  await on.control('PATCH', `assignments/${(await on.assignmentOf(4, 'sales')).id}`, {
    state: 'partiallyDelivered',
  });
  await on.control('PATCH', `assignments/${(await on.assignmentOf(5, 'tools')).id}`, {
    state: 'deliveryFailed',
  });

  await stack.advance('20m');
  const { claim, named } = await on.reconcile();
  expect(named).toEqual(
    [
      `taken ${workerId(0)} sales repair`,
      `missing ${workerId(1)} tools report`,
      `theirs ${workerId(2)} finance report`,
      `extra-ours ${workerId(3)} finance report`,
      `unknown-person ${objectId(30)} tools report`,
      `broken ${workerId(4)} sales report`,
      `broken ${workerId(5)} tools report`,
    ].sort(),
  );
  expect(claim['outcome']).toBe('drift');
});

test('every invariant holds once what was made broken by hand is whole again', async () => {
  for (const [n, key] of [
    [4, 'sales'],
    [5, 'tools'],
  ] as const)
    await on.control('PATCH', `assignments/${(await on.assignmentOf(n, key)).id}`, {
      state: 'delivered',
    });
  expect(violations(await collectEvidence(stack), { sent, others: [BY_HAND] })).toEqual([]);
});
