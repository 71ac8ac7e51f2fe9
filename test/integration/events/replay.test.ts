import type { ServiceBusClient, ServiceBusMessage, ServiceBusReceiver } from '@azure/service-bus';
import { peekDeadLetters, replayQueue, withClient } from '../../../cli/service-bus';
import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import { eventHash } from '../../../shared/domain/events/keys';
import { readEvent } from '../../../shared/domain/events/read-event';
import { replayIdOf, replayMessage } from '../../../shared/domain/events/operator-request';
import { keepAttributes } from '../../../shared/domain/lifecycle/plan';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { replayEvents, type ReplayQueue, type ReplayRequest } from '../../../shared/events/replay';
import { createLedger, createLedgerReader } from '../../../shared/storage/audit';
import { createClaims } from '../../../shared/storage/claims';
import { bytesOf, joinerEvent, SOURCE } from '../../support/events';
import { openStorage, type Storage } from '../../support/storage';
import { next, nextOf, startTestBus, type TestBus } from '../../simulators/service-bus/setup';
import { aRule, parsedModel } from '../../unit/access-model/make-model';
import { entryOf } from '../storage/entries';

/* What a replay decides and does, with the real tables and a queue for each test. The command tests have its options. */

const QUEUES = [
  'lost',
  'removed',
  'named',
  'verdicts',
  'refused',
  'stored',
  'window',
  'mixed',
  'package',
  'bodies',
];
const WHO = { by: 'alice', reason: 'INC-1' };
const WHY = { deadLetterReason: 'tested', deadLetterErrorDescription: 'by a test' };
const AT = '2026-11-20T09:30:02.000Z';
/** Without a time, thirty days of closed events are searched. */
const lately = () => new Date(Date.now() - 3_600_000);

let storage: Storage;
let setup: TestBus;
beforeAll(async () => {
  const queues = Object.fromEntries(QUEUES.map((name) => [name, {}] as const));
  [storage, setup] = await Promise.all([openStorage(), startTestBus(queues)]);
});
afterAll(() => Promise.all([storage.close(), setup.close()]));

const bodyOf = (id: string, department = 'Finance') =>
  bytesOf(joinerEvent('W-1', { id, data: { attributes: { department } } }));

/** A request for the attempt after `attempt`, as an earlier replay sent it. */
const requestOf = (eventId: string, attempt: number) =>
  replayMessage({ eventSource: SOURCE, eventId, attempt }, WHO, new Date(AT));

/** Puts bodies into the dead letters of a queue, in this order. */
async function deadLetter(queue: string, ...bodies: Uint8Array[]): Promise<void> {
  const sender = setup.client.createSender(queue);
  const receiver = setup.client.createReceiver(queue);
  for (const body of bodies) {
    await sender.sendMessages({ body });
    await receiver.deadLetterMessage(await next(receiver), WHY);
  }
  await Promise.all([sender.close(), receiver.close()]);
}

/** A closed claim on the event of `bodyOf`, but for what a test changes. */
async function claimed(id: string, changes: Partial<Claim> = {}): Promise<string> {
  const read = readEvent(bodyOf(id), { sources: [SOURCE] });
  if (read.kind !== 'accepted') throw new Error('the event breaks the contract');
  await createClaims(storage.table('claims')).claim(read.eventHash, {
    ...{ state: 'closed', outcome: 'failed', contentHash: read.contentHash, attempt: 1 },
    fact: {
      ...{ eventId: id, eventSource: SOURCE, eventType: read.event.type, bodyHash: read.bodyHash },
      ...{ workerId: 'W-1', employmentId: 'E-1', startDate: '2026-11-23', timeZone: 'UTC' },
      ...{ occurredAt: AT, receivedAt: AT },
    },
    due: { partition: 'shard-1', key: 'k' },
    updatedAt: AT,
    ...changes,
  });
  return read.eventHash;
}

