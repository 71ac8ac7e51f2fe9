import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commands } from '../../../cli/commands';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { readEvent } from '../../../shared/domain/events/read-event';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createClaims } from '../../../shared/storage/claims';
import { createLedger } from '../../../shared/storage/audit';
import { entryOf } from '../storage/entries';
import { runCommand } from '../../support/run-command';
import { openSetup, QUEUE, type Setup } from './setup';

const SOURCE = 'urn:hr:acme:workday';
const WHO = ['--by', 'alice', '--reason', 'INC-1'];

let setup: Setup;
beforeAll(async () => {
  setup = await openSetup(SOURCE);
});
afterEach(async () => {
  await taken('deadLetter');
  await taken();
});
afterAll(() => setup.close());

type Output = { preview: boolean; events: Record<string, unknown>[] };

async function replay(args: string[], input?: string) {
  const { code, stdout, stderr } = await runCommand(
    ['replay', ...args, '--json'],
    setup.settings,
    input,
  );
  const output = JSON.parse(stdout) as Output;
  // Whatever it prints fits the shape that `commands --json` tells.
  if ('events' in output) commands.find(({ name }) => name === 'replay')?.output.parse(output);
  return { code, stderr, output };
}

const bodyOf = (id: string) =>
  JSON.stringify({
    ...{ specversion: '1.0', id, source: SOURCE, type: 'hr.worker.joined.v1' },
    time: '2026-11-20T09:30:00Z',
    data: { workerId: 'W-1', startDate: '2026-11-23', attributes: { department: 'Finance' } },
  });

/** Dead-letters bodies, in this order. */
async function deadLetter(bodies: string[], deadLetterReason = 'tested'): Promise<void> {
  const sender = setup.client.createSender(QUEUE);
  const receiver = setup.client.createReceiver(QUEUE);
  for (const body of bodies) {
    await sender.sendMessages({
      ...{ body: Buffer.from(body), messageId: 'old', subject: 'joined' },
      applicationProperties: { team: 'hr' },
    });
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 30_000 });
    if (!message) throw new Error('the message is there');
    const why = { deadLetterReason, deadLetterErrorDescription: 'by a test' };
    await receiver.deadLetterMessage(message, why);
  }
  await Promise.all([sender.close(), receiver.close()]);
}

/** Takes out all that is in the queue or its dead letters. */
async function taken(subQueueType?: 'deadLetter') {
  const receiver = setup.client.createReceiver(QUEUE, {
    receiveMode: 'receiveAndDelete',
    skipParsingBodyAsJson: true,
    ...(subQueueType && { subQueueType }),
  });
  const messages = await receiver.receiveMessages(100, { maxWaitTimeInMs: 300 });
  await receiver.close();
  return messages.map(({ body, ...rest }) => {
    const text = Buffer.from(body as Uint8Array).toString();
    return { ...rest, id: /"id":"([^"]*)"/.exec(text)?.[1] ?? text };
  });
}

/** A claim on the event, in the state that a test wants. */
async function claimed(id: string, changes: Partial<Claim>): Promise<void> {
  const read = readEvent(Buffer.from(bodyOf(id)), { sources: [SOURCE] });
  if (read.kind !== 'accepted') throw new Error('the event breaks the contract');
  const at = '2026-11-20T09:30:02.000Z';
  await createClaims(setup.storage.table('claims')).claim(read.eventHash, {
    ...{ state: 'closed', contentHash: read.contentHash, attempt: 1 },
    fact: {
      ...{ eventId: id, eventSource: SOURCE, eventType: read.event.type, bodyHash: read.bodyHash },
      ...{ workerId: 'W-1', employmentId: 'primary', startDate: '2026-11-23', timeZone: 'UTC' },
      ...{ actAt: at, occurredAt: at, receivedAt: at },
    },
    due: { partition: 'shard-1', key: 'k' },
    updatedAt: at,
    ...changes,
  });
}

test('a preview sends and removes nothing, and says of each dead letter what would be done and why', async () => {
  await claimed('p-failed', { outcome: 'failed', reason: 'forbidden' });
  await claimed('p-delivered', { outcome: 'delivered' });
  await claimed('p-open', { state: 'started' });
  await claimed('p-often', { outcome: 'failed', attempt: 5 });
  const ids = ['p-new', 'p-failed', 'p-delivered', 'p-open', 'p-often'];
  await deadLetter([...ids.map(bodyOf), '{"id":"CANARY"}']);
  const { code, output } = await replay(WHO);
  expect(code).toBe(0);
  expect(output).toMatchObject({
    preview: true,
    events: [
      { eventId: 'p-new', action: 'send', attempt: 1 },
      { eventId: 'p-failed', action: 'send', attempt: 2, causes: ['failed', 'forbidden'] },
      {
        eventId: 'p-delivered',
        action: 'leave',
        why: 'ended as delivered, which is never run again',
      },
      { eventId: 'p-open', action: 'leave', why: 'in progress: started' },
      { eventId: 'p-often', action: 'leave', why: 'had 5 attempts, the limit of this replay' },
      { action: 'leave', why: 'would be refused: missing-member' },
    ],
  });
  expect(JSON.stringify(output)).not.toContain('CANARY');
  expect(await taken()).toEqual([]);
  expect(await taken('deadLetter')).toHaveLength(6);
});

