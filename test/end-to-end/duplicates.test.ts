import { ServiceBusClient } from '@azure/service-bus';
import { messageOf } from '../support/events';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { createClaims, type Claims } from '../../shared/storage/claims';
import { openTable } from '../../shared/storage/table';
import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { startStack, type TestStack } from '../support/test-stack';

const SENDERS = 5;
const EACH = 20;
const ALL = SENDERS * EACH;

const event = joinerEvent('W-1024', { id: 'sent-by-many' });
const sent = messageOf(event);
const { eventHash } = sent;

let stack: TestStack;
let claims: Claims;
beforeAll(async () => {
  stack = await startStack();
  claims = createClaims(openTable(stack.storage, 'claims'));
});
afterAll(() => stack.stop());

/** Each sender has its own connection and sends its messages one by one. */
async function sendFrom(senders: number, each: number): Promise<void> {
  const one = async (): Promise<void> => {
    const client = new ServiceBusClient(stack.serviceBus);
    const sender = client.createSender('provisioning-events');
    await Promise.all(Array.from({ length: each }, () => sender.sendMessages({ body: event })));
    await client.close();
  };
  await Promise.all(Array.from({ length: senders }, one));
}

/** The number of log lines of the intake for the event: one for each message. */
const lines = (what: 'started' | 'duplicate'): number =>
  stack.log.filter((line) => line.includes(`"what":"${what}"`) && line.includes(eventHash)).length;

/** Waits until every message has started the event or was counted as a duplicate. */
const allTaken = (messages: number) =>
  eventually('all messages are taken', async () => {
    const count = await claims.duplicates(eventHash);
    return lines('started') + count === messages ? count : undefined;
  });

async function expectOneOfEach(): Promise<void> {
  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent: [sent] })).toEqual([]);
  expect(evidence.graph.accessPackages).toHaveLength(1);
  expect(evidence.graph.requests).toHaveLength(1);
  expect(evidence.tables.audit.filter(({ kind }) => kind === 'closing')).toHaveLength(1);
  expect(evidence.tables.audit).toHaveLength(5);
}

const instance = () =>
  fetch(`${stack.hostUrl}/runtime/webhooks/durabletask/instances/${eventHash}-1?code=local`);

test('100 messages of one event from five senders at once: one package, one request, one closing row', async () => {
  await sendFrom(SENDERS, EACH);
  await eventually(
    'the event is closed',
    async () => (await claims.read(eventHash))?.state === 'closed',
  );
  expect(await allTaken(ALL)).toBe(lines('duplicate'));
  await expectOneOfEach();
}, 90_000);

test('the same event after its history was purged is only counted as a duplicate', async () => {
  const before = await claims.duplicates(eventHash);
  expect((await instance()).status).toBe(200);
  const purge = await fetch((await instance()).url, { method: 'DELETE' });
  expect(await purge.json()).toEqual({ instancesDeleted: 1 });
  expect((await instance()).status).toBe(404);

  await sendFrom(1, 3);
  expect(await allTaken(ALL + 3)).toBe(before + 3);
  expect((await instance()).status).toBe(404);
  await expectOneOfEach();
}, 60_000);