/** Each replay has a client of its own, as each command does: a client goes on with its peeks where it stopped. */
function replay(
  name: string,
  request: Partial<ReplayRequest> = {},
  change: (queue: ReplayQueue, client: ServiceBusClient) => ReplayQueue = (queue) => queue,
) {
  const stores = {
    claims: createClaims(storage.table('claims')),
    audit: createLedgerReader(storage.table('audit'), storage.table('auditIndex')),
  };
  const defaults = { ...WHO, limit: 50, attempts: 5, confirmed: false };
  return withClient(setup.bus.connectionString, (client) => {
    const queue = change(replayQueue(client, name), client);
    return replayEvents(stores, queue, [SOURCE], { ...defaults, ...request });
  });
}

const peeked = (queue: string, subQueueType?: 'deadLetter') =>
  withClient(setup.bus.connectionString, (client) =>
    client
      .createReceiver(queue, {
        skipParsingBodyAsJson: true,
        ...(subQueueType && { subQueueType }),
      })
      .peekMessages(100),
  );

/** A client that loses its receiver as soon as the queue has accepted a message. */
function losingReceiver(client: ServiceBusClient): ServiceBusClient {
  const receivers: ServiceBusReceiver[] = [];
  return {
    createReceiver: (...args: Parameters<ServiceBusClient['createReceiver']>) => {
      const receiver = client.createReceiver(...args);
      receivers.push(receiver);
      return receiver;
    },
    createSender: (queue: string) => ({
      sendMessages: async (message: ServiceBusMessage) => {
        await client.createSender(queue).sendMessages(message);
        await Promise.all(receivers.map((receiver) => receiver.close()));
      },
    }),
  } as unknown as ServiceBusClient;
}

test('a dead letter that cannot be completed after its copy was sent is reported, and has the same replay again', async () => {
  await deadLetter('lost', bodyOf('x-1'));
  const first = await replay('lost', { confirmed: true }, (_, client) =>
    replayQueue(losingReceiver(client), 'lost'),
  );
  expect(first).toMatchObject({
    isComplete: false,
    lines: [{ eventId: 'x-1', result: 'sent, but still a dead letter' }],
  });
  const replayId = first.lines[0]?.replayId;
  expect((await peeked('lost')).map(({ messageId }) => messageId)).toEqual([replayId]);
  expect(await peeked('lost', 'deadLetter')).toHaveLength(1);
  // The app takes the copy, so the same command would send no second one.
  await claimed('x-1', { state: 'started', replays: [`id:${String(replayId)}`] });
  expect((await replay('lost')).lines).toMatchObject([{ action: 'complete', replayId }]);
});

test('a dead letter that somebody removes after it was chosen is not found: no copy is sent, and the others are', async () => {
  await deadLetter('removed', bodyOf('r-1'), bodyOf('r-2'));
  const peekAndRemove = async ({ peek }: ReplayQueue, limit: number) => {
    const letters = await peek(limit);
    const other = setup.client.createReceiver('removed', { subQueueType: 'deadLetter' });
    await other.completeMessage(await next(other));
    await other.close();
    return letters;
  };
  const report = await replay('removed', { confirmed: true }, (queue) => ({
    ...queue,
    peek: (limit) => peekAndRemove(queue, limit),
  }));
  expect(report).toMatchObject({
    isComplete: false,
    lines: [
      { eventId: 'r-1', action: 'send', result: 'not found' },
      { eventId: 'r-2', action: 'send', result: 'replayed' },
    ],
  });
  const ids = (await peeked('removed')).map(({ body }) => /"id":"([^"]*)"/.exec(String(body))?.[1]);
  expect(ids).toEqual(['r-2']);
});

test('what the app would do with a dead letter is said of an event and of a request, and only the rest is sent', async () => {
  const hash = await claimed('v-late', { attempt: 3 });
  await claimed('v-twice');
  await claimed('v-seen', { replays: [`id:${replayIdOf(eventHash(SOURCE, 'v-seen'), 1)}`] });
  await claimed('v-worn', { attempt: 100 });
  await deadLetter(
    'verdicts',
    bodyOf('v-twice', 'CANARY'),
    requestOf('v-absent', 1),
    requestOf('v-late', 2),
    requestOf('v-late', 3),
    requestOf('v-seen', 1),
    bodyOf('v-worn'),
  );
  const { lines, isComplete } = await replay('verdicts', { attempts: 200 });
  expect(lines.map(({ eventId, action, why }) => [eventId, action, why])).toEqual([
    ['v-twice', 'leave', 'would be refused: id-reused'],
    ['v-absent', 'leave', 'would be refused: unknown-event'],
    ['v-late', 'leave', 'attempt 3 has run since'],
    ['v-late', 'send', 'ended as failed'],
    ['v-seen', 'complete', 'its copy was accepted before'],
    ['v-worn', 'leave', 'had 100 attempts'],
  ]);
  expect(lines[3]).toMatchObject({ eventHash: hash, attempt: 4, causes: ['failed'] });
  expect(JSON.stringify(lines)).not.toContain('CANARY');
  // Nothing was to be sent yet, and no event was named.
  expect(isComplete).toBe(true);
});

