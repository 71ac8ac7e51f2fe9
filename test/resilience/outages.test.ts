import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../support/eventually';
import { joinerMessage, type TestMessage } from '../support/events';
import { readTable } from '../support/tables';
import { collectEvidence } from './invariants/evidence';
import { violations } from './invariants/violations';
import { modelOf, tenantOf, workerId } from './model';
import { startProxiedStack, type ProxiedStack } from './proxies/proxied-stack';
import type { Call } from './proxies/tap';

/** One second here is 150 in production: ten minutes last four seconds. */
const SCALE = 150;
const OUTAGE_MS = (10 * 60_000) / SCALE;
const scaled = (seconds: number): string => `${(1000 * seconds) / SCALE}ms`;

const MINUTE = 60;
const HOUR = 3600;
/** The default settings at that scale. The queue allows as many deliveries as in production. */
const settings = {
  INTAKE_HOLD: scaled(4 * MINUTE),
  CALL_PATIENCE: scaled(6 * HOUR),
  RECOVERY_DELAY: scaled(10 * MINUTE),
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

let stack: ProxiedStack;
const sent: TestMessage[] = [];
beforeAll(async () => {
  const files = { ACCESS_MODEL: model, GRAPH_TENANT: tenantOf(2 * EACH * outages.length) };
  stack = await startProxiedStack({ env: settings, files });
});
afterAll(() => stack.stop());

async function sendSome(department: Outage): Promise<TestMessage[]> {
  const more = Array.from({ length: EACH }, (_, n) =>
    joinerMessage(workerId(sent.length + n), { department }),
  );
  sent.push(...more);
  await stack.send(more.map(({ body }) => body));
  return more;
}

const claims = () => readTable(stack.storage, 'claims', "RowKey eq 'claim'");
const closed = async (): Promise<string[]> =>
  (await claims())
    .filter(({ state }) => state === 'closed')
    .map(({ partitionKey }) => partitionKey);

const isAudit = ({ what }: Call): boolean => /\/audit(Index)?\b/.test(what);
const cut = { kind: 'cut-before' } as const;

function setOutage(outage: Outage, isDown: boolean): void {
  if (outage === 'Service Bus') stack.setDown('bus', isDown);
  else if (outage === 'Microsoft Graph') stack.setDown('graph', isDown);
  else {
    const ofAudit = outage === 'audit tables';
    stack.tap.intercept((call) =>
      isDown && call.to === 'tables' && isAudit(call) === ofAudit ? cut : undefined,
    );
  }
}

test.each(outages)(
  '%s is unavailable for ten minutes: new events wait, nothing is dead-lettered, and the backlog drains',
  async (outage) => {
    const before = (await closed()).length;
    await sendSome(outage);
    await eventually('some runs have started', async () => (await claims()).length > before);
    setOutage(outage, true);
    const late = (await sendSome(outage)).map(({ eventHash }) => eventHash);
    await wait(OUTAGE_MS);
    expect((await closed()).filter((eventHash) => late.includes(eventHash))).toEqual([]);
    setOutage(outage, false);

    await eventually(
      'the backlog has drained',
      async () => (await closed()).length === sent.length,
    );
    const evidence = await collectEvidence(stack);
    expect(evidence.deadLetters).toEqual([]);
    expect(violations(evidence, { sent })).toEqual([]);
    const ended = evidence.tables.claims.filter(({ rowKey }) => rowKey === 'claim');
    expect(ended.filter(({ outcome }) => outcome !== 'delivered')).toEqual([]);
  },
  60_000,
);
