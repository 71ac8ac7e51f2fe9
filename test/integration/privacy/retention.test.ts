import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { signedContainer } from '../../../infra/local/blobs/signed-container';
import { eventHash } from '../../../shared/domain/events/keys';
import {
  NO_RECORD,
  publicKeyOf,
  removalProblems,
  signRemoval,
  type RemovalRecord,
} from '../../../shared/domain/evidence/removal';
import { sealHours } from '../../../shared/evidence/seal-hours';
import { verifyAudit } from '../../../shared/evidence/verify';
import {
  carryOutRetention,
  checkRemovals,
  planRetention,
  rowsOf,
  type RetentionStores,
} from '../../../shared/privacy/retention';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { runCommand } from '../../support/run-command';
import { openStorage, type Storage } from '../../support/storage';
import { auditedOn } from '../evidence/audited';
import { retentionOn } from './retention-on';

const BEFORE = '2025-11-21';
const NOW = '2025-11-21T03:05:00.000Z';
const SIGNED_BY_ANOTHER = /^record 1 of a removal: key-unknown, signed by [0-9a-f]{16}$/;
const pem = () =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const privateKey = pem();
const by = { by: 'ann', reason: 'T-1', privateKey, at: NOW };

let storage: Storage;
let on: ReturnType<typeof auditedOn>;
let stores: RetentionStores;
/** Two events of a period, one with two attempts, and a refused body; and what has to stay. */
beforeEach(async () => {
  storage = await openStorage();
  on = auditedOn(storage);
  stores = retentionOn(storage, on);
  const old = '2025-11-20T09:30:00.000Z';
  await on.event('1', old);
  await on.event('2', old, { rows: 3 });
  await on.refusal('f', old);
  await on.event('open', old, { isOpen: true });
  await on.event('again', old);
  await on.event('touched', old);
  const seal = (at: string) => sealHours(on, Date.parse(at), () => undefined);
  await seal('2025-11-20T10:05:00Z');
  await on.event('1', '2025-11-20T10:30:00.000Z', { attempt: 2, rows: 2 });
  await on.event('again', '2025-11-21T01:30:00.000Z', { attempt: 2 });
  await on.event('new', '2025-11-21T01:30:00.000Z');
  await seal(NOW);
});
afterEach(() => storage.close());

const verify = async (records: readonly RemovalRecord[] = []) =>
  verifyAudit(on, { now: Date.parse(NOW), ...checkRemovals(records) });
const all = async () => {
  const names = ['audit', 'auditIndex', 'claims'] as const;
  const rows: Record<string, string[]> = {};
  for (const name of names) {
    rows[name] = [];
    for await (const page of storage.table(name).scan({}))
      rows[name].push(...page.map(({ partition, key }) => `${partition}/${key}`));
  }
  return rows;
};

test('what was closed before the day is shown, then removed with a signed record, and all the rest verifies', async () => {
  const before = await all();
  const plan = await planRetention(stores, BEFORE);
  expect(await all()).toEqual(before);
  expect(plan.kept).toEqual({ open: 1, 'closed-later': 1, 'not-sealed': 0, 'does-not-verify': 0 });
  // Of 1, 2, the refusal and the touched one, which nobody has touched yet.
  const counts = { audit: 4 + 2 + 3 + 1 + 4, auditIndex: 4 + 2 + 2 + 2, claims: 3 };
  expect(rowsOf(plan.removable)).toEqual(counts);
  const [record, ...others] = await carryOutRetention(stores, plan, by);
  expect(others).toEqual([]);
  expect(record).toMatchObject({ number: 1, before: BEFORE, by: 'ann', rows: counts });
  expect(JSON.stringify(record)).not.toMatch(/W-|urn:hr/);
  const after = await all();
  for (const [table, count] of Object.entries(counts))
    expect((before[table]?.length ?? 0) - (after[table]?.length ?? 0)).toBe(count);

  const records = await stores.records.all();
  expect(removalProblems(records, [record?.publicKey ?? ''])).toEqual([undefined]);
  const told = { faults: [], removed: [{ day: '2025-11-21', events: 3, refusals: 1 }] };
  expect(await verify(records)).toMatchObject(told);
  expect((await verify()).faults.map(({ code }) => code)).toContain('event-missing');
  expect((await planRetention(stores, BEFORE)).removable).toEqual([]);
});

