import { messageOf } from '../support/events';
import { collectEvidence } from '../resilience/invariants/evidence';
import { readTable } from '../support/tables';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { startStack, type TestStack } from '../support/test-stack';

const EVENTS = Array.from({ length: 20 }, (_, n) => joinerEvent(`W-${1100 + n}`));

let stack: TestStack;
beforeAll(async () => {
  // What a kill has lost is recovered and retried within seconds.
  stack = await startStack({ env: { RECOVERY_DELAY: '5s', CALL_PATIENCE: '2m' } });
});
afterAll(() => stack.stop());

const claims = () => readTable(stack.storage, 'claims', "RowKey eq 'claim'");

test('the host and then the bus are killed with 20 events in flight: each event ends once, and nothing exists twice', async () => {
  await stack.send(EVENTS);
  await eventually('some have started', async () => (await claims()).length >= 5);
  await stack.kill('host');
  await stack.start('host');
  await eventually('some have gone on', async () => (await claims()).length >= 12);
  await stack.kill('service-bus');
  await stack.start('service-bus');

  const closed = await eventually(
    'all are closed',
    async () => {
      const rows = await claims();
      return rows.filter(({ state }) => state === 'closed').length === 20 ? rows : undefined;
    },
    { seconds: 90 },
  );
  expect(closed.map(({ outcome }) => outcome)).toEqual(EVENTS.map(() => 'delivered'));
  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent: EVENTS.map(messageOf) })).toEqual([]);
  expect(evidence.graph.accessPackages).toHaveLength(1);
  expect(evidence.graph.policies).toHaveLength(1);
  expect(evidence.graph.requests).toHaveLength(20);
}, 120_000);
