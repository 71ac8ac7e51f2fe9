import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createLedger } from '../../../shared/storage/audit';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createClaims } from '../../../shared/storage/claims';
import { closing, entryOf } from '../audit/entries';
import { hash } from '../../support/storage';
import { runCommand } from './run-command';
import { openStage, QUEUE, type Stage } from './stage';

const SOURCE = 'urn:hr:acme:workday';
const OTHER = 'urn:hr:acme:sap';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(SOURCE, OTHER);
});
afterAll(() => stage.close());

const joinery = (args: string[], input?: string | Uint8Array) =>
  runCommand(args, stage.settings, input);

const event = (id: string, changes: object = {}) =>
  JSON.stringify({
    specversion: '1.0',
    id,
    source: SOURCE,
    type: 'hr.worker.joined.v1',
    time: '2026-11-20T09:30:00Z',
    data: { workerId: 'W-1024', startDate: '2026-11-23', attributes: { department: 'Finance' } },
    ...changes,
  });

/** All that is in the queue, taken out. */
async function taken(): Promise<string[]> {
  const receiver = stage.client.createReceiver(QUEUE, {
    receiveMode: 'receiveAndDelete',
    skipParsingBodyAsJson: true,
  });
  const messages = await receiver.receiveMessages(10, { maxWaitTimeInMs: 200 });
  await receiver.close();
  return messages.map((message) => Buffer.from(message.body as Uint8Array).toString('latin1'));
}

/** An event with a closed claim and two audit rows. */
async function closedEvent(id: string, source = SOURCE): Promise<string> {
  const key = eventHash(source, id);
  const fact = { eventId: id, eventSource: source, workerId: 'W-7' };
  const about = { ...fact, eventHash: key };
  const at = '2026-11-20T09:30:02.000Z';
  const ledger = createLedger(stage.storage.table('audit'), stage.storage.table('auditIndex'));
  const first = await ledger.append(START_OF_CHAIN, entryOf(about), at);
  const last = await ledger.append(first.chain, entryOf({ ...about, ...closing }), at);
  const claim: Claim = {
    state: 'closed',
    contentHash: hash('c'),
    attempt: 1,
    fact: {
      ...{
        ...fact,
        eventType: 'hr.worker.joined.v1',
        bodyHash: hash('b'),
        employmentId: 'primary',
      },
      ...{ startDate: '2026-11-23', timeZone: 'Europe/Berlin', dueAt: '2026-11-22T23:00:00.000Z' },
      ...{ occurredAt: at, receivedAt: at },
    },
    attributes: { department: 'Finance' },
    due: { partition: 'shard-1', key: 'k' },
    token: 'token-1',
    outcome: 'delivered',
    chain: last.chain,
    updatedAt: at,
  };
  await createClaims(stage.storage.table('claims')).claim(key, claim);
  return key;
}

test('--help explains every command and succeeds; a wrong call says what is right and exits 2', async () => {
  const wrongCalls = [[], ['nonsense'], ['status'], ['dead-letters', '--limit', '0']];
  const [help, ofAudit, ...wrong] = await Promise.all(
    [['--help'], ['audit', '--help'], ...wrongCalls].map((args) => joinery(args)),
  );
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const name of ['send', 'status', 'audit', 'dead-letters']) {
    expect(help?.stdout).toContain(name);
  }
  expect(ofAudit).toMatchObject({ code: 0, stdout: expect.stringContaining('--worker') as string });
  for (const { code, stdout, stderr } of wrong) {
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: joinery');
  }
});

test('a bus that takes connections and never answers ends the command', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const sockets: Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  const { port } = silent.address() as AddressInfo;
  const { ServiceBus: address = '' } = stage.settings;
  const ServiceBus = address.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
  const ended = await runCommand(['dead-letters'], { ...stage.settings, ServiceBus });
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^the Service Bus does not do it: .+/);
  expect(sockets).not.toEqual([]);
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 60_000);