test('--yes sends copies with replay marks and without dead-letter properties, and completes only their dead letters', async () => {
  await claimed('y-delivered', { outcome: 'delivered' });
  await deadLetter(['y-1', 'y-delivered', 'y-2'].map(bodyOf));
  const { code, output } = await replay([...WHO, '--yes']);
  expect(code).toBe(0);
  expect(output.events.map(({ result }) => result)).toEqual(['replayed', 'left', 'replayed']);
  const copies = await taken();
  expect(copies.map(({ id }) => id)).toEqual(['y-1', 'y-2']);
  for (const { applicationProperties, messageId, subject } of copies) {
    const marks = { replayid: messageId, replayreason: 'INC-1', replayedby: 'alice' };
    expect(applicationProperties).toEqual({ team: 'hr', ...marks });
    expect(messageId).toMatch(/^dead-letter:\d+:\d+$/);
    expect(subject).toBe('joined');
  }
  expect((await taken('deadLetter')).map(({ id }) => id)).toEqual(['y-delivered']);
});

test('a dead letter whose copy was accepted before is only completed: the command was interrupted', async () => {
  await deadLetter([bodyOf('broken')]);
  const [first] = (await replay(WHO)).output.events;
  await claimed('broken', { state: 'started', replays: [`id:${String(first?.['replayId'])}`] });
  const { code, output } = await replay([...WHO, '--yes']);
  expect({ code, result: output.events[0]?.['result'] }).toEqual({ code: 0, result: 'completed' });
  expect(await taken()).toEqual([]);
  expect(await taken('deadLetter')).toEqual([]);
});

test('dead letters are selected by id, cause, time and limit', async () => {
  await claimed('c-2', { outcome: 'timed-out' });
  await deadLetter(['c-1', 'c-2', 'c-3'].map(bodyOf));
  const chosen = async (...args: string[]) =>
    (await replay([...args, ...WHO])).output.events.map(({ eventId }) => eventId);
  const answers = await Promise.all([
    chosen('c-3'),
    chosen('--cause', 'timed-out'),
    chosen('--cause', 'tested', '--limit', '2'),
    chosen('--since', '1h'),
    chosen('--since', '2100-01-01T00:00:00Z'),
  ]);
  expect(answers).toEqual([['c-3'], ['c-2'], ['c-1', 'c-2'], ['c-1', 'c-2', 'c-3'], []]);
});

test('a dead letter behind a full batch is found, and those before it are given back', async () => {
  await deadLetter(Array.from({ length: 25 }, (_, index) => bodyOf(`m-${index}`)));
  const { code, output } = await replay(['m-24', ...WHO, '--yes']);
  expect({ code, result: output.events[0]?.['result'] }).toEqual({ code: 0, result: 'replayed' });
  expect((await taken()).map(({ id }) => id)).toEqual(['m-24']);
  expect(await taken('deadLetter')).toHaveLength(24);
});

test('an event whose message was accepted is replayed by its id from its claim, or from its body', async () => {
  await claimed('f-1', { outcome: 'failed' });
  const byId = await replay(['f-1', ...WHO, '--yes']);
  expect(byId).toMatchObject({
    code: 0,
    output: { events: [{ eventId: 'f-1', action: 'send', attempt: 2, result: 'replayed' }] },
  });
  expect((await taken()).map(({ id }) => id)).toEqual([byId.output.events[0]?.['replayId']]);
  expect(await replay(['nobody', ...WHO])).toMatchObject({
    ...{ code: 1, stderr: expect.stringContaining('no event nobody') as string },
  });
  const { code, output } = await replay(['--file', '-', ...WHO, '--yes'], bodyOf('f-1'));
  expect({ code, events: output.events }).toMatchObject({
    ...{ code: 0, events: [{ result: 'replayed', attempt: 2 }] },
  });
  expect(await taken()).toMatchObject([
    { id: 'f-1', applicationProperties: { replayedby: 'alice' } },
  ]);
  await claimed('f-2', { outcome: 'failed', replays: ['why:INC-1/alice'] });
  const again = await replay(['--file', '-', ...WHO, '--yes'], bodyOf('f-2'));
  expect({ code: again.code, events: again.output.events }).toMatchObject({
    ...{
      code: 1,
      events: [{ action: 'leave', why: expect.stringContaining('another reason') as string }],
    },
  });
  await claimed('f-3', { outcome: 'delivered' });
  expect((await replay(['--file', '-', ...WHO, '--yes'], bodyOf('f-3'))).code).toBe(1);
  expect(await taken()).toEqual([]);
});

