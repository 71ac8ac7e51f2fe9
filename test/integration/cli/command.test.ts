import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Command } from 'commander';
import { createProgram, type CommandDescription } from '../../../cli/command';
import { commands, groups } from '../../../cli/commands';
import { FailureOutput } from '../../../cli/print';
import { createLedger } from '../../../shared/storage/audit';
import type { AuditReport } from '../../../shared/reports/audit';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createClaims } from '../../../shared/storage/claims';
import { entryOf } from '../storage/entries';
import { signedContainer } from '../../../infra/local/blobs/signed-container';
import { sealHours } from '../../../shared/evidence/seal-hours';
import type { Verification } from '../../../shared/evidence/verify';
import { auditedOn } from '../evidence/audited';
import { runCommand } from '../../support/run-command';
import { closedEvent as closed } from './closed-event';
import { openSetup, QUEUE, type Setup } from './setup';

const SOURCE = 'urn:hr:acme:workday';
const OTHER = 'urn:hr:acme:sap';

let setup: Setup;
beforeAll(async () => {
  setup = await openSetup(SOURCE, OTHER);
});
afterAll(() => setup.close());

const joinery = (args: string[], input?: string | Uint8Array) =>
  runCommand(args, setup.settings, input);

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

/** Parses what a command printed with --json by the shape in its definition. */
const outputOf = (name: string, stdout: string): unknown =>
  commands.find((command) => command.name === name)?.output.parse(JSON.parse(stdout));

/** What a command that failed printed with --json. */
const failureOf = (stdout: string) => FailureOutput.parse(JSON.parse(stdout)).error;

/** All that is in the queue, taken out. */
async function taken(): Promise<string[]> {
  const receiver = setup.client.createReceiver(QUEUE, {
    receiveMode: 'receiveAndDelete',
    skipParsingBodyAsJson: true,
  });
  const messages = await receiver.receiveMessages(10, { maxWaitTimeInMs: 200 });
  await receiver.close();
  return messages.map((message) => Buffer.from(message.body as Uint8Array).toString('latin1'));
}

const closedEvent = (id: string, source = SOURCE) => closed(setup.storage, id, source);

test('--help lists every command; a wrong call prints one line of usage, then the error, and exits with 2', async () => {
  const wrongCalls = [
    ...[[], ['nonsense'], ['model'], ['model', 'nonsense'], ['status'], ['status', 'a', 'b']],
    ...[['dead-letters', '--limit', '0'], ['audit'], ['send', '/absent.json']],
    ...[
      ['versions', '--before', '1', '--before', '2'],
      ['doctor', '--settings', '/absent.json'],
    ],
  ];
  const [help, ofAudit, ...wrong] = await Promise.all(
    [['--help'], ['audit', '--help'], ...wrongCalls].map((args) => joinery(args)),
  );
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const { name } of commands) expect(help?.stdout).toContain(name.split(' ')[0]);
  expect(ofAudit).toMatchObject({ code: 0, stdout: expect.stringContaining('--worker') as string });
  for (const { code, stdout, stderr } of wrong) {
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [usage, error, ...more] = stderr.trimEnd().split('\n');
    expect(usage).toMatch(/^Usage: joinery .*\[options\]/);
    expect(error).toMatch(/^error: ./);
    expect(more).toEqual([]);
  }
});

