import { ServiceBusClient, type ServiceBusSender } from '@azure/service-bus';
import { message as amqp } from 'rhea';
import { eventually } from '../support/eventually';
import { joinerMessage, QUEUE, rejectedMessage, type TestMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { openAmqp } from '../simulators/service-bus/raw-amqp';
import { portOf } from '../simulators/service-bus/setup';

let stack: TestStack;
let client: ServiceBusClient;
const sent: TestMessage[] = [];

beforeAll(async () => {
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms' },
    files: {
      GRAPH_TENANT: tenantOf(20),
      ACCESS_MODEL: modelOf(
        [{ key: 'package', catalog: 'catalog' }],
        [{ id: 'rule', department: 'Sales', packages: ['package'] }],
      ),
    },
  });
  client = new ServiceBusClient(stack.serviceBus);
});
afterAll(async () => {
  await client.close();
  await stack.stop();
});

const textOf = ({ body }: TestMessage): string => body.toString('utf8');
const mapOf = (message: TestMessage): Record<string, unknown> =>
  JSON.parse(textOf(message)) as Record<string, unknown>;

function joiner(n: number): TestMessage {
  const message = joinerMessage(workerId(n), { department: 'Sales' });
  sent.push(message);
  return message;
}

type Sendable = Parameters<ServiceBusSender['sendMessages']>[0];

async function send(...messages: Sendable[]): Promise<void> {
  const sender = client.createSender(QUEUE);
  for (const message of messages) await sender.sendMessages(message);
  await sender.close();
}

const delivered = ({ eventHash }: TestMessage) =>
  eventually('the event is delivered', async () => {
    const [claim] = await readTable(stack.storage, 'claims', `PartitionKey eq '${eventHash}'`);
    return claim?.['outcome'] === 'delivered' ? claim : undefined;
  });

const rejectedRow = ({ bodyHash }: TestMessage) =>
  eventually('the message has a row', async () => {
    const rows = await readTable(stack.storage, 'audit', `kind eq 'rejected'`);
    return rows.find((row) => row['bodyHash'] === bodyHash);
  });

/** Runs the command as a person would, and answers what it prints as JSON. */
async function joinery(...args: string[]): Promise<unknown> {
  const { stdout, stderr } = await runCommand([...args, '--json'], {
    JOINERY_DATA_DIR: stack.dataDir,
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as unknown;
}

async function deadLetterOf({ bodyHash }: TestMessage) {
  const { deadLetters } = (await joinery('dead-letters')) as {
    deadLetters: Record<string, unknown>[];
  };
  return deadLetters.find((line) => line['bodyHash'] === bodyHash);
}

test('an event sent as an AMQP text or map is taken in like one sent as data', async () => {
  const [text, map, sections] = [joiner(0), joiner(1), joiner(2)];
  await send({ bodyType: 'value', body: textOf(text) }, { bodyType: 'value', body: mapOf(map) });
  const half = sections.body.length / 2;
  const raw = await openAmqp(portOf(stack.serviceBus));
  const parts = [sections.body.subarray(0, half), sections.body.subarray(half)];
  const body = amqp.data_sections(parts) as unknown;
  expect(await raw.sendTogether(QUEUE, [amqp.encode({ body })])).toEqual(['accepted']);
  await raw.close();
  for (const message of [text, map, sections]) await delivered(message);
});

test('an event sent as an AMQP sequence is refused with a row, and dead-letters and replay say the same', async () => {
  const event = mapOf(joinerMessage(workerId(3), { department: 'Sales' }));
  const refused = rejectedMessage(Buffer.from(JSON.stringify([event])));
  sent.push(refused);
  await send({ bodyType: 'sequence', body: [event] });
  expect(await rejectedRow(refused)).toMatchObject({ reason: 'not-an-object' });
  const line = await eventually('its dead letter', () => deadLetterOf(refused));
  expect(line).toMatchObject({ problem: 'not-an-object', bodyType: 'sequence' });
  const replay = await joinery('replay', '--by', 'alice', '--reason', 'INC-1', '--yes');
  expect(replay).toMatchObject({
    events: [{ action: 'leave', why: 'would be refused: not-an-object', result: 'left' }],
  });
});

test('an event sent as a map whose time is an AMQP timestamp is refused with a row that names the member', async () => {
  const event = mapOf(joinerMessage(workerId(4), { department: 'Sales' }));
  const time = new Date('2026-11-20T09:30:00Z');
  const written = { ...event, time: { $timestamp: time.getTime() } };
  const refused = rejectedMessage(Buffer.from(JSON.stringify(written)));
  sent.push(refused);
  await send({ bodyType: 'value', body: { ...event, time } });
  expect(await rejectedRow(refused)).toMatchObject({ reason: 'wrong-type: time' });
  const line = await eventually('its dead letter', () => deadLetterOf(refused));
  expect(line).toMatchObject({ problem: 'wrong-type', bodyType: 'value' });
});

test('a dead letter whose event is an AMQP text or map is replayed, and taken in', async () => {
  await stack.kill('host');
  const [text, map] = [joiner(5), joiner(6)];
  await send({ bodyType: 'value', body: textOf(text) }, { bodyType: 'value', body: mapOf(map) });
  const receiver = client.createReceiver(QUEUE);
  for (const message of await receiver.receiveMessages(2, { maxWaitTimeInMs: 30_000 })) {
    await receiver.deadLetterMessage(message, {
      deadLetterReason: 'tested',
      deadLetterErrorDescription: 'by a test',
    });
  }
  await receiver.close();
  await stack.start('host');
  for (const message of [text, map]) {
    expect(await deadLetterOf(message)).toMatchObject({ bodyType: 'value' });
  }
  const replay = await joinery(
    ...['replay', '--by', 'alice', '--reason', 'INC-2', '--cause', 'tested', '--yes'],
  );
  expect(replay).toMatchObject({ events: [{ result: 'replayed' }, { result: 'replayed' }] });
  for (const message of [text, map]) await delivered(message);
});

test('every message was taken in or refused, with its rows', async () => {
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
});