test('the commands show it, remove it by name and key, and verify what is left', async () => {
  const key = join(await mkdtemp(join(tmpdir(), 'joinery-key-')), 'key.pem');
  await writeFile(key, privateKey);
  const { connectionString } = storage;
  const settings = {
    ...{ RECORDS_STORAGE: connectionString, AUDIT_STORAGE: connectionString },
    ...{ ServiceBus: 'Endpoint=sb://none', EVENT_SOURCES: 'urn:hr:acme:workday' },
    SEALS: signedContainer(connectionString, 'seals', 'rcl'),
  };
  const joinery = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand([...args, '--json'], settings);
    const printed: unknown = stdout === '' ? stderr : JSON.parse(stdout);
    return { code, printed };
  };
  const counts = { events: 3, refusals: 1, rows: { audit: 14, auditIndex: 10, claims: 3 } };
  const asked = ['retention', '--before', BEFORE];
  const preview = await joinery(...asked);
  expect(preview).toMatchObject({ code: 0, printed: { ...counts, isDone: false, records: [] } });
  const young = await joinery('retention', '--before', new Date().toISOString().slice(0, 10));
  const unsigned = await joinery(...asked, '--yes');
  expect([young.code, unsigned.code]).toEqual([2, 2]);
  expect(JSON.stringify(young.printed)).toMatch(
    /at least 90 days ago: \d{4}-\d\d-\d\d or an earlier one/,
  );
  const signed = ['--yes', '--key', key, '--by', 'ann', '--reason', 'T-1'];
  const done = await joinery(...asked, ...signed);
  expect(done).toMatchObject({
    ...{ code: 0, printed: { ...counts, isDone: true, records: [{ number: 1 }] } },
  });
  const verification = ['audit', 'verify', '--to', '2025-11-21'];
  expect(await joinery(...verification, '--retention-key', key)).toMatchObject({
    code: 0,
    printed: { faults: [], removed: [{ events: 3, refusals: 1 }], notes: [] },
  });
  // What is gone is in no report, which has to say so.
  const notesOf = async (...args: string[]) => {
    const report = await joinery('report', ...args, '--to', '2025-11-22');
    return (report.printed as { content: { notes: string[] } }).content.notes;
  };
  const said = expect.stringMatching(
    /^3 events and 1 refused body that had ended before 2025-11-21 were removed on .* by retention/,
  ) as string;
  expect(await notesOf('completeness', '--from', '2025-11-20')).toEqual([said]);
  expect(await notesOf('leavers', '--from', '2025-11-20')).toEqual([said]);
  expect(await notesOf('access', '--workers', 'W-1')).toEqual([said]);
  expect(await notesOf('completeness', '--from', '2025-11-21')).toEqual([]);
  const hash = eventHash('urn:hr:acme:workday', '1');
  const about = [
    ['status', '1'],
    ['audit', '--event', '1'],
    ['explain', '1'],
  ];
  for (const command of about)
    expect(await joinery(...command)).toMatchObject({
      code: 1,
      printed: {
        error: {
          message: expect.stringMatching(
            `^event 1 of urn:hr:acme:workday was removed by retention on \\d{4}-\\d\\d-\\d\\d: the record removal-000001.json beside the seals names it as ${hash}`,
          ) as string,
        },
      },
    });
  const unread = { SEALS: signedContainer(connectionString, 'none', 'rcl') };
  for (const [id, more] of [
    ['404', {}],
    ['1', unread],
  ] as const)
    expect((await runCommand(['status', id], { ...settings, ...more })).stderr).toContain(
      `no event ${id} of urn:hr:acme:workday is known; "audit --day"`,
    );
  const other = join(dirname(key), 'other.pem');
  await writeFile(other, pem());
  const { code, printed } = await joinery(...verification, '--retention-key', other);
  expect(code).toBe(1);
  expect((printed as { faults: unknown[] }).faults).toContainEqual({
    ...{ code: 'removal-invalid', text: expect.stringMatching(SIGNED_BY_ANOTHER) as string },
  });
  // After a change of the key, the current one and the former one.
  const both = ['--retention-key', other, '--retention-key', key];
  expect(await joinery(...verification, ...both)).toMatchObject({
    code: 0,
    printed: { faults: [], notes: [] },
  });
  const wrong = join(dirname(key), 'rsa.pem');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  await writeFile(wrong, rsa.export({ type: 'spki', format: 'pem' }));
  const refused = { code: 2, printed: { error: { message: `${wrong} holds no Ed25519 key` } } };
  for (const command of [verification, asked])
    expect(
      await joinery(...command, '--retention-key', key, '--retention-key', wrong),
    ).toMatchObject(refused);
});