test('--version prints the version of package.json', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await joinery(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

/** What `--help` prints, without a process for each command. */
const program = createProgram(new Command('joinery'), commands, groups);
const helpOf = (name: string): string =>
  name
    .split(' ')
    .reduce((parent, word) => parent.commands.find((one) => one.name() === word) ?? parent, program)
    .helpInformation();

test('commands --json describes each command as its --help does', async () => {
  const { stdout } = await joinery(['commands', '--json']);
  const { commands: described } = outputOf('commands', stdout) as {
    commands: CommandDescription[];
  };
  expect(described.map(({ name }) => name)).toEqual(commands.map(({ name }) => name));
  for (const { name, description, arguments: given, options } of described) {
    const help = helpOf(name).replaceAll(/\s+/g, ' ');
    const shown = [...given, ...options.map((one) => ({ ...one, name: one.flags }))];
    expect(help).toContain(description);
    for (const one of shown) {
      expect(help).toContain(one.name);
      expect(help).toContain(one.description);
    }
  }
  expect((await joinery(['status', '--help'])).stdout).toBe(helpOf('status'));
  expect((await joinery(['commands'])).stdout).toMatch(/^joinery status <id> +show the state/m);
});

test('a Service Bus that accepts connections and never answers ends the command', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const sockets: Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  const { port } = silent.address() as AddressInfo;
  const { ServiceBus: address = '' } = setup.settings;
  const ServiceBus = address.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
  const ended = await runCommand(['dead-letters'], { ...setup.settings, ServiceBus });
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^Service Bus failed: .+/);
  expect(sockets).not.toEqual([]);
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 60_000);

describe('send', () => {
  test('an event from a file or standard input is sent byte for byte', async () => {
    const file = join(setup.folder, 'event.json');
    await writeFile(file, event('sent-1'));
    const fromFile = await joinery(['send', file, '--json']);
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    expect(outputOf('send', fromFile.stdout)).toMatchObject({
      sent: true,
      queue: QUEUE,
      events: [{ file, line: 1, eventId: 'sent-1', faults: [] }],
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

  test('a body that would be rejected is not sent, and the error shows nothing of it', async () => {
    const answers = await Promise.all(
      refused.map(async ([body, reason]) => ({
        ...(await joinery(['send', '-', '--json'], body)),
        reason,
      })),
    );
    for (const { code, stdout, stderr, reason } of answers) {
      expect(code).toBe(1);
      expect(FailureOutput.parse(JSON.parse(stdout))).toMatchObject({
        error: { exitCode: 1, events: [{ bodyHash: expect.any(String) as string }] },
      });
      expect(stdout).not.toContain('CANARY');
      expect(stderr).toMatch(/^not sent: /);
      expect(stderr).toContain(reason);
      expect(stderr).not.toContain('CANARY');
    }
    expect(await taken()).toEqual([]);
  });

  test('--force sends the exact bytes, so that a rejection can be tested', async () => {
    const body = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0xff, 0x7d]);
    expect(await joinery(['send', '-', '--force'], body)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^sent, although it will be rejected: body [0-9a-f]{12}\n$/,
      ) as string,
    });
    expect(await taken()).toEqual([body.toString('latin1')]);
  });

  test('several files and JSON Lines are sent in order, and nothing is sent if one event has a fault', async () => {
    const one = join(setup.folder, 'one.json');
    const many = join(setup.folder, 'many.jsonl');
    const listed = join(setup.folder, 'listed.txt');
    await writeFile(one, JSON.stringify(JSON.parse(event('l-1')), null, 2));
    await writeFile(many, `${event('l-2')}\r\n\n${event('l-3')}\n`);
    await writeFile(listed, `${event('l-4')}\n{"specversion":"1.0",\n`);
    const whole = await joinery(['send', one, many, '--json']);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(outputOf('send', whole.stdout)).toMatchObject({
      events: [
        { file: one, line: 1, eventId: 'l-1' },
        { file: many, line: 1, eventId: 'l-2' },
        { file: many, line: 3, eventId: 'l-3' },
      ],
    });
    expect((await taken()).slice(1)).toEqual([event('l-2'), event('l-3')]);
    const refused = await joinery(['send', one, listed]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('not sent: 1 fault in 1 of 3 events');
    expect(refused.stderr).toContain(`${listed}: line 2: not-json`);
    expect(await taken()).toEqual([]);
  });

  test('a send that fails half way says how many events were sent', async () => {
    const one = join(setup.folder, 'first.json');
    const large = join(setup.folder, 'large.json');
    await writeFile(one, event('n-1'));
    await writeFile(
      large,
      JSON.stringify({ ...JSON.parse(event('n-2')), note: 'x'.repeat(300_000) }),
    );
    const { code, stderr } = await joinery(['send', one, large, '--force']);
    expect(code).toBe(1);
    expect(stderr).toContain('1 of 2 events were sent');
    expect(stderr).toContain('Send the same files again');
    expect(await taken()).toEqual([event('n-1')]);
  });

  test('all faults of an event are listed at once, each with its member and line, and the setting of a source is named', async () => {
    const file = join(setup.folder, 'faults.json');
    const data = { workerId: 'W-1', startDate: '2026-02-30', attributes: { costCenter: 4711 } };
    const body = { ...JSON.parse(event('f-1')), source: 'urn:CANARY', data } as object;
    await writeFile(file, JSON.stringify(body, null, 2));
    const { code, stderr } = await joinery(['send', file]);
    expect(code).toBe(1);
    expect(stderr.split('\n').filter((line) => !line.startsWith('warning'))).toEqual([
      'not sent: 3 faults',
      expect.stringContaining(`${file}: data.startDate, line 9: invalid-date`),
      expect.stringContaining(`${file}: data.attributes.costCenter, line 11: wrong-type`),
      expect.stringMatching(/: source, line 4: source-not-listed; .*EVENT_SOURCES$/),
      '',
    ]);
    expect(stderr).not.toContain('CANARY');
  });

  test('what would be accepted and may not be meant is a warning with member and line, and is sent', async () => {
    const settings = { ...setup.settings, ACCESS_MODEL: 'access-model.json' };
    const attributes = { department: 'finance', workerType: 'employee', location: 'Paris' };
    const data = { workerId: 'W-1', startDate: '2026-11-23', timezone: 'Europe/Paris', attributes };
    const answer = await runCommand(
      ['send', '-'],
      settings,
      event('w-1', { data, Subject: 'W-1' }),
    );
    expect(answer).toMatchObject({ code: 0, stdout: 'sent; see "status w-1"\n' });
    expect(answer.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^warning: standard input: Subject, line 1: .*subject may be meant$/),
      expect.stringMatching(/: data\.timezone, line 1: .*data\.timeZone may be meant$/),
      expect.stringMatching(
        /: data\.attributes\.department, line 1: no rule .* nearest is "finance-staff": department differs from "Finance" only by case/,
      ),
      expect.stringMatching(/: data\.attributes\.location, line 1: .*Etc\/UTC/),
    ]);
    const blind = await joinery(['send', '-'], event('w-2'));
    expect(blind).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('ACCESS_MODEL') as string,
    });
    expect(await taken()).toHaveLength(2);
  });

  test('a worker id that the match attribute cannot hold is a warning, and is sent', async () => {
    const data = { workerId: 'W-10300000000000000', startDate: '2026-11-23', attributes: {} };
    const body = event('long-1', { data });
    const { code, stderr } = await joinery(['send', '-'], body);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: .*: data\.workerId, line 1: 19 characters, and employeeId .* at most 16: .*worker-id-too-long$/m,
    );
    const settings = { ...setup.settings, MATCH_ATTRIBUTE: 'onPremisesSamAccountName' };
    const elsewhere = await runCommand(['send', '-'], settings, body);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      0,
      expect.not.stringContaining('data.workerId'),
    ]);
    expect(await taken()).toHaveLength(2);
  });

  test('of several that are sent, each line names its file and line', async () => {
    const file = join(setup.folder, 'two.jsonl');
    await writeFile(file, `${event('t-1')}\n{}\n`);
    const { stdout } = await joinery(['send', file, '--force']);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/two.jsonl, line 1: sent; see "status t-1"$/),
      expect.stringMatching(/two.jsonl, line 2: sent, although it will be rejected: body .{12}$/),
      '',
    ]);
    expect(await taken()).toHaveLength(2);
  });

  test.each([
    ['send', []],
    ['plan', ['--model', 'access-model.json', '--at', '2026-11-20T00:00:00Z', '--events']],
  ])('%s names a missing file', async (command, options) => {
    const file = join(setup.folder, 'absent.json');
    const { code, stderr } = await joinery([command, ...options, file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^Usage: joinery ${command} .*\n`));
    expect(stderr).toContain(`\nerror: cannot read ${file}: there is no such file\n`);
  });
});

describe('status', () => {
  test('an event is found by its id in every allowed source, and --json prints one object', async () => {
    const key = await closedEvent('found-1', OTHER);
    await createClaims(setup.storage.table('claims')).countDuplicate(
      key,
      '2026-11-20T10:00:00.000Z',
    );
    const { code, stdout, stderr } = await joinery(['status', 'found-1', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(outputOf('status', stdout)).toMatchObject({
      ...{ eventId: 'found-1', source: OTHER, state: 'closed', outcome: 'delivered' },
      ...{ attempt: 1, duplicates: 1, eventHash: key },
    });
    expect((await joinery(['status', 'found-1'])).stdout).toMatch(/^outcome +delivered$/m);
  });

  test('an id that two sources have is an error that lists them, and --source selects one', async () => {
    await Promise.all([closedEvent('twice', SOURCE), closedEvent('twice', OTHER)]);
    const { code, stdout, stderr } = await joinery(['status', 'twice', '--json']);
    expect({ code, ...failureOf(stdout) }).toMatchObject({ code: 2, exitCode: 2 });
    expect(stderr).toContain(`--source ${SOURCE}\n  --source ${OTHER}`);
    const decided = await joinery(['status', 'twice', '--source', OTHER, '--json']);
    expect(JSON.parse(decided.stdout)).toMatchObject({ source: OTHER });
  });

  test('an event that was only rejected is shown with the reason', async () => {
    const ledger = createLedger(setup.storage.table('audit'), setup.storage.table('auditIndex'));
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
    expect(outputOf('status', stdout)).toMatchObject({
      state: 'rejected',
      reason: 'invalid-date: data.startDate',
    });
    const found = await joinery(['audit', '--event', 'refused-1', '--json']);
    expect(outputOf('audit', found.stdout)).toMatchObject({ rows: [{ bodyHash }], faults: [] });
  });

  test('an unknown id is an error that says where else to look', async () => {
    const { code, stdout, stderr } = await joinery(['status', 'unknown', '--json']);
    expect({ code, ...failureOf(stdout) }).toMatchObject({ code: 1, exitCode: 1 });
    expect(stderr).toContain(`no event unknown of ${SOURCE}, ${OTHER} is known`);
    expect(stderr).toContain('audit --day');
    const rows = await joinery(['audit', '--event', 'unknown', '--json']);
    expect(rows).toMatchObject({ code: 1, stdout, stderr });
  });
});

describe('audit', () => {
  test.each([
    [['--day', '2026-13-45']],
    [['--worker', 'a/b']],
    [['--event', 'a b']],
    [['--worker', 'W-1', '--source', 'urn:x']],
  ])('an invalid option is a usage error: %j', async (question) => {
    expect(await joinery(['audit', ...question])).toMatchObject({ code: 2, stdout: '' });
  });

  test('of a day without rows says so and makes no claim about chains', async () => {
    const { code, stdout } = await joinery(['audit', '--day', '2001-01-01']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no rows\n' });
  });

  test('of a worker nobody sent an event about is an error, as of an unknown event', async () => {
    const message = 'no event of the worker W-nobody is known';
    const { code, stdout, stderr } = await joinery(['audit', '--worker', 'W-nobody']);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: `${message}\n` });
    const asJson = await joinery(['audit', '--worker', 'W-nobody', '--json']);
    expect(failureOf(asJson.stdout)).toMatchObject({ message, exitCode: 1 });
  });

  test('the rows of an event, a worker or a day are printed with the result of the chain check', async () => {
    await closedEvent('audited');
    const questions = [
      ['--event', 'audited'],
      ['--worker', 'W-7'],
      ['--day', '2026-11-20'],
    ];
    const answers = await Promise.all(questions.map((by) => joinery(['audit', ...by, '--json'])));
    for (const { code, stdout } of answers) {
      const report = outputOf('audit', stdout) as AuditReport;
      expect(code).toBe(0);
      expect(report.faults).toEqual([]);
      expect(report.rows.filter(({ eventId }) => eventId === 'audited')).toHaveLength(2);
    }
    expect((await joinery(['audit', '--event', 'audited'])).stdout).toContain(
      '2 rows; the hash chains are intact',
    );
  });

  test('who asked for something and why is shown where a row has it, and only there', async () => {
    const ledger = createLedger(setup.storage.table('audit'), setup.storage.table('auditIndex'));
    const at = '2026-11-20T09:30:00.000Z';
    const rows = {
      recheck: { requestedBy: 'ann', requestReason: 'T-1' },
      replay: { initiator: 'replay:bob', replayId: 'r-1', replayReason: 'T-2' },
    };
    for (const [id, columns] of Object.entries(rows)) {
      const about = { eventId: id, eventSource: SOURCE, eventHash: eventHash(SOURCE, id) };
      await ledger.append(START_OF_CHAIN, entryOf({ ...about, ...columns }), at);
    }
    const textOf = async (id: string) => (await joinery(['audit', '--event', id])).stdout;
    expect(await textOf('recheck')).toMatch(/asked by +asked because\n.* ann +T-1\n/);
    expect(await textOf('replay')).toMatch(/asked by +asked because\n.* bob +T-2\n/);
    expect(await textOf('audited')).not.toContain('asked');
  });

  test('a missing last row is a fault, and the command exits with 1', async () => {
    const key = await closedEvent('cut');
    await setup.storage.table('audit').remove(key, '0001-000002');
    const { code, stdout } = await joinery(['audit', '--event', 'cut', '--json']);
    expect(code).toBe(1);
    expect(outputOf('audit', stdout)).toMatchObject({
      faults: [
        {
          code: 'chain-truncated',
          event: 'cut',
          worker: 'W-7',
          attempt: 1,
          seq: 2,
          eventHash: key,
        },
      ],
    });
  });

  test.each([[['--event', 'gone']], [['--worker', 'W-7']], [['--day', '2026-11-20']]])(
    'a closed event of which no row is left is a fault by each question: %j',
    async (question) => {
      const key = await closedEvent('gone');
      const audit = setup.storage.table('audit');
      for (const row of await audit.list(key)) await audit.remove(key, row.key);
      const { code, stdout } = await joinery(['audit', ...question]);
      expect(code).toBe(1);
      expect(stdout).toContain('event-missing: gone, worker W-7: its claim is closed');
    },
  );

  test('the same without its claim, and a closed event without one, are faults', async () => {
    const key = await closedEvent('lost');
    await setup.storage.table('claims').remove(key, 'claim');
    const lost = await joinery(['audit', '--event', 'lost', '--json']);
    expect(outputOf('audit', lost.stdout)).toMatchObject({
      faults: [{ code: 'claim-missing', event: 'lost' }],
    });
    const audit = setup.storage.table('audit');
    for (const row of await audit.list(key)) await audit.remove(key, row.key);
    const { faults } = outputOf(
      'audit',
      (await joinery(['audit', '--day', '2026-11-20', '--json'])).stdout,
    ) as AuditReport;
    expect(faults).toContainEqual(
      expect.objectContaining({
        code: 'event-missing',
        eventHash: key,
        text: expect.stringContaining('index') as string,
      }),
    );
  });

  test('verify holds seals, rows and claims against each other, and prove prints what a script checks', async () => {
    const key = await closedEvent('sealed');
    const range = ['--from', '2026-11-20', '--to', '2026-11-20T23', '--json'];
    const SEALS = signedContainer(setup.storage.connectionString, 'seals', 'rcl');
    const run = (...args: string[]) => runCommand(['audit', ...args], { ...setup.settings, SEALS });
    expect(await joinery(['audit', 'verify'])).toMatchObject({
      ...{ code: 1, stdout: '', stderr: expect.stringContaining('set SEALS') as string },
    });
    const young = await run('verify');
    expect(young.stdout).toContain('seals-behind: there is no seal; the app makes the first one');
    const unsealed = await run('prove', 'sealed');
    expect(unsealed.code).toBe(1);
    expect(unsealed.stderr).toMatch(/^attempt 1 is in no seal; /);
    expect(outputOf('audit prove', unsealed.stdout)).toMatchObject({ unsealed: [1] });
    await sealHours(auditedOn(setup.storage), Date.parse('2026-11-20T12:05:00Z'), () => undefined);
    const { faults } = outputOf(
      'audit verify',
      (await run('verify', ...range)).stdout,
    ) as Verification;
    expect(faults.filter(({ eventHash: of }) => of === key)).toEqual([]);
    const proof = await run('prove', 'sealed');
    expect(proof.code).toBe(0);
    expect(outputOf('audit prove', proof.stdout)).toMatchObject({
      ...{ proofs: [{ leaf: { eventHash: key, attempt: 1, seq: 2 } }], unsealed: [] },
      rows: [{ seq: 1 }, { seq: 2 }],
    });
    const audit = setup.storage.table('audit');
    for (const row of await audit.list(key)) await audit.remove(key, row.key);
    await setup.storage.table('claims').remove(key, 'claim');
    const { code, stdout } = await run('verify', '--from', '2026-11-20', '--to', '2026-11-20');
    expect(code).toBe(1);
    expect(stdout).toContain(`event-missing: event ${key.slice(0, 12)}: its end is sealed`);
    expect((await run('prove', 'sealed')).code).toBe(0);
    expect((await run('prove', 'unknown')).code).toBe(1);
    expect((await run('verify', '--from', 'yesterday')).code).toBe(2);
    const backwards = await run('verify', '--from', '2026-11-21', '--to', '2026-11-20');
    expect([backwards.code, backwards.stderr]).toEqual([
      2,
      expect.stringContaining('--from is after --to'),
    ]);
  });

  test('no selection, or two at once, is an error that names the options', async () => {
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
  const sender = setup.client.createSender(QUEUE);
  for (const body of bodies) await sender.sendMessages({ body: Buffer.from(body) });
  const receiver = setup.client.createReceiver(QUEUE);
  for (const message of await receiver.receiveMessages(3, { maxWaitTimeInMs: 30_000 })) {
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
  expect(outputOf('dead-letters', all.stdout)).toMatchObject({
    deadLetters: [
      { eventId: 'dead-1', deadLetterReason: 'tested' },
      { problem: 'not-json', deadLetterReason: 'tested' },
      { eventId: 'dead-3' },
    ],
  });
  expect(all.stdout).not.toContain('CANARY');
  expect(JSON.parse(some.stdout)).toMatchObject({ deadLetters: { length: 2 } });
  expect(shown.stdout).toMatch(/dead-1 +tested/);
});

describe('the local stack', () => {
  const writeStack = (stack: object) =>
    writeFile(join(setup.folder, 'stack.json'), JSON.stringify(stack));
  const local = (args: string[]) => runCommand(args, { JOINERY_DATA_DIR: setup.folder });

  test('without settings and without a stack the command says how to get one', async () => {
    const { code, stdout, stderr } = await runCommand(['status', 'x', '--json'], {
      JOINERY_DATA_DIR: join(setup.folder, 'nothing-here'),
    });
    expect({ code, ...failureOf(stdout) }).toMatchObject({ code: 1, exitCode: 1 });
    expect(stderr).toContain('no running stack');
    expect(stderr).toContain('npm start');
    expect(stderr).toContain('RECORDS_STORAGE');
    expect(stderr).not.toMatch(/ at .*\.js/);
  });

  test('a reconciliation that finds no stack ends with 3: 1 would say that something differs', async () => {
    const { code, stdout } = await runCommand(
      ['reconcile', '--dry-run', '--json', '--reports', setup.folder],
      { JOINERY_DATA_DIR: join(setup.folder, 'nothing-here') },
    );
    expect({ code, ...failureOf(stdout) }).toMatchObject({ code: 3, exitCode: 3 });
  });

  test('the settings come from the running stack, also while its host is stopped', async () => {
    await closedEvent('on-stack', OTHER);
    const parts = {
      serviceBus: { connectionString: setup.settings['ServiceBus'], pid: 1 },
      storage: { connectionString: setup.storage.connectionString, pid: 1 },
    };
    const settings = { EVENT_SOURCES: OTHER, PROVISIONING_QUEUE: QUEUE };
    await writeStack({ ...parts, host: { url: 'http://127.0.0.1:1', pid: 1, settings } });
    const known = await local(['status', 'on-stack', '--json']);
    expect(JSON.parse(known.stdout)).toMatchObject({ source: OTHER });
    await writeStack(parts);
    const fallback = await local(['status', 'on-stack']);
    expect(fallback.stderr).toContain(`no event on-stack of ${SOURCE} is known`);
  });

  test('a stack that has stopped is reported, by Service Bus and by the stores', async () => {
    const gone =
      'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=SECRET;UseDevelopmentEmulator=true;';
    const nowhere = setup.storage.connectionString.replace(
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
    expect(asked[1].stderr).toContain('Service Bus failed');
    for (const { stderr } of asked) expect(stderr).not.toMatch(/SECRET|AccountKey| at .*\.js/);
  });
});