describe('send', () => {
  test('an event from a file or from standard input comes to the queue byte by byte', async () => {
    const file = join(stage.folder, 'event.json');
    await writeFile(file, event('sent-1'));
    const fromFile = await joinery(['send', file, '--json']);
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(fromFile.stdout)).toMatchObject({
      sent: true,
      queue: QUEUE,
      eventId: 'sent-1',
    });
    expect(await joinery(['send', '-'], event('sent-2'))).toMatchObject({
      code: 0,
      stdout: 'sent; see "status sent-2"\n',
    });
    expect(await taken()).toEqual([event('sent-1'), event('sent-2')]);
  });

  const refused = [
    [event('x', { data: { workerId: 'CANARY' } }), 'data.startDate'],
    ['CANARY', 'not-json'],
    [`\ufeff${event('CANARY')}`, 'byte-order-mark'],
    [event('x', { source: 'urn:CANARY' }), 'source'],
  ] as const;

  test('a body that would be refused is not sent, and the reason shows nothing of it', async () => {
    const answers = await Promise.all(
      refused.map(async ([body, reason]) => ({
        ...(await joinery(['send', '-', '--json'], body)),
        reason,
      })),
    );
    for (const { code, stdout, stderr, reason } of answers) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^not sent: /);
      expect(stderr).toContain(reason);
      expect(stderr).not.toContain('CANARY');
    }
    expect(await taken()).toEqual([]);
  });

  test('forced, the very bytes are sent, so that the rejection can be tried', async () => {
    const body = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0xff, 0x7d]);
    expect(await joinery(['send', '-', '--force'], body)).toMatchObject({
      code: 0,
      stdout: 'sent, although it will be refused\n',
    });
    expect(await taken()).toEqual([body.toString('latin1')]);
  });

  test('a file that is not there is named', async () => {
    const file = join(stage.folder, 'absent.json');
    const { code, stderr } = await joinery(['send', file]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `cannot read ${file}: ENOENT\n` });
  });
});

describe('status', () => {
  test('an event is found by its id, in every listed source, and --json prints one object', async () => {
    const key = await closedEvent('found-1', OTHER);
    await createClaims(stage.storage.table('claims')).countDuplicate(
      key,
      '2026-11-20T10:00:00.000Z',
    );
    const { code, stdout, stderr } = await joinery(['status', 'found-1', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ eventId: 'found-1', source: OTHER, state: 'closed', outcome: 'delivered' },
      ...{ attempt: 1, duplicates: 1, eventHash: key },
    });
    expect((await joinery(['status', 'found-1'])).stdout).toMatch(/^outcome +delivered$/m);
  });

  test('an id that two sources have is an error that lists them, and --source decides', async () => {
    await Promise.all([closedEvent('twice', SOURCE), closedEvent('twice', OTHER)]);
    const { code, stdout, stderr } = await joinery(['status', 'twice', '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`--source ${SOURCE}\n  --source ${OTHER}`);
    const decided = await joinery(['status', 'twice', '--source', OTHER, '--json']);
    expect(JSON.parse(decided.stdout)).toMatchObject({ source: OTHER });
  });

  test('an event that was only ever refused is told with the reason', async () => {
    const ledger = createLedger(stage.storage.table('audit'), stage.storage.table('auditIndex'));
    const at = '2026-11-20T09:30:00.000Z';
    const key = eventHash(SOURCE, 'refused-1');
    const bodyHash = 'ab'.repeat(32);
    const refused = { kind: 'rejected', state: 'rejected', outcome: 'rejected' } as const;
    const about = { eventHash: key, eventId: 'refused-1', eventSource: SOURCE, bodyHash };
    await ledger.reject(
      { ...entryOf({ ...about, ...refused, reason: 'invalid-date: data.startDate' }), bodyHash },
      at,
    );
    const { code, stdout } = await joinery(['status', 'refused-1', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'rejected',
      reason: 'invalid-date: data.startDate',
    });
    const found = await joinery(['audit', '--event', 'refused-1', '--json']);
    expect(JSON.parse(found.stdout)).toMatchObject({ rows: [{ bodyHash }], faults: [] });
  });

  test('an id that nobody knows is an error that says where else to look', async () => {
    const { code, stdout, stderr } = await joinery(['status', 'unknown', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`no event unknown of ${SOURCE}, ${OTHER} is known`);
    expect(stderr).toContain('audit --day');
    const rows = await joinery(['audit', '--event', 'unknown', '--json']);
    expect(rows).toMatchObject({ code: 1, stdout: '', stderr });
  });
});

describe('audit', () => {
  test.each([
    [['--day', '2026-13-45']],
    [['--worker', 'a/b']],
    [['--event', 'a b']],
    [['--worker', 'W-1', '--source', 'urn:x']],
  ])('a question that cannot be asked is a usage error: %j', async (question) => {
    expect(await joinery(['audit', ...question])).toMatchObject({ code: 2, stdout: '' });
  });

  test('no rows are no verdict', async () => {
    const { code, stdout } = await joinery(['audit', '--worker', 'W-nobody']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no rows\n' });
  });

  test('the rows of an event, a worker or a day are shown with the verdict on their chains', async () => {
    await closedEvent('audited');
    const questions = [
      ['--event', 'audited'],
      ['--worker', 'W-7'],
      ['--day', '2026-11-20'],
    ];
    const answers = await Promise.all(questions.map((by) => joinery(['audit', ...by, '--json'])));
    for (const { code, stdout } of answers) {
      const told = JSON.parse(stdout) as { rows: { eventId: string }[]; faults: string[] };
      expect(code).toBe(0);
      expect(told.faults).toEqual([]);
      expect(told.rows.filter(({ eventId }) => eventId === 'audited')).toHaveLength(2);
    }
    expect((await joinery(['audit', '--event', 'audited'])).stdout).toContain(
      '2 rows; the hash chains hold',
    );
  });

  test('a row that is missing at the end is a fault, and the command fails', async () => {
    const key = await closedEvent('cut');
    await stage.storage.table('audit').remove(key, '0001-000002');
    const { code, stdout } = await joinery(['audit', '--event', 'cut', '--json']);
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as { faults: string[] }).faults).toEqual([
      'attempt 1: the chain does not end where its claim says',
    ]);
  });

  test('a question that is none, or two at once, is refused with the right ones', async () => {
    const questions = [[], ['--event', 'a', '--day', '2026-11-20'], ['--day', 'yesterday']];
    const answers = await Promise.all(questions.map((asked) => joinery(['audit', ...asked])));
    for (const { code, stdout, stderr } of answers) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/--day/);
    }
  });
});

