import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { claimAttempt } from '../../shared/events/accept';
import { createLedgerReader } from '../../shared/storage/audit';
import { chainFaults } from '../support/chain-faults';
import type { StoredClaim } from '../../shared/domain/workflow/claim';
import { eventHash } from '../../shared/domain/events/keys';
import { readEvent } from '../../shared/domain/events/read-event';
import { createClaims, type Claims } from '../../shared/storage/claims';
import { openTable } from '../../shared/storage/table';
import { servicesOver } from '../support/call-activity';
import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { startStack, type TestStack } from '../support/test-stack';

const SOURCE = 'urn:hr:acme:workday';
const QUEUE = 'provisioning-events';
const dead = { deadLetterReason: 'tested', deadLetterErrorDescription: 'by a test' };
const NO_RULE = { attributes: { department: 'Nowhere', workerType: 'employee' } };

let stack: TestStack;
let client: ServiceBusClient;
let claims: Claims;

beforeAll(async () => {
  stack = await startStack({ env: { SUPERVISE_SCHEDULE: '* * * * * *', RECOVERY_DELAY: '2s' } });
  client = new ServiceBusClient(stack.serviceBus);
  claims = createClaims(table('claims'));
});
afterAll(async () => {
  await client.close();
  await stack.stop();
});

const table = (name: string) => openTable(stack.storage, name);
const keyOf = (id: string) => eventHash(SOURCE, id);
const rowsOf = (id: string) =>
  createLedgerReader(table('audit'), table('auditIndex')).ofEvent(keyOf(id));

async function rejectedToday(id: string) {
  const reader = createLedgerReader(table('audit'), table('auditIndex'));
  const rows = await reader.ofDay(new Date().toISOString().slice(0, 10));
  return rows.filter((row) => row.kind === 'rejected' && row.eventId === id);
}

const claimWhen = (id: string, what: string, fits: (claim: StoredClaim) => boolean) =>
  eventually(`${id} ${what}`, async () => {
    const claim = await claims.read(keyOf(id));
    return claim && fits(claim) ? claim : undefined;
  });
const closed = (id: string, attempt = 1) =>
  claimWhen(id, 'is closed', (claim) => claim.state === 'closed' && claim.attempt === attempt);
const counted = (id: string, count: number) =>
  eventually(
    `${count} duplicates of ${id}`,
    async () => (await claims.duplicates(keyOf(id))) >= count,
  );

async function send(...messages: ServiceBusMessage[]): Promise<void> {
  const sender = client.createSender(QUEUE);
  for (const message of messages) await sender.sendMessages(message);
  await sender.close();
}

/** Dead-letters the message as a person does in Service Bus Explorer. */
async function deadLetter(messageId: string): Promise<void> {
  const receiver = client.createReceiver(QUEUE);
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 30_000 });
  expect(message?.messageId).toBe(messageId);
  if (message) await receiver.deadLetterMessage(message, dead);
  await receiver.close();
}

async function deadLetters(): Promise<(string | undefined)[]> {
  // A client continues behind the messages that it has peeked at, so each call needs a new one.
  const peekClient = new ServiceBusClient(stack.serviceBus);
  const messages = await peekClient
    .createReceiver(QUEUE, { subQueueType: 'deadLetter' })
    .peekMessages(100);
  await peekClient.close();
  return messages.map(({ messageId }) => String(messageId));
}

/** Runs the command as a person would; answers its exit code and what it prints with `--json`. */
async function joinery(...args: string[]) {
  const env = { ...process.env, JOINERY_DATA_DIR: stack.dataDir };
  const run = promisify(execFile)('node', ['dist/cli/main.js', ...args, '--json'], { env });
  type Failed = { code: number; stdout: string };
  const { code, stdout } = await run.then(
    (ended) => ({ code: 0, stdout: ended.stdout }),
    (failed: unknown) => failed as Failed,
  );
  const { events } = JSON.parse(stdout) as { events: Record<string, unknown>[] };
  return { code, events };
}

test('a delivered event sent again in eight ways does not change: each copy is counted, an edited one is rejected', async () => {
  const body = joinerEvent('W-1101', { id: 'resent' });
  const other = joinerEvent('W-1101', {
    id: 'resent',
    data: { attributes: { department: 'Sales' } },
  });
  await stack.kill('host');
  await send({ body, messageId: 'first', applicationProperties: { team: 'hr' } });
  await deadLetter('first');
  await stack.start('host');
  // The dead letter remains; its copy is the event.
  await send({ body, messageId: 'first' });
  expect(await closed('resent')).toMatchObject({ outcome: 'delivered', attempt: 1 });
  const rows = await rowsOf('resent');

  const traces = { DeadLetterReason: 'tested', DeadLetterErrorDescription: 'by a test' };
  const marks = { replayid: 'r-1', replayreason: 'INC-1', replayedby: 'alice' };
  await send(
    { body, messageId: 'first', applicationProperties: { team: 'hr' } },
    { body, messageId: 'second', applicationProperties: { team: 'hr' } },
    { body },
    { body, messageId: 'first', applicationProperties: { team: 'hr', ...traces } },
    { body, messageId: 'twice' },
    { body, messageId: 'twice' },
    { body: other, messageId: 'edited' },
    { body, messageId: 'marked', applicationProperties: marks },
    { body: { ...body, ...marks }, messageId: 'marked-in-body' },
  );
  await counted('resent', 8);
  const [refused, ...more] = await eventually('the edited one is refused', async () => {
    const found = await rejectedToday('resent');
    return (await deadLetters()).includes('edited') ? found : undefined;
  });
  expect(refused).toMatchObject({ reason: 'id-reused: id', eventSource: SOURCE });
  expect(more).toEqual([]);
  expect(await deadLetters()).toContain('first');
  expect(await claims.duplicates(keyOf('resent'))).toBe(8);
  // The refused body is found beside the rows of the event, which are as they were.
  expect(await rowsOf('resent')).toEqual([...rows, refused]);
  expect(await claims.read(keyOf('resent'))).toMatchObject({ attempt: 1, outcome: 'delivered' });
}, 90_000);

