import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { graphCalls } from '../../support/simulator';
import { messageOf } from '../../support/events';
import { eventually } from '../../support/eventually';
import { runCommand } from '../../support/run-command';
import { readTable, type Row } from '../../support/tables';
import {
  approver,
  clerk,
  contractor,
  finance,
  sales,
  startLife,
  type Event,
  type Life,
} from './life';

type Model = { accessPackages: { key: string; mode?: string }[] };

let life: Life;
let model: Model;
beforeAll(async () => {
  const file = join(projectRoot(), 'access-model.json');
  model = JSON.parse(await readFile(file, 'utf8')) as Model;
  life = await startLife({ env: { REMOVAL_SETTLE: '0s' }, files: { ACCESS_MODEL: model } });
});
afterAll(() => life.stop());

/** Settings and rules are read at the start of the app. */
async function restart(settings: Record<string, string>): Promise<void> {
  await life.stack.kill('host', 'SIGTERM');
  await life.stack.start('host', settings);
}
const writes = async () =>
  (await graphCalls(life.stack.graphUrl)).filter(({ method }) => method !== 'GET').length;

const joinery = async (...args: string[]): Promise<unknown> => {
  const { stdout, code, stderr } = await runCommand([...args, '--json'], {
    JOINERY_DATA_DIR: life.stack.dataDir,
  });
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as unknown;
};
const waitsFor = (one: Event, reason: string) =>
  eventually(`${one.id} is held`, async () => {
    const { events } = (await joinery('list')) as {
      events: { eventId: string; waitingFor?: string; waitingReason?: string }[];
    };
    const found = events.find(({ eventId }) => eventId === one.id);
    return found?.waitingFor === 'held' && found.waitingReason === reason;
  });

const closedIn = (one: Event, attempt: number): Promise<Row> =>
  eventually(`attempt ${attempt} at ${one.id} is closed`, async () => {
    const claim = await life.closed(one);
    return claim['attempt'] === attempt ? claim : undefined;
  });

/** Gives packages a mode of their own; all others have none. */
async function useModes(modes: Record<string, string>): Promise<void> {
  const accessPackages = model.accessPackages.map((one) => ({
    ...one,
    ...(modes[one.key] && { mode: modes[one.key] }),
  }));
  const file = join(life.stack.dataDir, 'access_model.json');
  await writeFile(file, JSON.stringify({ ...model, accessPackages }));
}

/**
 * What the settled rows of an attempt say, as if `would-grant` were `delivered`. Whether a run
 * also waited for a removal depends on which replica of Graph its new plan read.
 */
async function settledIn(one: Event, attempt: number): Promise<string[]> {
  const { eventHash } = messageOf(one);
  const rows = await readTable(life.stack.storage, 'audit', `PartitionKey eq '${eventHash}'`);
  const done: Record<string, string> = {
    'would-grant': 'delivered',
    'would-revoke': 'revoked',
    'would-extend': 'extended',
  };
  return rows
    .filter((row) => row['kind'] === 'settled' && row['attempt'] === attempt)
    .filter((row) => row['step'] !== 'ensure' && row['outcome'] !== 'waited')
    .map(({ action, packageKey, targetId, outcome }) =>
      [action, packageKey, targetId, done[String(outcome)] ?? outcome].join(' '),
    )
    .sort();
}

