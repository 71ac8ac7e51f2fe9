import { commands } from '../../../cli/commands';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN, type ChainEnd } from '../../../shared/domain/workflow/run';
import type { AuditEntry } from '../../../shared/domain/workflow/audit-entry';
import type { PersonReport } from '../../../shared/reports/person';
import { createLedger } from '../../../shared/storage/audit';
import { createClaims } from '../../../shared/storage/claims';
import { createHoldings, type StoredHolding } from '../../../shared/storage/holdings';
import { createWorkers } from '../../../shared/storage/workers';
import { runCommand } from '../../support/run-command';
import { openStorage, type Storage } from '../../support/storage';
import { entryOf } from '../storage/entries';

const SOURCE = 'urn:hr:acme:workday';
const ACCOUNT = '20000000-0000-4000-8000-000000000001';
const AT = '2026-11-20T09:30:02.000Z';

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const person = (id: string, ...args: string[]) =>
  runCommand(['person', id, ...args], {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    EVENT_SOURCES: SOURCE,
  });

async function report(id: string): Promise<PersonReport> {
  const { code, stdout } = await person(id, '--json');
  expect(code).toBe(0);
  const { output } = commands.find(({ name }) => name === 'person') ?? {};
  return output?.parse(JSON.parse(stdout)) as PersonReport;
}

async function fact(workerId: string, id: string, previousWorkerId?: string): Promise<string> {
  const hash = eventHash(SOURCE, id);
  await createWorkers(storage.table('workers')).addFact({
    ...{ source: SOURCE, id, hash, time: AT, workerId, employmentId: 'primary', previousWorkerId },
    states: { kind: 'joined', startDate: '2026-11-23', attributes: { department: 'Finance' } },
    acceptedAt: AT,
  });
  return hash;
}

/** Settled rows of one event, in their order. */
async function settled(workerId: string, id: string, ...rows: Partial<AuditEntry>[]) {
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const about = { eventId: id, eventSource: SOURCE, eventHash: eventHash(SOURCE, id), workerId };
  let chain: ChainEnd = START_OF_CHAIN;
  for (const row of rows) {
    const entry = { ...about, kind: 'settled', step: 'plan', targetId: ACCOUNT, ...row } as const;
    chain = (await ledger.append(chain, entryOf(entry), AT)).chain;
  }
}

const hold = (personId: string, id: string, changes: Partial<StoredHolding>) =>
  createHoldings(storage.table('workers')).save({
    ...{ personId, targetId: ACCOUNT, packageKey: 'finance', state: 'held', action: 'grant' },
    ...{ whose: 'ours', assignmentId: 'a-1', eventHash: eventHash(SOURCE, id), attempt: 1 },
    ...{ instanceId: 'i', absentReads: 0, updatedAt: AT },
    ...changes,
  });

test('what others gave is shown as theirs, also what is left to a person to decide', async () => {
  const hash = await fact('W-1', 'join-1');
  const met = { action: 'grant', outcome: 'already-held', whose: 'theirs' } as const;
  await settled(
    'W-1',
    'join-1',
    { ...met, packageKey: 'finance', ruleId: 'finance-staff', factHashes: hash },
    { ...met, packageKey: 'sales', action: 'hand-off', outcome: 'handed-off' },
    { ...met, packageKey: 'badge', outcome: 'refused-sod' },
  );
  const { has } = await report('W-1');
  expect(has).toMatchObject([
    { packageKey: 'finance', whose: 'theirs', ruleId: 'finance-staff', facts: [{}] },
    { packageKey: 'sales', whose: 'theirs', facts: [] },
  ]);
});

test('what was removed or has ended is not shown, and what is being removed is shown as both', async () => {
  await fact('W-2', 'join-2');
  await hold('W-2', 'join-2', { packageKey: 'gone', state: 'gone', action: 'revoke' });
  await hold('W-2', 'join-2', { packageKey: 'ended', until: '2026-11-21T00:00:00.000Z' });
  await hold('W-2', 'join-2', { packageKey: 'leaving', state: 'requested', action: 'revoke' });
  await hold('W-2', 'join-2', {
    packageKey: 'coming',
    state: 'submitting',
    assignmentId: undefined,
  });
  const { has, asked } = await report('W-2');
  expect(has.map(({ packageKey }) => packageKey)).toEqual(['leaving']);
  expect(asked.map(({ packageKey, action }) => `${action} ${packageKey}`)).toEqual([
    ...['grant coming', 'revoke leaving'],
  ]);
});

test('what was adopted without a run names no rule, and since when it is recorded', async () => {
  await fact('W-3', 'roster-3');
  await hold('W-3', 'roster-3', {});
  const { has } = await report('W-3');
  expect(has).toMatchObject([{ packageKey: 'finance', whose: 'ours', since: AT, facts: [] }]);
  expect(has[0]).not.toHaveProperty('ruleId');
});

test('joined numbers are one person, and what is held under any of them is shown', async () => {
  await fact('W-5', 'join-5', 'C-4');
  await hold('C-4', 'join-5', {});
  const found = await report('C-4');
  expect(found).toMatchObject({ person: 'C-4', numbers: ['C-4', 'W-5'] });
  expect(found.has).toHaveLength(1);
  expect(await report('W-5')).toEqual(found);
});

test('a run that is parked goes on before the next change, and is the next look', async () => {
  const key = await fact('W-7', 'join-7');
  const [sooner, later] = ['2026-12-01T00:00:00.000Z', '2027-03-01T00:00:00.000Z'];
  await createWorkers(storage.table('workers')).changeWake('W-7', () => ({ at: later }));
  expect((await report('W-7')).wakeAt).toBe(later);
  await createClaims(storage.table('claims')).claim(key, {
    ...{ state: 'started', contentHash: 'c'.repeat(64), attempt: 1, updatedAt: AT },
    fact: {
      ...{ eventId: 'join-7', eventSource: SOURCE, eventType: 'hr.worker.joined.v1' },
      ...{ workerId: 'W-7', bodyHash: 'b'.repeat(64), employmentId: 'primary' },
      ...{ startDate: '2026-11-23', timeZone: 'UTC', actAt: AT, occurredAt: AT, receivedAt: AT },
    },
    due: { partition: 'shard-1', key: 'k' },
    waiting: { for: 'parked', since: AT, until: sooner },
  });
  expect((await report('W-7')).wakeAt).toBe(sooner);
});

test('without the rules everything but what comes next is shown, and why', async () => {
  await fact('W-6', 'join-6');
  const found = await report('W-6');
  expect(found.next).toEqual([]);
  expect(found.notes[0]).toContain('set ACCESS_MODEL');
});

test('an unknown worker is an error in words', async () => {
  expect(await person('W-404')).toMatchObject({
    ...{ code: 1, stdout: '', stderr: 'no event of the worker W-404 is known\n' },
  });
});