test('an event that was not delivered runs again only as a replay, once per replay, and its rows name person, reason and attempt', async () => {
  const body = joinerEvent('W-1102', { id: 'unmatched', data: NO_RULE });
  const marks = { replayid: 'r-1', replayreason: 'INC-7', replayedby: 'alice' };
  await send({ body });
  await closed('unmatched');
  await send({ body });
  await counted('unmatched', 1);
  await send({ body, applicationProperties: marks });
  await closed('unmatched', 2);
  await send({ body, applicationProperties: marks }, { body: { ...body, ...marks } });
  await counted('unmatched', 3);
  // Without an id, a replay is known by its reason and person.
  const { replayid, ...nameless } = marks;
  await send({ body: { ...body, ...nameless } });
  const { replays } = await closed('unmatched', 3);
  expect(replays).toEqual([`id:${replayid}`, 'why:INC-7/alice']);
  await send({ body: { ...body, ...nameless } });
  await counted('unmatched', 4);
  const rows = await rowsOf('unmatched');
  expect(rows).toMatchObject([
    { attempt: 1, initiator: 'event', outcome: 'no-matching-rule' },
    {
      attempt: 2,
      initiator: 'replay:alice',
      replayOf: '1',
      replayId: 'r-1',
      replayReason: 'INC-7',
    },
    { attempt: 3, initiator: 'replay:alice', replayOf: '2', replayReason: 'INC-7' },
  ]);
  expect(chainFaults(rows)).toEqual([]);
}, 60_000);

test('the command shows a preview, then sends the copy and completes the dead letter; the rows name person and reason', async () => {
  const marks = ['--by', 'bob', '--reason', 'INC-9'];
  await stack.kill('host');
  const body = joinerEvent('W-1103', { id: 'lost' });
  await send({ body, messageId: 'lost', applicationProperties: { team: 'hr' } });
  await deadLetter('lost');
  const before = await deadLetters();
  const preview = await joinery('replay', 'lost', ...marks);
  expect(preview).toMatchObject({ code: 0, events: [{ action: 'send', attempt: 1 }] });
  expect(await deadLetters()).toEqual(before);
  const done = await joinery('replay', 'lost', ...marks, '--yes');
  expect(done).toMatchObject({ code: 0, events: [{ result: 'replayed' }] });
  expect(await deadLetters()).toEqual(before.filter((messageId) => messageId !== 'lost'));
  const receiver = client.createReceiver(QUEUE);
  const [copy] = await receiver.peekMessages(1);
  await receiver.close();
  expect(copy?.applicationProperties).toMatchObject({ team: 'hr', replayedby: 'bob' });
  expect(Object.keys(copy?.applicationProperties ?? {}).join()).not.toContain('DeadLetter');
  await stack.start('host');
  expect(await closed('lost')).toMatchObject({ outcome: 'delivered' });
  expect(await rowsOf('lost')).toMatchObject(
    Array.from({ length: 5 }, () => ({ initiator: 'replay:bob', replayReason: 'INC-9' })),
  );
}, 60_000);

test('terminating an instance closes its event as terminated, after its existing rows', async () => {
  await stack.send([joinerEvent('W-9999', { id: 'ended' })]);
  const { attempt } = await claimWhen('ended', 'runs', ({ state }) => state === 'started');
  const instance = `${stack.hostUrl}/runtime/webhooks/durabletask/instances/${keyOf('ended')}-${attempt}`;
  const answer = await fetch(`${instance}/terminate?reason=tested&code=local`, { method: 'POST' });
  expect(answer.status).toBe(202);
  expect(await closed('ended')).toMatchObject({
    outcome: 'terminated',
    reason: 'instance-terminated',
  });
  const rows = await rowsOf('ended');
  expect(rows.at(-1)).toMatchObject({ kind: 'closing', outcome: 'terminated' });
  expect(chainFaults(rows)).toEqual([]);
  expect(await table('due').list(`shard-${keyOf('ended').slice(0, 1)}`)).toEqual([]);
}, 60_000);

describe('the intake was killed', () => {
  /** What the intake does until just before it starts the run. */
  async function claimOnly(id: string, workerId: string): Promise<void> {
    const parts = servicesOver({ connectionString: stack.storage, table, close: stack.stop });
    const body = Buffer.from(JSON.stringify(joinerEvent(workerId, { id })));
    const read = readEvent(body, { sources: [SOURCE] });
    if (read.kind !== 'accepted') throw new Error('the event breaks the contract');
    const config = { ...parts.config, recovery: { schedule: '', delaySeconds: 1 } };
    const now = new Date().toISOString();
    expect(
      await claimAttempt({ ...parts, config }, read, undefined, { now, owner: 'a-test' }),
    ).toEqual({ attempt: 1 });
  }

  test('between claim and start: the event is started later', async () => {
    await claimOnly('never-started', 'W-1104');
    expect(await closed('never-started')).toMatchObject({ outcome: 'delivered', attempt: 1 });
  }, 60_000);

  test('and the task hub lost the run: the event is closed as terminated', async () => {
    await claimOnly('forgotten', 'W-1105');
    await claims.start({ eventHash: keyOf('forgotten'), attempt: 1, token: 't-1' }, '2026-11-23');
    expect(await closed('forgotten')).toMatchObject({ reason: 'instance-gone', token: 't-1' });
  }, 60_000);
});
