import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../end-to-end/eventually';
import { joined, type Sent } from './events';
import { gather, readTable } from './evidence';
import { violations } from './invariants';
import { modelOf, tenantOf, workerId } from './model';
import type { Call } from './proxies/tap';
import { startWorld, type World } from './world';

/** A second here stands for 150 in production: ten minutes last four seconds. */
const SCALE = 150;
const OUTAGE_MS = (10 * 60_000) / SCALE;
const scaled = (seconds: number): string => `${(1000 * seconds) / SCALE}ms`;

const MINUTE = 60;
const HOUR = 3600;
/** The defaults of README.md at that scale. The queue takes as many deliveries as in production. */
const settings = {
  INTAKE_HOLD: scaled(4 * MINUTE),
  CALL_PATIENCE: scaled(6 * HOUR),
  LOOK_AFTER: scaled(10 * MINUTE),
  SUPERVISE_SCHEDULE: '* * * * * *',
  GRAPH_DEADLINE: '1s',
  GRAPH_LAG: '300ms',
  POLL_SCHEDULE: '100ms 200ms 500ms',
};

const EACH = 6;
const outages = ['Service Bus', 'records tables', 'audit tables', 'Microsoft Graph'] as const;
type Outage = (typeof outages)[number];

const model = modelOf(
  outages.map((_, n) => ({ key: `package-${n}`, catalog: 'catalog' })),
  outages.map((name, n) => ({ id: `rule-${n}`, department: name, packages: [`package-${n}`] })),
);

let world: World;
const sent: Sent[] = [];
beforeAll(async () => {
  const files = { ACCESS_MODEL: model, GRAPH_TENANT: tenantOf(2 * EACH * outages.length) };
  world = await startWorld({ env: settings, files });
});
afterAll(() => world.stop());

async function sendSome(department: Outage): Promise<Sent[]> {
  const more = Array.from({ length: EACH }, (_, n) =>
    joined({ workerId: workerId(sent.length + n), attributes: { department } }),
  );
  sent.push(...more);
  await world.send(more);
  return more;
}

const claims = () => readTable(world.storage, 'claims', "RowKey eq 'claim'");
const closed = async (): Promise<string[]> =>
  (await claims())
    .filter(({ state }) => state === 'closed')
    .map(({ partitionKey }) => partitionKey);

const isAudit = ({ what }: Call): boolean => /\/audit(Index)?\b/.test(what);
const cut = { kind: 'cut-before' } as const;

function takeAway(outage: Outage, isDown: boolean): void {
  if (outage === 'Service Bus') world.down('bus', isDown);
  else if (outage === 'Microsoft Graph') world.down('graph', isDown);
  else {
    const ofAudit = outage === 'audit tables';
    world.tap.watch((call) =>
      isDown && call.to === 'tables' && isAudit(call) === ofAudit ? cut : undefined,
    );
  }
}

test.each(outages)(
  '%s is away for ten minutes: what comes meanwhile waits, nothing is dead-lettered, and the backlog drains',
  async (outage) => {
    const before = (await closed()).length;
    await sendSome(outage);
    await eventually('some runs are under way', async () =>
      (await claims()).length > before ? true : undefined,
    );
    takeAway(outage, true);
    const late = (await sendSome(outage)).map(({ eventHash }) => eventHash);
    await wait(OUTAGE_MS);
    expect((await closed()).filter((eventHash) => late.includes(eventHash))).toEqual([]);
    takeAway(outage, false);

    const evidence = await eventually('the backlog has drained', async () => {
      if ((await closed()).length < sent.length) return undefined;
      const found = await gather(world);
      return found.queue.length === 0 ? found : undefined;
    });
    expect(evidence.deadLetters).toEqual([]);
    expect(violations(evidence, { sent })).toEqual([]);
    const ends = evidence.tables.claims.filter(({ rowKey }) => rowKey === 'claim');
    expect(ends.filter(({ outcome }) => outcome !== 'delivered')).toEqual([]);
  },
  60_000,
);
