import { createStaging } from '../../shared/storage/staging';
import { openTable } from '../../shared/storage/table';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { reconciliationOf } from '../resilience/reconciliation';
import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { injectGraphFaults } from '../support/simulator';
import { startStack, type TestStack } from '../support/test-stack';

// Each command is a process of its own, and a run of the app follows it.
jest.setTimeout(180_000);

const sent = [joinerMessage(workerId(0), { department: 'Sales' })];

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
beforeAll(async () => {
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
    files: {
      GRAPH_TENANT: tenantOf(2),
      ACCESS_MODEL: modelOf(
        [{ key: 'sales', catalog: 'catalog' }],
        [{ id: 'sales-rule', department: 'Sales', packages: ['sales'] }],
      ),
    },
  });
  on = reconciliationOf(stack);
  await stack.send(sent.map(({ body }) => body));
  await eventually('the person has joined', async () =>
    (await on.claims()).some(({ outcome }) => outcome === 'delivered'),
  );
  await stack.advance('20m');
}, 120_000);
afterAll(() => stack.stop());

const reconcile = () =>
  runCommand(['reconcile', '--reports', stack.dataDir], { JOINERY_DATA_DIR: stack.dataDir });
/** A run that has begun cannot go on until its tenant can be read. */
const hold = () =>
  injectGraphFaults(stack.graphUrl, [
    {
      match: { method: 'GET', path: '/organization$' },
      answer: { status: 503, code: 'ServiceUnavailable', retryAfter: 1 },
    },
  ]);
const goOn = () => on.control('DELETE', 'faults');
const holderOfLease = async () =>
  (await createStaging(openTable(stack.storage, 'staging')).lease()).holder;
const hasBegun = () =>
  eventually('a run has begun', async () => (await holderOfLease()) !== undefined);
const ofTimer = async () =>
  (await on.claims()).filter((claim) => String(claim['fact']).includes('"requestedBy":"timer"'));

const UNDER_WAY = 'another run of the reconciliation is under way: nothing was compared';

test('of two commands at once the second one ends with 3 and says why, and the first one ends as ever', async () => {
  await hold();
  const [first, second] = await Promise.all([
    reconcile(),
    hasBegun().then(async () => {
      const ended = await reconcile();
      await goOn();
      return ended;
    }),
  ]);
  expect([second.code, second.stdout]).toEqual([3, '']);
  expect(second.stderr).toContain(UNDER_WAY);
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining(': clean')]);
  expect(await holderOfLease()).toBeUndefined();
});

test('a run of the timer beside that of a command closes without reading anything, and a command beside one of the timer says so', async () => {
  await hold();
  const [first] = await Promise.all([
    reconcile(),
    hasBegun().then(async () => {
      await stack.kill('host', 'SIGTERM');
      await stack.start('host', { RECONCILE_SCHEDULE: '* * * * * *' });
      await eventually('a run of the timer has closed', async () =>
        (await ofTimer()).some(({ state }) => state === 'closed'),
      );
      const closed = (await ofTimer()).filter(({ state }) => state === 'closed');
      const ends = closed.map(({ outcome, reason }) => `${outcome as string} ${reason as string}`);
      expect(new Set(ends)).toEqual(new Set(['superseded another-run']));
      await goOn();
    }),
  ]);
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining(': clean')]);

  await eventually('a run of the timer ends as ever', async () =>
    (await ofTimer()).some(({ outcome }) => outcome === 'clean'),
  );
  await hold();
  await eventually('a run of the timer has begun', async () => {
    const holder = await holderOfLease();
    return (await ofTimer()).some(({ partitionKey }) => holder?.startsWith(partitionKey));
  });
  const beside = await reconcile();
  expect([beside.code, beside.stdout]).toEqual([3, '']);
  expect(beside.stderr).toContain(UNDER_WAY);
  await stack.kill('host', 'SIGTERM');
  await stack.start('host', { RECONCILE_SCHEDULE: '0 0 3 29 2 *' });
  await goOn();
});

test('all of these runs have ended, once each, and every invariant holds', async () => {
  await eventually(
    'all runs have ended',
    async () =>
      (await stack.isQueueEmpty()) && (await on.claims()).every(({ state }) => state === 'closed'),
  );
  expect(await holderOfLease()).toBeUndefined();
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
});
