import { eventually } from '../support/eventually';
import { joinerMessage, type TestMessage } from '../support/events';
import { readTable } from '../support/tables';
import { collectEvidence } from './invariants/evidence';
import { violations } from './invariants/violations';
import { modelOf, tenantOf, workerId } from './model';
import { startProxiedStack, type ProxiedStack } from './proxies/proxied-stack';
import type { Call } from './proxies/tap';

let stack: ProxiedStack;
const sent: TestMessage[] = [];

beforeAll(async () => {
  stack = await startProxiedStack({
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
afterAll(() => stack.stop());

async function send(people: number): Promise<void> {
  const events = Array.from({ length: people }, (_, n) =>
    joinerMessage(workerId(sent.length + n), { department: 'Sales' }),
  );
  sent.push(...events);
  await stack.send(events.map(({ body }) => body));
}

const touchesAudit = ({ to, what }: Call): boolean => to === 'tables' && /\/audit/i.test(what);
const isWrite = ({ to, what }: Call): boolean => to === 'graph' && !what.startsWith('GET ');

const auditCalls = () => stack.tap.calls().filter(touchesAudit).length;
const closings = async () => (await readTable(stack.storage, 'audit', `kind eq 'closing'`)).length;

/** Waits until every event is closed, nothing is due, no worker lock is held and the queue is empty. */
const allEnded = () =>
  eventually(`the end of ${sent.length} events`, async () => {
    const claims = await readTable(stack.storage, 'claims', `RowKey eq 'claim'`);
    const locks = await readTable(stack.storage, 'workers', `RowKey eq 'lock'`);
    const isOver =
      claims.filter(({ state }) => state === 'closed').length === sent.length &&
      locks.every(({ holder }) => holder === undefined) &&
      (await readTable(stack.storage, 'due')).length === 0;
    return isOver && (await stack.isQueueEmpty());
  });

test('while the audit is unavailable, new events write nothing to Graph; afterwards every row exists, in order', async () => {
  stack.tap.intercept((call) => (touchesAudit(call) ? { kind: 'cut-before' } : undefined));
  await send(3);
  await eventually('each event has tried twice to write its first row', () => auditCalls() >= 6);
  expect(stack.tap.calls().filter(isWrite)).toEqual([]);
  expect(await readTable(stack.storage, 'audit')).toEqual([]);

  stack.tap.intercept();
  await allEnded();
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}, 90_000);

test('access that is delivered while the audit is unavailable counts as delivered only when its row is written', async () => {
  const before = await closings();
  stack.tap.intercept((call) =>
    // From the request on: the intended row exists, the settled one cannot be written.
    touchesAudit(call) && stack.tap.calls().some(isWrite) ? { kind: 'cut-before' } : undefined,
  );
  await send(1);
  const requested = await eventually(
    'the request is submitted',
    () => stack.tap.calls().findIndex(isWrite) + 1 || undefined,
  );
  await eventually(
    'the write of its settled row has failed twice',
    () => stack.tap.calls().slice(requested).filter(touchesAudit).length >= 2,
  );
  expect(await closings()).toBe(before);
  const claims = await readTable(stack.storage, 'claims', `RowKey eq 'claim'`);
  expect(claims.filter(({ state }) => state === 'started')).toHaveLength(1);

  stack.tap.intercept();
  await allEnded();
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}, 90_000);
