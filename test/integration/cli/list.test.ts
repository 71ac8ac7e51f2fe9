import { commands } from '../../../cli/commands';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createClaims } from '../../../shared/storage/claims';
import { createDue } from '../../../shared/storage/due';
import { createLedger } from '../../../shared/storage/audit';
import { closing, entryOf } from '../storage/entries';
import { runCommand } from '../../support/run-command';
import { hash, openStorage, type Storage } from '../../support/storage';

const SOURCE = 'urn:hr:acme:workday';
const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

type Line = Record<string, unknown>;

async function list(...args: string[]): Promise<{ events: Line[]; groups: Line[] }> {
  const { code, stdout, stderr } = await joinery(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { output } = commands.find(({ name }) => name === 'list') ?? {};
  return output?.parse(JSON.parse(stdout)) as { events: Line[]; groups: Line[] };
}
const ids = async (...args: string[]) => (await list(...args)).events.map(({ eventId }) => eventId);

const joinery = (...args: string[]) =>
  runCommand(['list', ...args], {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    EVENT_SOURCES: SOURCE,
  });

const ledger = () => createLedger(storage.table('audit'), storage.table('auditIndex'));

async function open(id: string, workerId: string, hours: number, changes: Partial<Claim> = {}) {
  const key = eventHash(SOURCE, id);
  const due = createDue(storage.table('due'));
  // A row that an interrupted move left: the event must be listed once.
  await due.schedule(key, '2026-11-21T09:30:00.000Z', 'interrupted');
  const at = ago(hours);
  await createClaims(storage.table('claims')).claim(key, {
    ...{ state: 'started', contentHash: hash('c'), attempt: 1, updatedAt: at },
    fact: {
      ...{ eventId: id, eventSource: SOURCE, eventType: 'hr.worker.joined.v1', workerId },
      ...{ bodyHash: hash('b'), employmentId: 'primary', startDate: '2026-11-23' },
      ...{ timeZone: 'UTC', actAt: at, occurredAt: at, receivedAt: at },
    },
    due: await due.schedule(key, '2099-01-01T00:00:00.000Z'),
    ...changes,
  });
  return { key, at };
}

/** An event that was closed as long ago as it was received, with its closing row. Its due row is still there. */
async function closed(id: string, workerId: string, hours: number, changes: Partial<Claim>) {
  const { key, at } = await open(id, workerId, hours, { state: 'closed', ...changes });
  const about = { eventId: id, eventSource: SOURCE, eventHash: key, workerId };
  await ledger().append(START_OF_CHAIN, entryOf({ ...about, ...closing }), at);
}

async function refused(id: string, hours: number): Promise<void> {
  const bodyHash = eventHash('body', id);
  const rejected = { kind: 'rejected', state: 'rejected', outcome: 'rejected' } as const;
  const about = { eventId: id, eventSource: SOURCE, eventHash: eventHash(SOURCE, id), bodyHash };
  const reason = 'invalid-date: data.startDate';
  const entry = { ...entryOf({ ...about, ...rejected, reason }), bodyHash, receivedAt: ago(hours) };
  await ledger().reject(entry, ago(hours));
}

test('while no event is open it says so, and a search for one worker says nothing of days', async () => {
  const more = '; --problems, --outcome, --since and --worker list others';
  expect((await joinery()).stdout).toBe(`no event is open${more}\n`);
  expect((await joinery('--open')).stdout).toBe('no event is open\n');
  expect((await joinery('--worker', 'W-404')).stdout).toBe('no such event\n');
});

test('every open event is listed once, with what it waits for, since when and until when, and each group is counted', async () => {
  const directory: Claim['waiting'] & object = {
    ...{ for: 'directory', reason: 'no-identity', since: ago(30) },
    until: '2026-12-11T09:30:00.000Z',
  };
  await open('missing-1', 'W-1', 30, { waiting: directory });
  await open('missing-2', 'W-2', 29, { waiting: directory });
  await open('approval', 'W-3', 28, { waiting: { for: 'approval', since: ago(28) } });
  await open('working', 'W-4', 2);
  await open('not-begun', 'W-5', 1, { state: 'claimed' });
  await closed('over', 'W-6', 3, { outcome: 'delivered', waiting: directory });
  // A row whose event was never claimed, because the intake was interrupted before the claim.
  await createDue(storage.table('due')).schedule(hash('d'), ago(1));
  const { events, groups } = await list('--open');
  expect(events).toMatchObject([
    {
      ...{ eventId: 'missing-1', workerId: 'W-1', state: 'started', waitingFor: 'directory' },
      ...{ waitingReason: 'no-identity', waitingSince: directory.since },
      ...{ waitingUntil: directory.until, attempt: 1 },
    },
    { eventId: 'missing-2' },
    { eventId: 'approval', waitingFor: 'approval' },
    { eventId: 'working', waitingFor: 'nothing' },
    { eventId: 'not-begun', waitingFor: 'start' },
  ]);
  expect(groups[0]).toEqual({ state: 'open', why: 'directory (no-identity)', events: 2 });
  expect(groups).toHaveLength(4);
  const shown = (await joinery()).stdout;
  expect(shown).toMatch(
    /^missing-1 +W-1 +1 +open +directory \(no-identity\) .*2026-12-11T09:30:00Z/m,
  );
  expect(shown).not.toContain('over');
});

test('problems are the events that ended without all of their access, and refused messages; outcome, time and worker narrow', async () => {
  await closed('p-failed', 'W-11', 50, { outcome: 'failed', reason: 'defect' });
  await closed('p-partly', 'W-12', 40, { outcome: 'partly-delivered' });
  await closed('p-held', 'W-12', 40, { outcome: 'already-held' });
  await closed('p-old', 'W-13', 24 * 20, { outcome: 'denied' });
  await refused('p-refused', 10);
  await open('p-open', 'W-12', 1);
  expect(await ids('--problems')).toEqual(['p-failed', 'p-partly', 'p-refused']);
  expect(await ids('--problems', '--since', '45h')).toEqual(['p-partly', 'p-refused']);
  expect(await ids('--problems', '--since', '30d')).toContain('p-old');
  expect(await ids('--outcome', 'failed', '--outcome', 'already-held')).toEqual([
    ...['p-failed', 'p-held'],
  ]);
  expect(await ids('--worker', 'W-12')).toEqual(['p-partly', 'p-held', 'p-open']);
  expect(await ids('--worker', 'W-12', '--open')).toEqual(['p-open']);
  expect(await ids('--worker', 'W-13', '--problems')).toEqual(['p-old']);
  expect(await ids('--since', '100m')).toEqual(['not-begun', 'p-open']);
  expect((await list('--outcome', 'failed')).groups).toEqual([
    { state: 'failed', why: 'defect', events: 1 },
  ]);
});

test('without such an event it says so, and for how long it has searched', async () => {
  const { code, stdout } = await joinery('--outcome', 'terminated');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout:
      'no such event; ended events are searched for 7 days unless --since or --worker is given\n',
  });
});
