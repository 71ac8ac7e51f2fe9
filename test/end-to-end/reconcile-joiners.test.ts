import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { objectId, reconciliationOf } from '../resilience/reconciliation';
import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { startStack, type TestStack } from '../support/test-stack';

/** `npm run waves` lets all 1,000 join. */
const JOINERS = process.env['JOINERY_WAVES'] === 'full' ? 1000 : 200;
const BATCH = 50;
/** The requests of the first are delivered, and the others come into the directory, when the test says so. */
const SLOW = [7, 77, JOINERS / 2, JOINERS - 2, JOINERS - 1];
const WITHOUT_ACCOUNT = [5, 55, JOINERS / 2 + 5, JOINERS - 5, JOINERS - 4];
const UNDER_WAY = SLOW.length + WITHOUT_ACCOUNT.length;
/** Longer than the test. */
const NEVER_MS = 30 * 86_400_000;
const joiners = Array.from({ length: JOINERS }, (_, n) =>
  joinerMessage(workerId(n), { department: n % 2 === 0 ? 'Sales' : 'Finance' }),
);

jest.setTimeout(900_000);

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
beforeAll(async () => {
  const states = [
    { state: 'submitted', forMs: 10 },
    { state: 'delivering', forMs: NEVER_MS },
    { state: 'delivered' },
  ];
  const model = modelOf(
    [
      { key: 'sales', catalog: 'catalog' },
      { key: 'finance', catalog: 'catalog' },
    ],
    [
      { id: 'sales-rule', department: 'Sales', packages: ['sales'] },
      { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
    ],
  );
  stack = await startStack({
    now: new Date('2027-01-04T12:00:00Z'),
    env: {
      ...{ GRAPH_DELIVERY_MS: '500', POLL_SCHEDULE: '1s', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ CALL_PATIENCE: '60s', DELIVERY_DEADLINE: '3d', IDENTITY_DEADLINE: '3d' },
      // What is wrongly missing would be asked for.
      ...{ RECONCILE_GRANT_LIMIT: '100000', RECONCILE_FLOOR: '100000' },
    },
    files: {
      GRAPH_TENANT: {
        ...tenantOf(JOINERS),
        users: WITHOUT_ACCOUNT.map((n) => ({
          ...{ employeeId: workerId(n), appearsAfterMs: NEVER_MS },
        })),
        scripts: SLOW.map((n) => ({ employeeId: workerId(n), states })),
      },
      ACCESS_MODEL: { ...model, reconcile: { missing: 'repair', taken: 'repair' } },
    },
  });
  on = reconciliationOf(stack, 600);
}, 120_000);
afterAll(() => stack.stop());

const delivered = async (): Promise<number> =>
  (await on.claims()).filter(({ outcome }) => outcome === 'delivered').length;
const untilDelivered = (people: number) =>
  eventually(`${people} have access`, async () => (await delivered()) === people, {
    ...{ seconds: 600, everyMs: 1000 },
    details: () => stack.log.slice(-20).join('\n'),
  });

/** What a run says of people: findings, and how many it left to their own runs. */
async function runOnce() {
  const { claim, report, named } = await on.run();
  const { skipped, scopes = [] } = report ?? {};
  const holders = scopes.reduce((sum, one) => sum + one.holders, 0);
  return { end: claim['outcome'], named, ...skipped, holders };
}
const CLEAN = { end: 'clean', named: [], excluded: 0 };

test(`while ${JOINERS} joiners are under way, runs name none of them`, async () => {
  const runs: Awaited<ReturnType<typeof runOnce>>[] = [];
  let isOver = false;
  const join = async (): Promise<void> => {
    for (let at = 0; at < JOINERS; at += BATCH)
      await stack.send(joiners.slice(at, at + BATCH).map(({ body }) => body));
    await untilDelivered(JOINERS - UNDER_WAY);
    isOver = true;
  };
  const reconcile = async (): Promise<void> => {
    while (!isOver) runs.push(await runOnce());
  };
  await Promise.all([join(), reconcile()]);
  expect(runs.map(({ end, named, excluded }) => ({ end, named, excluded }))).toEqual(
    runs.map(() => CLEAN),
  );
  // Some of them were there to be seen.
  const seen = runs.map(({ recentFact = 0, runOpen = 0 }) => recentFact + runOpen);
  expect(Math.max(...seen)).toBeGreaterThan(0);
});

test('a fact that is older than 15 minutes while its run is still open names nobody', async () => {
  await stack.advance('20m');
  expect(await runOnce()).toEqual({
    ...{ ...CLEAN, recentFact: 0, runOpen: UNDER_WAY },
    holders: JOINERS - WITHOUT_ACCOUNT.length,
  });
});

test('once all have access the run is clean, and nobody was asked for twice', async () => {
  for (const n of WITHOUT_ACCOUNT) await on.control('POST', 'users', { employeeId: workerId(n) });
  await untilDelivered(JOINERS - SLOW.length);
  const { requests } = await on.state();
  expect(new Set(requests.map(({ targetId }) => targetId)).size).toBe(JOINERS);
  expect(requests).toHaveLength(JOINERS);
  const slow = SLOW.map(objectId);
  for (const { id, targetId } of requests)
    if (slow.includes(targetId)) await on.control('POST', `requests/${id}/advance`);
  await untilDelivered(JOINERS);
  await stack.advance('20m');
  expect(await runOnce()).toEqual({ ...CLEAN, recentFact: 0, runOpen: 0, holders: JOINERS });
});

test('every invariant holds', async () => {
  expect(violations(await collectEvidence(stack), { sent: joiners })).toEqual([]);
});
