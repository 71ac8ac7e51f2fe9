import type { ServiceBusClient } from '@azure/service-bus';
import { CliError } from '../../../cli/print';
import { busFailure, peekDeadLetters, withBus, withClient } from '../../../cli/service-bus';
import type { Connection } from '../../../cli/connection';
import { deadLetterReport } from '../../../shared/reports/dead-letters';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { next, startTestBus, type TestBus } from '../../simulators/service-bus/setup';
import { bytesOf, joinerEvent, SOURCE } from '../../support/events';

const QUEUE = 'letters';

let setup: TestBus;
beforeAll(async () => {
  setup = await startTestBus({ [QUEUE]: {} });
});
afterAll(() => setup.close());

const connectionOf = (serviceBus: string) => ({ serviceBus }) as Connection;
/** With the policy of a name: its rights are those of a role. */
const as = (policy: string): string =>
  setup.bus.connectionString.replace(/SharedAccessKeyName=[^;]+/, `SharedAccessKeyName=${policy}`);
const failureOf = (act: Promise<unknown>): Promise<Error> =>
  act.then(
    () => Promise.reject(new Error('nothing failed')),
    (error: unknown) => error as Error,
  );

const LACKS_ROLE = 'You lack a role for this: docs/permissions.md';

describe('a command that uses the queue', () => {
  const peek = (client: ServiceBusClient, queue = QUEUE) => peekDeadLetters(client, queue, 1);

  test('closes its client also when it fails, and keeps a failure that says what to do', async () => {
    for (const failure of [new CliError('give one of both', 2), new StoreUnavailable('away')]) {
      let used: ServiceBusClient | undefined;
      const act = (client: ServiceBusClient) => {
        used = client;
        return Promise.reject(failure);
      };
      expect(await failureOf(withBus(connectionOf(as('NoRights')), act))).toBe(failure);
      expect(() => used?.createSender(QUEUE)).toThrow(/closed/);
    }
  });

  test('and that the bus refuses fails with the role that is missing, where it is one', async () => {
    const [refused, absent] = await Promise.all([
      failureOf(withBus(connectionOf(as('SendOnly')), (client) => peek(client))),
      failureOf(
        withBus(connectionOf(setup.bus.connectionString), (client) => peek(client, 'absent')),
      ),
    ]);
    for (const failure of [refused, absent]) {
      expect(failure).toBeInstanceOf(CliError);
      expect(failure.message).toMatch(/^Service Bus failed: ./);
    }
    expect(refused.message).toContain(LACKS_ROLE);
    expect(absent.message).not.toContain(LACKS_ROLE);
  });

  test('answers what it did with the client', async () => {
    expect(await withClient(setup.bus.connectionString, (client) => peek(client))).toEqual([]);
  });
});

test.each<[string, unknown, string]>([
  ['of a sender without a role', { code: 'UnauthorizedAccess' }, LACKS_ROLE],
  [
    'of several tries, by the last one',
    new AggregateError([new Error('first'), new Error('last')]),
    'last',
  ],
  ['without a text', new AggregateError([new Error('')]), 'it does not answer'],
  ['of no try', new AggregateError([]), 'undefined'],
  ['that is no error', 'detached', 'detached'],
])('a failure %s is told in a sentence', (_, error, part) => {
  const text = busFailure(error);
  expect(text).toMatch(/^Service Bus failed: ./);
  expect(text).toContain(part);
});

describe('dead letters', () => {
  /** A client goes on with its peeks where it stopped. */
  const read = (limit: number) =>
    withClient(setup.bus.connectionString, (client) => peekDeadLetters(client, QUEUE, limit));
  const event = joinerEvent('W-1', { id: 'body-1' });

  beforeAll(async () => {
    const sender = setup.client.createSender(QUEUE);
    const receiver = setup.client.createReceiver(QUEUE);
    for (const message of [
      { body: event, bodyType: 'value' as const },
      { body: [JSON.stringify(event)], bodyType: 'sequence' as const },
      { body: Buffer.from(bytesOf(event)), bodyType: 'data' as const },
    ]) {
      await sender.sendMessages(message);
      await receiver.deadLetterMessage(await next(receiver));
    }
    await Promise.all([sender.close(), receiver.close()]);
  });

  test('are read by their body type as the app reads it, and keep their place', async () => {
    const letters = await read(10);
    const nothingKnown = { refusalOf: () => Promise.resolve(undefined) };
    const lines = await deadLetterReport(letters, nothingKnown, [SOURCE]);
    expect(lines).toMatchObject([
      { bodyType: 'value', eventId: 'body-1', problem: undefined },
      { bodyType: 'sequence', eventId: undefined, problem: 'not-an-object' },
      { bodyType: 'data', eventId: 'body-1', problem: undefined },
    ]);
    // Nobody gave a reason.
    expect(letters.map(({ reason, description }) => [reason, description])).toEqual(
      letters.map(() => [undefined, undefined]),
    );
    expect(await read(10)).toEqual(letters);
  });

  test('are read from the oldest, and no more than asked for', async () => {
    const all = await read(10);
    const some = await read(2);
    expect(some).toEqual(all.slice(0, 2));
    const numbers = all.map(({ sequenceNumber }) => Number(sequenceNumber));
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  });
});
