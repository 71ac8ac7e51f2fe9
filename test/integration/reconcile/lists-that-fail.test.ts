import type { ChangeModel } from '../runs/process';
import { callActivity } from '../runs/drive-run';
import { openSimulator, openTenant, type Tenant } from './tenant';

/* What a whole run makes of lists that fail or cannot be true: real HTTP to the simulator, real tables, a virtual clock. */

/** Sales gives two packages. What is missing or was taken is repaired. */
const model: ChangeModel = ({ birthrights, ...sample }) => ({
  ...sample,
  reconcile: { missing: 'repair', taken: 'repair', 'extra-ours': 'repair' },
  birthrights: birthrights.map((rule) =>
    rule.id === 'sales-staff' ? { ...rule, packages: ['sales', 'finance'] } : rule,
  ),
});

/** With these each package has five pages. */
const [PEOPLE, PAGE] = [15, 3];
/** Whoever has lost one of the two packages. */
const [WITHOUT_SALES, WITHOUT_FINANCE] = ['W-1021', 'W-1022'];
const REPAIR_OF_FINANCE = [`grant finance ${WITHOUT_FINANCE}`];

let tenant: Tenant;
let sales = '';
let thirdPage = '';
beforeAll(async () => {
  tenant = await openTenant(PEOPLE, model, { pageSize: PAGE });
  sales = await tenant.packageId('Sales');
  await tenant.lose(WITHOUT_SALES, 'Sales');
  await tenant.lose(WITHOUT_FINANCE, 'Finance');
  const { graph } = tenant.simulator;
  const first = await graph.assignmentsPage(sales);
  const second = await graph.assignmentsPage(sales, first.next);
  thirdPage = new URL(second.next ?? '').searchParams.get('$skiptoken') ?? '';
}, 300_000);
afterAll(() => tenant.stop());
afterEach(() => tenant.control('DELETE', 'faults'));

jest.setTimeout(120_000);

/** The third page of the holders of Sales. */
const page3 = () => ({
  ...{ method: 'GET', path: '/assignments$' },
  query: `${sales}.*skiptoken=${thirdPage}(&|$)`,
});
const scopeOfSales = (scopes: string[] | undefined): string | undefined =>
  scopes?.find((scope) => scope.startsWith('sales '));

test('without a fault all lists are read whole, and both people are asked for', async () => {
  const { permits, exitCode, scopes } = await tenant.reconcile();
  expect(scopes?.filter((scope) => !scope.endsWith(' complete'))).toEqual([]);
  expect(permits).toEqual([...REPAIR_OF_FINANCE, `grant sales ${WITHOUT_SALES}`]);
  expect(exitCode).toBe(1);
});

describe('where page 3 of 5 of one package', () => {
  const answers: [string, object | string][] = [
    ['fails for good', { status: 400, code: 'BadRequest' }],
    ['fails however often it is tried', { status: 503, code: 'ServiceUnavailable' }],
    ['answers 403', { status: 403, code: 'UnAuthorized' }],
    ['is HTML', 'html'],
    ['has no value', 'no-value'],
    ['is cut off', 'truncate'],
  ];
  test.each(answers)(
    '%s: nothing is repaired in that package, the run is incomplete, and the others are repaired',
    async (_, answer) => {
      await tenant.simulator.injectFaults({ match: page3(), answer });
      const run = await tenant.reconcile();
      expect(scopeOfSales(run.scopes)).toMatch(/^sales incomplete [\w-]+$/);
      expect(run.scopes?.filter((scope) => / (incomplete|suspect) /.test(scope))).toHaveLength(1);
      expect(run.named).toEqual([`missing finance ${WITHOUT_FINANCE} repair`]);
      expect(run.permits).toEqual(REPAIR_OF_FINANCE);
      expect([run.closings, run.exitCode]).toEqual([['incomplete'], 3]);
    },
  );

  test('fails once, and its address has expired when the next process asks for it: the same', async () => {
    await tenant.simulator.injectFaults(
      { match: page3(), nth: 1, answer: { status: 503, code: 'ServiceUnavailable' } },
      { match: page3(), answer: { status: 410, code: 'Gone' } },
    );
    let isDead = false;
    const run = await tenant.reconcile({
      perform: async (process, call) => {
        const answer = (await callActivity(process, call)) as { outcome: { kind: string } };
        if (isDead || answer.outcome.kind !== 'later') return answer;
        isDead = true;
        return 'died';
      },
    });
    expect(run.lives).toBe(2);
    expect(scopeOfSales(run.scopes)).toMatch(/^sales incomplete [\w-]+$/);
    expect(run.permits).toEqual(REPAIR_OF_FINANCE);
    expect([run.closings, run.exitCode]).toEqual([['incomplete'], 3]);
  });
});

test('another tenant stops the run before a list is read: nothing is found, and nothing is repaired', async () => {
  const organization = { id: '50000000-0000-4000-8000-000000000002', displayName: 'Another' };
  const simulator = await openSimulator(1, {}, { organization });
  const run = await tenant.reconcile({ simulator });
  const lists = (await simulator.log()).filter(({ path }) => !path.endsWith('/organization'));
  await simulator.stop();
  expect(lists).toEqual([]);
  expect([run.reason, run.closings, run.exitCode]).toEqual(['other-tenant', ['incomplete'], 3]);
  expect([run.named, run.permits]).toEqual([[], []]);
});

describe('a list that was read whole and cannot be true', () => {
  const takeFrom = async (people: readonly string[]): Promise<void> => {
    for (const workerId of people) await tenant.take(workerId, 'Sales');
  };
  const holders = (): string[] => tenant.workerIds.filter((one) => one !== WITHOUT_SALES);

  test.each([
    ['has a third of its people', 'shrunk', 0, 10],
    ['has nobody', 'empty', 10, PEOPLE],
  ])(
    'because it %s: nothing is repaired in that package, and the others are repaired',
    async (_, why, from, to) => {
      await takeFrom(holders().slice(from, to));
      const run = await tenant.reconcile();
      expect(scopeOfSales(run.scopes)).toBe(`sales suspect ${why}`);
      const ofSales = run.named?.filter((one) => one.includes(' sales ')) ?? [];
      expect(ofSales).toHaveLength(Math.min(to, PEOPLE - 1) + 1);
      expect(ofSales.filter((one) => !one.endsWith(' none'))).toEqual([]);
      expect(run.permits).toEqual(REPAIR_OF_FINANCE);
      expect([run.closings, run.exitCode]).toEqual([['incomplete'], 3]);
    },
  );
});