test('in observe Graph receives no write, and the rows of each event are those of the same event in enforce', async () => {
  const person = (number: number) => life.worker(`W-${number}`);
  const [mover, crossing, leaver] = [person(1061), person(1062), person(1063)];
  const [withMore, extended, joiner, refused] = [1064, 1065, 1066, 1067].map(person);
  if (!withMore || !extended || !joiner || !refused) throw new Error('a person is missing');
  const hired = extended.joined('2026-11-02', contractor, { endDate: '2026-12-31' });
  const before = [
    ...[mover, leaver, withMore].map(({ joined }) => joined('2026-11-02', finance)),
    crossing.joined('2026-11-02', approver),
    // So that the packages exist which an administrator gives.
    person(1068).joined('2026-11-02', sales),
    person(1069).joined('2026-11-02', clerk),
    hired,
  ];
  await life.say(...before);
  await Promise.all(before.map(life.closed));
  await life.give(await life.accountOf(withMore.id), 'Sales');
  await life.give(await life.accountOf(refused.id), 'Vendor Maintenance');

  await restart({ MODE: 'observe' });
  const written = await writes();
  const events = [
    mover.moved('2026-11-20', sales),
    crossing.moved('2026-11-20', clerk),
    leaver.left({ lastDay: '2026-11-20' }),
    withMore.left({ lastDay: '2026-11-20' }),
    extended.corrected(hired, {
      ...{ startDate: '2026-11-02', endDate: '2027-01-31', attributes: contractor },
    }),
    joiner.joined('2026-11-02', finance),
    refused.joined('2026-11-02', approver),
  ];
  await life.say(...events);
  const observed = await Promise.all(events.map(life.closed));
  expect(observed.map(({ outcome }) => outcome)).toEqual([
    ...Array.from({ length: 6 }, () => 'observed'),
    'refused-sod',
  ]);
  expect(await life.rows(events[1] as Event)).toEqual([
    'grant vendor-maintenance: would-grant',
    'revoke payments-approval: would-revoke',
  ]);
  expect(await writes()).toBe(written);
  const would = await Promise.all(events.map((one) => settledIn(one, 1)));

  await restart({ MODE: 'enforce' });
  for (const { id } of events)
    await joinery('replay', id, '--yes', '--by', 'ann', '--reason', 'GO');
  const ends = await Promise.all(events.map((one) => closedIn(one, 2)));
  expect(ends.map(({ outcome }) => outcome)).toEqual([
    ...['delivered', 'delivered', 'revoked', 'revoked', 'delivered', 'delivered', 'refused-sod'],
  ]);
  expect(await Promise.all(events.map((one) => settledIn(one, 2)))).toEqual(would);
}, 300_000);

test('while everything is paused nothing is written; what is held says so, and goes on when the mode changes', async () => {
  const [leaver, joiner] = [life.worker('W-1071'), life.worker('W-1072')];
  await life.ending(leaver.joined('2026-11-02', finance));
  await restart({ MODE: 'paused' });
  const written = await writes();
  const events = [leaver.left({ lastDay: '2026-11-20' }), joiner.joined('2026-11-02', finance)];
  await life.say(...events);
  for (const one of events) await waitsFor(one, 'paused');
  expect(await writes()).toBe(written);

  await restart({ MODE: 'enforce' });
  const ends = await Promise.all(events.map(life.closed));
  expect(ends.map(({ outcome }) => outcome)).toEqual(['revoked', 'delivered']);
}, 180_000);

test('a package that is paused waits alone, and one that is observed is only recorded', async () => {
  const [mover, joiner] = [life.worker('W-1073'), life.worker('W-1074')];
  const account = await life.accountOf(mover.id);
  await life.ending(mover.joined('2026-11-02', finance));
  await useModes({ sales: 'paused', operations: 'observe' });
  await restart({});
  const move = mover.moved('2026-11-20', sales);
  await life.say(move);
  await waitsFor(move, 'paused');
  expect(await life.has(account)).toEqual([]);
  const operations = { department: 'Operations', workerType: 'employee' };
  expect(await life.ending(joiner.joined('2026-11-02', operations))).toBe('observed');

  await useModes({});
  await restart({});
  expect((await life.closed(move))['outcome']).toBe('delivered');
  expect(await life.rows(move)).toEqual(['grant sales: delivered', 'revoke finance: revoked']);
}, 180_000);

test('on an excluded person nothing is carried out, by worker id or by object id, and a row says so', async () => {
  const [byWorker, byObject] = [life.worker('W-1075'), life.worker('W-1076')];
  const account = await life.accountOf(byObject.id);
  for (const { joined } of [byWorker, byObject]) await life.ending(joined('2026-11-02', finance));
  const list = join(life.stack.dataDir, 'exclusions.json');
  await writeFile(list, JSON.stringify({ workerIds: [byWorker.id], objectIds: [account] }));
  await restart({ EXCLUSIONS: list });
  for (const { left } of [byWorker, byObject]) {
    const leave = left({ lastDay: '2026-11-20' });
    expect(await life.ending(leave)).toBe('excluded');
    expect(await life.rows(leave)).toEqual(['revoke finance: excluded']);
  }
  expect(await life.has(account)).toEqual(['Finance']);
}, 180_000);

test('what a mode or a list has kept back is no problem', async () => {
  const { events } = (await joinery('list', '--problems')) as { events: { outcome: string }[] };
  expect([...new Set(events.map(({ outcome }) => outcome))]).toEqual(['refused-sod']);
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
