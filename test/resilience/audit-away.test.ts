import { eventually } from '../end-to-end/eventually';
import { joined, type Sent } from './events';
import { gather, readTable } from './evidence';
import { violations } from './invariants';
import { modelOf, tenantOf, workerId } from './model';
import type { Call } from './proxies/tap';
import { startWorld, type World } from './world';

let world: World;
const sent: Sent[] = [];

beforeAll(async () => {
  world = await startWorld({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '500ms', SUPERVISE_SCHEDULE: '0 0 0 1 1 *' },
    files: {
      GRAPH_TENANT: tenantOf(10),
      ACCESS_MODEL: modelOf(
        [{ key: 'package', catalog: 'catalog' }],
        [{ id: 'rule', department: 'Sales', packages: ['package'] }],
      ),
    },
  });
});
afterAll(() => world.stop());

async function send(people: number): Promise<void> {
  const events = Array.from({ length: people }, (_, n) =>
    joined({ workerId: workerId(sent.length + n), attributes: { department: 'Sales' } }),
  );
  sent.push(...events);
  await world.send(events);
}

const touchesAudit = ({ to, what }: Call): boolean => to === 'tables' && /\/audit/i.test(what);
const isWrite = ({ to, what }: Call): boolean => to === 'graph' && !what.startsWith('GET ');

const tries = () => world.tap.seen().filter(touchesAudit).length;
const closings = async () => (await readTable(world.storage, 'audit', `kind eq 'closing'`)).length;

/** All that was sent is at its end: closed, looked after by nobody, its turn given back, its message gone. */
const ended = () =>
  eventually(`the end of ${sent.length} events`, async () => {
    const claims = await readTable(world.storage, 'claims', `RowKey eq 'claim'`);
    const turns = await readTable(world.storage, 'workers', `RowKey eq 'turn'`);
    const isOver =
      claims.filter(({ state }) => state === 'closed').length === sent.length &&
      turns.every(({ holder }) => holder === undefined) &&
      (await readTable(world.storage, 'due')).length === 0;
    return isOver && (await world.isIdle()) ? true : undefined;
  });

test('without the audit nothing is written to Graph for new events; with it again, every row is there in order', async () => {
  world.tap.watch((call) => (touchesAudit(call) ? { kind: 'cut-before' } : undefined));
  await send(3);
  await eventually('each has tried for its first row, twice', () =>
    Promise.resolve(tries() >= 6 || undefined),
  );
  expect(world.tap.seen().filter(isWrite)).toEqual([]);
  expect(await readTable(world.storage, 'audit')).toEqual([]);

  world.tap.watch();
  await ended();
  expect(violations(await gather(world), { sent })).toEqual([]);
}, 90_000);

test('access that is delivered while the audit is away is called so only once its row stands', async () => {
  const goneSince = await closings();
  world.tap.watch((call) =>
    // From the request on: what was intended stands, what comes of it cannot be told.
    touchesAudit(call) && world.tap.seen().some(isWrite) ? { kind: 'cut-before' } : undefined,
  );
  await send(1);
  const requested = await eventually('the request is made', () =>
    Promise.resolve(world.tap.seen().findIndex(isWrite) + 1 || undefined),
  );
  await eventually('its row was tried twice', () =>
    Promise.resolve(
      world.tap.seen().slice(requested).filter(touchesAudit).length >= 2 || undefined,
    ),
  );
  expect(await closings()).toBe(goneSince);
  const claims = await readTable(world.storage, 'claims', `RowKey eq 'claim'`);
  expect(claims.filter(({ state }) => state === 'started')).toHaveLength(1);

  world.tap.watch();
  await ended();
  expect(violations(await gather(world), { sent })).toEqual([]);
}, 90_000);