test('an event that is named and left makes the replay incomplete, and one among others does not', async () => {
  await deadLetter('named', bodyOf('n-1', 'Sales'));
  await claimed('n-1', { outcome: 'delivered' });
  const among = await replay('named', { confirmed: true });
  expect(among).toMatchObject({ isComplete: true, lines: [{ result: 'left' }] });
  const named = await replay('named', { confirmed: true, eventId: 'n-1' });
  expect(named).toMatchObject({
    isComplete: false,
    lines: [
      { why: 'would be refused: id-reused', result: 'left' },
      { why: 'ended as delivered, which is never run again', result: 'left' },
    ],
  });
  expect(await peeked('named')).toEqual([]);
  expect(await peeked('named', 'deadLetter')).toHaveLength(1);
});

const asking = (attribute: string): AccessModel =>
  parsedModel({ birthrights: [aRule('r', { attribute, equals: 'Finance' }, ['finance'])] });

test('an event of which the model asks for more than was stored is left, and sent from its body', async () => {
  const before = keepAttributes(asking('location'), { department: 'Finance' });
  await claimed('s-1', {
    content: {
      states: { kind: 'joined', startDate: '2026-11-23', attributes: before.attributes },
      ...{ acceptedAt: AT, unstored: before.unstored },
    },
  });
  const model = asking('department');
  const byId = await replay('stored', { eventId: 's-1', model });
  expect(byId.lines).toMatchObject([
    {
      action: 'leave',
      why: "the rules ask about department, which was not stored of this event: replay HR's body with --file",
    },
  ]);
  // Without the model the command cannot know.
  const blind = await replay('stored', { eventId: 's-1' });
  expect(blind.lines).toMatchObject([{ action: 'send', attempt: 2 }]);
  const fromBody = await replay('stored', { bodies: [bodyOf('s-1')], model });
  expect(fromBody.lines).toMatchObject([{ action: 'send', attempt: 2 }]);
  expect(fromBody.lines[0]).not.toHaveProperty('result');
  expect(await peeked('stored')).toEqual([]);
});

test('of two bodies, the one that the same person replayed for the same reason is left, until they have another', async () => {
  await claimed('b-1', { replays: ['why:INC-1/alice'] });
  const bodies = [bodyOf('b-1'), bodyOf('b-2')];
  const first = await replay('bodies', { bodies, confirmed: true });
  expect(first.isComplete).toBe(false);
  expect(first.lines.map(({ eventId, action, result }) => [eventId, action, result])).toEqual([
    ['b-1', 'leave', undefined],
    ['b-2', 'send', 'replayed'],
  ]);
  const again = await replay('bodies', {
    bodies: [bodyOf('b-1')],
    reason: 'INC-2',
    confirmed: true,
  });
  expect(again).toMatchObject({ isComplete: true, lines: [{ attempt: 2, result: 'replayed' }] });
  expect((await peeked('bodies')).map((message) => message.applicationProperties)).toEqual([
    { replayreason: 'INC-1', replayedby: 'alice' },
    { replayreason: 'INC-2', replayedby: 'alice' },
  ]);
});

