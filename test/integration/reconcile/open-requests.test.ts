import type { ChangeModel } from '../runs/process';
import { openTenant, type Tenant } from './tenant';

/* What a run makes of requests that are open: real tables, real HTTP to the simulator, a virtual clock. */

/** Whoever is in Sales gets Finance and Sales, and whoever is in Finance gets Warehouse. */
const KEYS = ['finance', 'sales', 'warehouse'];
const model: ChangeModel = ({ birthrights, accessPackages, ...sample }) => ({
  ...sample,
  reconcile: { missing: 'repair', 'extra-ours': 'repair' },
  accessPackages: accessPackages.filter(({ key }) => KEYS.includes(key)),
  birthrights: birthrights.flatMap((rule) => {
    if (rule.id === 'sales-staff') return [{ ...rule, packages: ['finance', 'sales'] }];
    return rule.id === 'finance-staff' ? [{ ...rule, packages: ['warehouse'] }] : [];
  }),
});

const [WANTS, STRANGE, WAITS] = ['W-1021', 'W-1022', 'W-1023'];

let tenant: Tenant;
beforeAll(async () => {
  tenant = await openTenant(7, model, {}, (n) => (n === 6 ? 'Finance' : 'Sales'));
}, 300_000);
afterAll(() => tenant.stop());

jest.setTimeout(120_000);

type Planted = { id: string };
/** A request that somebody else made, and that stays open. */
const request = (employeeId: string, packageName: string, more: object = {}) =>
  tenant.control('POST', 'requests', { employeeId, packageName, ...more }) as Promise<Planted>;
const end = ({ id }: Planted, state: string) =>
  tenant.control('PATCH', `requests/${id}`, { state });
const named = async (...changes: Parameters<Tenant['reconcile']>) =>
  (await tenant.reconcile(...changes)).named;

test('what somebody else has asked for is waited for, as the plan does, and is missing once that was denied', async () => {
  await tenant.lose(WANTS, 'Finance');
  const asked = await request(WANTS, 'Finance', { requestType: 'userAdd' });
  expect(await named()).toEqual([]);
  await end(asked, 'denied');
  expect(await named()).toEqual([`missing finance ${WANTS} repair`]);
});

test('what somebody else has asked for and waits longer than the deadline is stuck', async () => {
  const asked = await request(WANTS, 'Finance');
  expect(await named({ timeouts: { delivery: 60 } })).toEqual([`stuck finance ${WANTS} report`]);
  await end(asked, 'canceled');
});

test('a request for what the model does not give is not access', async () => {
  const asked = await request(STRANGE, 'Warehouse');
  expect(await named()).toEqual([`missing finance ${WANTS} repair`]);
  await end(asked, 'canceled');
});

test('a request of ours that was canceled after its run is no longer waited for', async () => {
  const { holdings } = tenant.start().services;
  await tenant.take(WAITS, 'Sales');
  const asked = await request(WAITS, 'Sales');
  const own = (await holdings.of([WAITS])).find(({ packageKey }) => packageKey === 'sales');
  if (!own) throw new Error('no holding');
  const old = new Date(Date.now() - 3_600_000).toISOString();
  await holdings.save({
    ...{ ...own, assignmentId: undefined, state: 'requested', action: 'grant' },
    ...{ requestId: asked.id, updatedAt: old },
  });
  expect(await named()).toEqual([`missing finance ${WANTS} repair`]);
  await end(asked, 'canceled');
  expect(await named()).toContain(`missing sales ${WAITS} repair`);
});