test('dead letters are listed up to the limit, without their bodies, and stay where they are', async () => {
  const bodies = [event('dead-1'), 'CANARY', event('dead-3')];
  const sender = stage.client.createSender(QUEUE);
  for (const body of bodies) await sender.sendMessages({ body: Buffer.from(body) });
  const receiver = stage.client.createReceiver(QUEUE);
  for (const message of await receiver.receiveMessages(3, { maxWaitTimeInMs: 5000 })) {
    await receiver.deadLetterMessage(message, {
      deadLetterReason: 'tested',
      deadLetterErrorDescription: 'by a test',
    });
  }
  const [all, some, shown] = await Promise.all([
    joinery(['dead-letters', '--json']),
    joinery(['dead-letters', '--limit', '2', '--json']),
    joinery(['dead-letters']),
  ]);
  expect(all).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(all.stdout)).toMatchObject([
    { eventId: 'dead-1', deadLetterReason: 'tested' },
    { problem: 'not-json', deadLetterReason: 'tested' },
    { eventId: 'dead-3' },
  ]);
  expect(all.stdout).not.toContain('CANARY');
  expect(JSON.parse(some.stdout)).toHaveLength(2);
  expect(shown.stdout).toMatch(/dead-1 +tested/);
});

describe('where the stack is', () => {
  const writeStack = (stack: object) =>
    writeFile(join(stage.folder, 'stack.json'), JSON.stringify(stack));
  const local = (args: string[]) => runCommand(args, { JOINERY_DATA_DIR: stage.folder });

  test('without settings and without a stack the command says how to have either', async () => {
    const { code, stdout, stderr } = await runCommand(['status', 'x', '--json'], {
      JOINERY_DATA_DIR: join(stage.folder, 'nothing-here'),
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('no running stack');
    expect(stderr).toContain('npm start');
    expect(stderr).toContain('RECORDS_STORAGE');
    expect(stderr).not.toMatch(/ at .*\.js/);
  });

  test('the running stack tells what its app listens to, and can be asked while its host is away', async () => {
    await closedEvent('on-stack', OTHER);
    const parts = {
      serviceBus: { connectionString: stage.settings['ServiceBus'], pid: 1 },
      storage: { connectionString: stage.storage.connectionString, pid: 1 },
    };
    const settings = { EVENT_SOURCES: OTHER, PROVISIONING_QUEUE: QUEUE };
    await writeStack({ ...parts, host: { url: 'http://127.0.0.1:1', pid: 1, settings } });
    const known = await local(['status', 'on-stack', '--json']);
    expect(JSON.parse(known.stdout)).toMatchObject({ source: OTHER });
    await writeStack(parts);
    const fallback = await local(['status', 'on-stack']);
    expect(fallback.stderr).toContain(`no event on-stack of ${SOURCE} is known`);
  });

  test('a stack that has ended since is told as that, by bus and by stores', async () => {
    const gone =
      'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=SECRET;UseDevelopmentEmulator=true;';
    const nowhere = stage.storage.connectionString.replace(
      /TableEndpoint=http:\/\/[^/]+/,
      'TableEndpoint=http://127.0.0.1:1',
    );
    await writeStack({
      serviceBus: { connectionString: gone },
      storage: { connectionString: nowhere },
    });
    const asked = await Promise.all([local(['status', 'x']), local(['dead-letters'])]);
    expect(asked.map(({ code, stdout }) => [code, stdout])).toEqual([
      [1, ''],
      [1, ''],
    ]);
    expect(asked[0].stderr).toContain('table storage: ECONNREFUSED');
    expect(asked[1].stderr).toContain('the Service Bus');
    for (const { stderr } of asked) expect(stderr).not.toMatch(/SECRET|AccountKey| at .*\.js/);
  });
});