test('a body that the app refused earlier is found by that refusal, as by the reason of its dead letter', async () => {
  const body = bodyOf('refused-1');
  const read = readEvent(body, { sources: [SOURCE] });
  const refused = { kind: 'rejected', state: 'rejected', outcome: 'rejected' } as const;
  const entry = {
    ...entryOf({ ...refused, reason: 'source-not-listed: source' }),
    bodyHash: read.bodyHash,
  };
  await createLedger(storage.table('audit'), storage.table('auditIndex')).reject(entry, AT);
  const broken = bytesOf(joinerEvent('W-1', { id: 'refused-3', data: { startDate: undefined } }));
  await deadLetter('refused', body, bodyOf('refused-2'), broken);
  const chosen = async (cause: string) =>
    (await replay('refused', { cause, since: lately() })).lines.map(({ eventId }) => eventId);
  expect(await chosen('source-not-listed')).toEqual(['refused-1']);
  expect(await chosen('tested')).toEqual(['refused-1', 'refused-2', 'refused-3']);
  // What it would be refused for now counts too, although the app never recorded it.
  expect(await chosen('missing-member')).toEqual(['refused-3']);
  expect(await chosen('nonsense')).toEqual([]);
});

test('dead letters are chosen by when they were enqueued, and those behind the limit are counted', async () => {
  await deadLetter('window', ...['w-1', 'w-2', 'w-3'].map((id) => bodyOf(id)));
  const times = (
    await withClient(setup.bus.connectionString, (client) => peekDeadLetters(client, 'window', 10))
  ).map(({ enqueuedAt }) => enqueuedAt);
  const [first, , last] = times;
  if (!first || !last) throw new Error('the dead letters are there');
  const chosen = async (request: Partial<ReplayRequest>) => {
    const { lines, notLookedAt } = await replay('window', request);
    const events = lines.map(({ eventId }) => eventId).filter((id) => id?.startsWith('w-'));
    return { events, notLookedAt };
  };
  const justBefore = new Date(first.getTime() - 1);
  const justAfter = new Date(last.getTime() + 1);
  expect(await chosen({ since: lately(), until: justBefore })).toMatchObject({ events: [] });
  expect(await chosen({ since: justAfter })).toMatchObject({ events: [] });
  expect(await chosen({ since: first, until: last })).toMatchObject({
    events: ['w-1', 'w-2', 'w-3'],
  });
  expect(await chosen({ limit: 2 })).toEqual({ events: ['w-1', 'w-2'], notLookedAt: 1 });
});

test('a closed event is asked for by reference alone, and counts against what the dead letters leave of the limit', async () => {
  await deadLetter('mixed', bodyOf('m-1'));
  const now = new Date();
  const closedAt = now.toISOString();
  const hash = await claimed('m-2', { updatedAt: closedAt });
  const both = { since: lately(), cause: 'failed' };
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const about = { eventHash: hash, eventId: 'm-2', eventSource: SOURCE };
  await ledger.append(START_OF_CHAIN, entryOf(about), closedAt);
  await claimed('m-1');
  const limited = await replay('mixed', { ...both, limit: 1 });
  expect(limited.lines.map(({ eventId }) => eventId)).toEqual(['m-1']);
  expect(limited.notLookedAt).toBe(1);
  const done = await replay('mixed', { eventId: 'm-2', confirmed: true });
  expect(done).toMatchObject({
    isComplete: true,
    lines: [{ eventId: 'm-2', closedAt, attempt: 2, result: 'replayed' }],
  });
  const receiver = setup.client.createReceiver('mixed', { skipParsingBodyAsJson: true });
  const [message] = await nextOf(receiver, 1);
  await receiver.close();
  expect(message).toMatchObject({ contentType: 'application/cloudevents+json' });
  // Its marks stand in the body.
  expect(message?.applicationProperties ?? {}).toEqual({});
  expect(JSON.parse(String(message?.body))).toMatchObject({
    type: 'joinery.replay.v1',
    ...{ replayid: done.lines[0]?.replayId, replayedby: 'alice', replayreason: 'INC-1' },
    data: { source: SOURCE, id: 'm-2', attempt: 1 },
  });
});

test('with a package no dead letter is looked at: what it is about is not known before it is run', async () => {
  await deadLetter('package', bodyOf('p-1'));
  const request = { package: 'sales', since: lately(), confirmed: true };
  const peek = () => Promise.reject(new Error('the dead letters were read'));
  const report = await replay('package', request, (queue) => ({ ...queue, peek }));
  expect(report).toEqual({ lines: [], notLookedAt: 0, isComplete: true });
});
