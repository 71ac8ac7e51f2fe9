import { joinerMessage } from '../../support/events';
import { claim } from '../runs/drive-run';
import type { ChangeModel } from '../runs/process';
import { openTenant, type Tenant } from './tenant';

/* Who is left to a run of their own, and who is never repaired: real tables, real HTTP, a virtual clock. */

const repairing: ChangeModel = (sample) => ({ ...sample, reconcile: { missing: 'repair' } });
/** They have joined one after another, and each has lost Sales. */
const [FIRST, SECOND] = ['W-1021', 'W-1022'];
const RECENT_MS = 15 * 60_000;

let tenant: Tenant;
beforeAll(async () => {
  tenant = await openTenant(6, repairing);
  for (const id of [FIRST, SECOND]) await tenant.lose(id, 'Sales');
}, 300_000);
afterAll(() => tenant.stop());

jest.setTimeout(120_000);

const acceptedAt = async (workerId: string): Promise<number> => {
  const [fact] = await tenant.start().services.workers.facts(workerId);
  return Date.parse(fact?.acceptedAt ?? '');
};
const missing = (id: string, remedy = 'repair') => `missing sales ${id} ${remedy}`;

test('a fact is left to its own run for 15 minutes, and not for a millisecond more; who is skipped is counted', async () => {
  const [first, second] = [await acceptedAt(FIRST), await acceptedAt(SECOND)];
  expect(second).toBeGreaterThan(first);
  const early = await tenant.reconcile({ startAt: new Date(first + RECENT_MS - 1) });
  expect(early.report?.skipped).toEqual({ runOpen: 0, recentFact: 6, excluded: 0 });
  expect([early.named, early.permits]).toEqual([[], []]);
  const dry = { options: { dryRun: true } };
  const due = await tenant.reconcile({ ...dry, startAt: new Date(first + RECENT_MS) });
  expect(due.report?.skipped).toEqual({ runOpen: 0, recentFact: 5, excluded: 0 });
  expect(due.named).toEqual([missing(FIRST)]);
});

test('an excluded person is compared, counted and only reported', async () => {
  const exclusions = { workerIds: [FIRST], objectIds: [] };
  const { named, permits, report } = await tenant.reconcile({ exclusions });
  expect(named).toEqual([missing(FIRST, 'report'), missing(SECOND)]);
  expect(permits).toEqual([`grant sales ${SECOND}`]);
  expect(report?.skipped).toEqual({ runOpen: 0, recentFact: 0, excluded: 1 });
});

test('whose run is open is skipped and counted, whatever they lack', async () => {
  const attributes = { department: 'Sales', workerType: 'employee' };
  await claim(tenant.start(), joinerMessage(FIRST, attributes, { id: 'another-event' }));
  const { named, report } = await tenant.reconcile({ options: { dryRun: true } });
  expect(named).toEqual([missing(SECOND)]);
  expect(report?.skipped).toEqual({ runOpen: 1, recentFact: 0, excluded: 0 });
});