test('what somebody has touched stays, with its traces', async () => {
  const touched = plainRows(await all(), 'audit');
  const rows = await Promise.all(
    touched.map(([partition, key]) => stores.audit.read(partition, key)),
  );
  const row = rows.find((one) => one?.columns['eventId'] === 'touched');
  if (!row) throw new Error('the row is there');
  const columns = { ...row.columns, packageKey: 'other' };
  await storage.table('audit').replace(row.partition, row.key, columns, row.etag);
  const plan = await planRetention(stores, BEFORE);
  expect(plan.kept['does-not-verify']).toBe(1);
  await carryOutRetention(stores, plan, by);
  const { faults } = await verify(await stores.records.all());
  expect(faults).toMatchObject([{ code: 'row-changed', event: 'touched' }]);
});

const plainRows = (rows: Record<string, string[]>, table: string) =>
  (rows[table] ?? []).map((place) => place.split('/') as [string, string]);

test('a removal that breaks off anywhere is recorded, and the next one ends it', async () => {
  for (let calls = 0; ; calls += 1) {
    let left = calls;
    const breaking = (table: { remove: RetentionStores['audit']['remove'] }) => ({
      ...table,
      remove: (partition: string, key: string) => {
        if (left === 0) return Promise.reject(new StoreUnavailable('away'));
        left -= 1;
        return table.remove(partition, key);
      },
    });
    const { audit, index, claims } = stores;
    const broken = {
      ...stores,
      audit: { ...audit, ...breaking(audit) },
      index: { ...index, ...breaking(index) },
      claims: { ...claims, ...breaking(claims) },
    };
    const plan = await planRetention(stores, BEFORE);
    const isDone = await carryOutRetention(broken, plan, by).then(
      () => true,
      () => false,
    );
    if (isDone) break;
  }
  const records = await stores.records.all();
  expect(records).toHaveLength(1);
  expect(await verify(records)).toMatchObject({ faults: [] });
  expect((await planRetention(stores, BEFORE)).removable).toEqual([]);
});

test('a record of another key makes nothing removable that would stay without it', async () => {
  const open = eventHash('urn:hr:acme:workday', 'open');
  const rows = { audit: 4, auditIndex: 2, claims: 1 };
  const content = { number: 1, previous: NO_RECORD, before: BEFORE, events: [open], bodies: [] };
  const who = { by: 'eve', reason: 'T-0', at: NOW };
  await stores.records.add(signRemoval({ ...content, ...who, rows }, pem()));
  const plan = await planRetention(stores, BEFORE, [publicKeyOf(privateKey)]);
  expect(plan.removable.map(({ subject }) => subject)).not.toContain(open);
  expect(plan.kept.open).toBe(1);
});

test('an event that HR sends again after its removal is an event of its own, and verifies', async () => {
  await carryOutRetention(stores, await planRetention(stores, BEFORE), by);
  await on.event('2', '2025-11-30T02:30:00.000Z', { rows: 2 });
  await sealHours(on, Date.parse('2025-11-30T03:06:00Z'), () => undefined);
  const records = await stores.records.all();
  const verified = await verifyAudit(on, {
    ...{ now: Date.parse('2025-11-30T03:07:00Z'), ...checkRemovals(records) },
  });
  expect(verified).toMatchObject({ faults: [], removed: [{ day: '2025-11-21' }] });
});

test('a record that is forged, changed, left out or of another key is known', async () => {
  const plan = await planRetention(stores, BEFORE);
  const [first] = await carryOutRetention(
    stores,
    { ...plan, removable: plan.removable.slice(0, 1) },
    by,
  );
  const rest = await planRetention(stores, BEFORE);
  const [second] = await carryOutRetention(stores, rest, { ...by, privateKey: pem() });
  if (!first || !second) throw new Error('there are two');
  const trusted = [first.publicKey];
  expect(removalProblems([first, second])).toEqual([undefined, undefined]);
  expect(removalProblems([first, second], trusted)).toEqual([undefined, 'key-unknown']);
  expect(removalProblems([second])).toEqual(['record-missing']);
  const forged = { ...first, events: [...first.events, 'a'.repeat(64)] };
  expect(removalProblems([forged])).toEqual(['signature-wrong']);
  expect(checkRemovals([first, second], trusted)).toMatchObject({
    removals: first.events.concat(first.bodies).map((hash) => ({ hash })),
    faults: [{ code: 'removal-invalid' }],
  });
});