test('closed events are selected by cause, time or package; a time alone leaves out what a person or the rules decided', async () => {
  const ledger = createLedger(setup.storage.table('audit'), setup.storage.table('auditIndex'));
  const closedAt = async (id: string, hours: number, changes: Partial<Claim>, row: object = {}) => {
    const updatedAt = new Date(Date.now() - hours * 3_600_000).toISOString();
    await claimed(id, { updatedAt, ...changes });
    const about = { eventHash: eventHash(SOURCE, id), eventId: id, eventSource: SOURCE };
    await ledger.append(START_OF_CHAIN, entryOf({ ...about, ...row }), updatedAt);
  };
  await closedAt('t-1', 50, { outcome: 'failed' }, { packageKey: 'sales' });
  await closedAt('t-2', 20, { outcome: 'needs-attention', reason: 'permission' });
  await closedAt('t-3', 10, { outcome: 'denied' }, { packageKey: 'sales' });
  await closedAt('t-4', 9, { outcome: 'delivered' }, { packageKey: 'sales' });
  await closedAt('t-5', 8, { outcome: 'timed-out' });
  await closedAt('t-6', 7, { outcome: undefined, state: 'started' });
  await deadLetter([bodyOf('t-5')]);
  const chosen = async (...args: string[]) =>
    (await replay([...args, ...WHO])).output.events.map(({ eventId }) => eventId);
  expect(await chosen('--cause', 'permission')).toEqual(['t-2']);
  expect(await chosen('--cause', 'denied')).toEqual(['t-3']);
  expect(await chosen('--package', 'sales', '--since', '30h')).toEqual([]);
  expect(await chosen('--package', 'sales', '--cause', 'denied')).toEqual(['t-3']);
  // The dead letter runs its event again, which is then not replayed from its claim too.
  expect(await chosen('--since', '60h')).toEqual(['t-5', 't-1', 't-2']);
  expect(await chosen('--since', '60h', '--until', '15h')).toEqual(['t-1', 't-2']);
  expect(await chosen('--since', '60h', '--until', '15h', '--limit', '1')).toEqual(['t-1']);
  expect(await chosen()).toEqual(['t-5']);
  expect(await chosen('t-1', '--since', '60h', '--until', '15h')).toEqual(['t-1']);
  for (const time of [
    ['--since', '40h'],
    ['--until', '60h'],
  ])
    expect(await replay(['t-1', ...time, ...WHO])).toMatchObject({
      ...{ code: 1, stderr: 'event t-1 is not among those of this cause, time or package\n' },
    });
});

test('several files and JSON Lines are replayed, each event once', async () => {
  for (const id of ['s-1', 's-2', 's-3']) await claimed(id, { outcome: 'failed' });
  const one = join(setup.folder, 'one.json');
  const two = join(setup.folder, 'two.jsonl');
  await writeFile(one, bodyOf('s-1'));
  await writeFile(two, `${bodyOf('s-2')}\n${bodyOf('s-3')}\n`);
  const { code, output } = await replay(['--file', one, '--file', two, ...WHO, '--yes']);
  expect(code).toBe(0);
  expect(output.events.map(({ eventId, result }) => [eventId, result])).toEqual(
    ['s-1', 's-2', 's-3'].map((id) => [id, 'replayed']),
  );
  expect((await taken()).map(({ id }) => id)).toEqual(['s-1', 's-2', 's-3']);
});

test('a wrong call prints what is right and exits with 2', async () => {
  const calls = [
    [],
    ['--by', 'alice'],
    ['--by', 'a@b', '--reason', 'x'],
    [...WHO, '--since', 'yesterday'],
    [...WHO, '--preview', '--yes'],
    ['x', '--file', '-', ...WHO],
    ['--file', '/absent.json', ...WHO],
  ];
  const answers = await Promise.all(calls.map((args) => replay(args)));
  expect(answers.map(({ code }) => code)).toEqual(calls.map(() => 2));
  for (const { stderr } of answers) expect(stderr).not.toBe('');
});
