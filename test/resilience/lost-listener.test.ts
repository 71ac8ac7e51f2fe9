import { eventually } from '../support/eventually';
import { joinerMessage, type TestMessage } from '../support/events';
import { readTable } from '../support/tables';
import { collectEvidence } from './invariants/evidence';
import { violations } from './invariants/violations';
import { modelOf, tenantOf, workerId } from './model';
import { startProxiedStack, type ProxiedStack } from './proxies/proxied-stack';
import type { Fault } from './proxies/tap';

const EACH = 6;
const model = modelOf(
  [{ key: 'package', catalog: 'catalog' }],
  [{ id: 'rule', department: 'Department', packages: ['package'] }],
);

let stack: ProxiedStack;
const sent: TestMessage[] = [];
beforeAll(async () => {
  stack = await startProxiedStack({
    env: { GRAPH_LAG: '300ms', POLL_SCHEDULE: '100ms 200ms 500ms' },
    files: { ACCESS_MODEL: model, GRAPH_TENANT: tenantOf(3 * EACH) },
  });
});
afterAll(() => stack.stop());

async function sendSome(): Promise<void> {
  const more = Array.from({ length: EACH }, (_, n) =>
    joinerMessage(workerId(sent.length + n), { department: 'Department' }),
  );
  sent.push(...more);
  await stack.send(more.map(({ body }) => body));
}

/** The faults hit the first calls of that name, one each. */
function inject(what: string, ...faults: Fault[]): void {
  stack.tap.intercept((call) => (call.what === what ? faults.shift() : undefined));
}

/** Shorter than the minute that the SDK's own recovery takes. */
const SOON = { seconds: 45 };

async function allEnd(): Promise<void> {
  await eventually(
    'all events are closed and the queue is empty',
    async () => {
      const claims = await readTable(stack.storage, 'claims', "RowKey eq 'claim'");
      const closed = claims.filter(({ state }) => state === 'closed').length;
      return closed === sent.length && (await stack.isQueueEmpty());
    },
    { ...SOON, details: () => stack.log.slice(-20).join('\n') },
  );
  stack.tap.intercept();
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}

test('the bus is killed, and three connections after it are lost before the answer to their token: events are taken in at once', async () => {
  const cut = { kind: 'cut-before' } as const;
  inject('authorize', cut, cut, cut);
  await stack.kill('service-bus');
  await stack.start('service-bus');
  await sendSome();
  await allEnd();
}, 90_000);

test('a connection goes silent as it brings a message: the listener is renewed, and each event ends once', async () => {
  inject('deliver', { kind: 'silence' });
  await sendSome();
  await allEnd();
  expect(stack.log).toContainEqual(expect.stringMatching(/Service Bus, no answer from the bus/));
}, 90_000);

test('a diagnosis shows the queue at the bus and the listener in the host', async () => {
  stack.signal('host', 'SIGUSR2');
  stack.signal('service-bus', 'SIGUSR2');
  const state = (part: string, text: string) =>
    eventually(`a state line of ${part}`, () =>
      stack.log.some((line) => line.startsWith(`${part}: state: `) && line.includes(text)),
    );
  await state('host', '"slots":"0 of 64"');
  await state('service-bus', '"receivers":[{"name":');
});
