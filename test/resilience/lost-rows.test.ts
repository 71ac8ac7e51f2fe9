import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { seeded } from '../support/seeded';
import { readTable } from '../support/tables';
import { collectEvidence } from './invariants/evidence';
import { violations } from './invariants/violations';
import { modelOf, tenantOf, workerId } from './model';
import { startProxiedStack, type ProxiedStack } from './proxies/proxied-stack';

const PEOPLE = 20;
const packages = ['one', 'two', 'three'];

let stack: ProxiedStack;

beforeAll(async () => {
  stack = await startProxiedStack({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms', SUPERVISE_SCHEDULE: '0 0 0 1 1 *' },
    files: {
      GRAPH_TENANT: tenantOf(PEOPLE),
      ACCESS_MODEL: modelOf(
        packages.map((key) => ({ key, catalog: 'catalog' })),
        [{ id: 'rule', department: 'Sales', packages }],
      ),
    },
  });
});
afterAll(() => stack.stop());

test('rows that are written while their answers are lost end no step and no run, whichever step writes next', async () => {
  const random = seeded(7);
  let faults = 100;
  stack.tap.intercept(({ to, what }) => {
    if (to !== 'tables' || !/^POST \S*\/audit$/.test(what)) return undefined;
    const dice = random.between(1, 6);
    if (dice > 2 || faults === 0) return undefined;
    faults -= 1;
    return { kind: dice === 1 ? 'cut-before' : 'cut-after' };
  });
  const sent = Array.from({ length: PEOPLE }, (_, n) =>
    joinerMessage(workerId(n), { department: 'Sales' }),
  );
  await stack.send(sent.map(({ body }) => body));
  const closings = await eventually(
    'every event is closed',
    async () => {
      const rows = await readTable(stack.storage, 'audit', `kind eq 'closing'`);
      return rows.length === PEOPLE && rows;
    },
    { seconds: 200, details: () => stack.log.slice(-20).join('\n') },
  );
  stack.tap.intercept();
  expect(new Set(closings.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']));
  await eventually('no lock is held', async () => {
    const locks = await readTable(stack.storage, 'workers', `RowKey eq 'lock'`);
    return locks.every(({ holder }) => holder === undefined) && (await stack.isQueueEmpty());
  });
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}, 260_000);
