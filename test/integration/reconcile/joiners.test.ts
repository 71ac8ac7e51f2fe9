import { callActivity } from '../runs/drive-run';
import type { ChangeModel } from '../runs/process';
import { openTenant, type Tenant } from './tenant';

/* Joiners whose events come or whose runs end between any two steps of a run: real tables, real HTTP to the simulator. */

/** Sales gives the only package. What is wrongly missing would be asked for. */
const model: ChangeModel = ({ birthrights, accessPackages, ...sample }) => ({
  ...sample,
  reconcile: { missing: 'repair', taken: 'repair' },
  accessPackages: accessPackages.filter(({ key }) => key === 'sales'),
  birthrights: birthrights.flatMap((rule) =>
    rule.id === 'sales-staff' ? [{ ...rule, packages: ['sales'] }] : [],
  ),
});

const [PEOPLE, JOINED] = [30, 1];

let tenant: Tenant;
beforeAll(async () => {
  tenant = await openTenant(PEOPLE, model, {}, () => 'Sales', JOINED);
}, 300_000);
afterAll(() => tenant.stop());

jest.setTimeout(300_000);

/** Drives a run, before each of whose steps somebody does something. Answers it with the steps. */
const between = (act: (step: number) => Promise<void>) => {
  let step = 0;
  return tenant.reconcile({
    startAt: new Date(),
    perform: async (process, call) => {
      await act(step);
      step += 1;
      return callActivity(process, call);
    },
  });
};

test('who joins and is given access between any two steps of a run is not named by it', async () => {
  const run = await between(async (step) => (await tenant.begins(JOINED + step))());
  expect(run.activities.length).toBeGreaterThan(10);
  expect(run.named).toEqual([]);
});
