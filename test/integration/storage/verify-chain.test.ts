import { TableClient } from '@azure/data-tables';
import { hashOf, type KnownEnd } from '../../../shared/domain/evidence/chain';
import { chainFaults } from '../../../shared/domain/evidence/chain-faults';
import { createLedger, createLedgerReader } from '../../../shared/storage/audit';
import type { AuditRow } from '../../../shared/domain/workflow/audit-entry';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { openStorage, type Storage } from '../../support/storage';
import { AT, closing, entryOf } from './entries';

let storage: Storage;
/** Somebody with write access to the table itself. */
let intruder: TableClient;
let events = 0;

beforeAll(async () => {
  storage = await openStorage();
  intruder = TableClient.fromConnectionString(storage.connectionString, 'audit', {
    allowInsecureConnection: true,
  });
});
afterAll(() => storage.close());

/** The chain of three rows of schema 1, as SHA-256 of their canonical JSON had it. */
const HASHES = [
  '0'.repeat(64),
  'e302592aac4f16797a8f9d450403aebb62cd8788d8527ddb8cb4d213b8d99c84',
  '1a59504f1893bb8514ef65f2658e48c0f90595fc59a1050fbf11faaec3c8a3e3',
  'd25799039fdfeeddce42dfb4934c9bf185521135f7f0ca424aacb7a28163551c',
];

const key = (seq: number, attempt = 1) =>
  `${String(attempt).padStart(4, '0')}-${String(seq).padStart(6, '0')}`;

/** Two attempts of one event, of four rows each. */
async function story(): Promise<{ eventHash: string; end: KnownEnd }> {
  events += 1;
  const eventHash = String(events).padStart(64, '0');
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  let chain = START_OF_CHAIN;
  for (const attempt of [1, 2]) {
    chain = START_OF_CHAIN;
    const rows = [{}, { kind: 'settled' }, { step: 'assign' }, closing] as const;
    for (const row of rows) {
      ({ chain } = await ledger.append(chain, entryOf({ ...row, eventHash, attempt }), AT));
    }
  }
  return { eventHash, end: { attempt: 2, ...chain } };
}

const rowsOf = (eventHash: string): Promise<AuditRow[]> =>
  createLedgerReader(storage.table('audit'), storage.table('auditIndex')).ofEvent(eventHash);

/** Code and place of each fault. */
const faultsOf = async ({ eventHash, end }: { eventHash: string; end?: KnownEnd }) => {
  const rows = await createLedgerReader(storage.table('audit'), storage.table('auditIndex')).rowsOf(
    eventHash,
  );
  return chainFaults(eventHash, rows, end && [end]).map(
    ({ code, attempt, seq }) => `${code} ${attempt}/${seq}`,
  );
};

const change = (eventHash: string, rowKey: string, columns: object) =>
  intruder.updateEntity({ partitionKey: eventHash, rowKey, ...columns }, 'Merge');

/** What a careful intruder writes over a row. */
function hashedAnew({ hash, ...row }: AuditRow): { outcome: string; hash: string } {
  const anew = hashOf({ ...row, outcome: 'denied' });
  if (anew === hash) throw new Error('the row said so already');
  return { outcome: 'denied', hash: anew };
}

test('rows that were written as schema 1 still verify', async () => {
  const eventHash = '1'.repeat(64);
  const shared = {
    ...{ eventHash, eventId: 'e-1', attempt: 1, workerId: 'W-1024', runToken: 't' },
    ...{ dueAt: '2026-11-22T23:00:00.000Z', recordedAt: '2026-11-20T09:31:01.000Z' },
    ...{ accessModelHash: 'a'.repeat(64), appVersion: '0.1.0', environment: 'Test' },
    schemaVersion: 1,
  };
  const grant = { state: 'started', step: 'assign', action: 'grant', packageKey: 'finance' };
  const rows = [
    { ...grant, kind: 'intended', ruleId: 'finance-staff', hash: HASHES[1] },
    {
      ...{ ...grant, kind: 'settled', outcome: 'delivered', policyApproval: 'required' },
      ...{ deliveredAt: '2026-11-20T09:31:00.000Z', marginMinutes: 2248, hash: HASHES[2] },
    },
    { kind: 'closing', state: 'closed', outcome: 'delivered', hash: HASHES[3] },
  ];
  for (const [at, row] of rows.entries()) {
    const place = { partitionKey: eventHash, rowKey: key(at + 1), seq: at + 1 };
    await intruder.createEntity({ ...place, ...shared, ...row, prevHash: HASHES[at] });
  }
  const end = { attempt: 1, seq: 3, hash: HASHES[3] ?? '' };
  expect(await faultsOf({ eventHash, end })).toEqual([]);
  await change(eventHash, key(2), { marginMinutes: 2249 });
  expect(await faultsOf({ eventHash, end })).toEqual(['row-changed 1/2']);
});

test('a story that nobody touched holds, to its end', async () => {
  expect(await faultsOf(await story())).toEqual([]);
});

test.each([
  ['outcome', 'denied'],
  ['workerId', 'W-1'],
  ['seq', 9],
  ['attempt', 2],
  ['added', 'a column that no row has'],
])('a row whose %s was altered is named', async (column, value) => {
  const { eventHash } = await story();
  await change(eventHash, key(3), { [column]: value });
  expect(await faultsOf({ eventHash })).toEqual(['row-changed 1/3']);
});

test('a row that lost a column is named', async () => {
  const { eventHash } = await story();
  const { prevHash, ...row } = (await rowsOf(eventHash))[1] as AuditRow;
  await intruder.updateEntity({ partitionKey: eventHash, rowKey: key(2), ...row }, 'Replace');
  expect([prevHash.length, ...(await faultsOf({ eventHash }))]).toEqual([64, 'row-changed 1/2']);
});

test('a row that was altered and hashed anew breaks the chain behind it', async () => {
  const { eventHash } = await story();
  const row = (await rowsOf(eventHash))[1];
  if (!row) throw new Error('the story has rows');
  await change(eventHash, key(2), hashedAnew(row));
  expect(await faultsOf({ eventHash })).toEqual(['row-changed 1/2']);
});

test('a last row that was altered and hashed anew shows only against its claim', async () => {
  const { eventHash, end } = await story();
  const row = (await rowsOf(eventHash)).at(-1);
  if (!row) throw new Error('the story has rows');
  await change(eventHash, key(4, 2), hashedAnew(row));
  expect(await faultsOf({ eventHash })).toEqual([]);
  expect(await faultsOf({ eventHash, end })).toEqual(['row-changed 2/4']);
});

test.each([1, 2, 3])('row %d that was deleted leaves a gap', async (seq) => {
  const { eventHash } = await story();
  await intruder.deleteEntity(eventHash, key(seq));
  expect(await faultsOf({ eventHash })).toEqual([`row-missing 1/${seq}`]);
});

test('a tail that was cut off shows against its claim', async () => {
  const { eventHash, end } = await story();
  await intruder.deleteEntity(eventHash, key(4, 2));
  expect(await faultsOf({ eventHash, end })).toEqual(['chain-truncated 2/4']);
});

test('a whole attempt that was deleted is missed', async () => {
  const { eventHash, end } = await story();
  for (const seq of [1, 2, 3, 4]) await intruder.deleteEntity(eventHash, key(seq));
  expect(await faultsOf({ eventHash, end })).toEqual(['attempt-missing 1/1']);
});

test('two rows that were swapped are named', async () => {
  const { eventHash } = await story();
  const rows = await rowsOf(eventHash);
  const [second, third] = [rows[1], rows[2]];
  await intruder.updateEntity({ partitionKey: eventHash, rowKey: key(2), ...third }, 'Replace');
  await intruder.updateEntity({ partitionKey: eventHash, rowKey: key(3), ...second }, 'Replace');
  expect(await faultsOf({ eventHash })).toEqual(['rows-swapped 1/2']);
});

test('a row that was appended after the closing one is named, though it is chained well', async () => {
  const { eventHash, end } = await story();
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const last = (await rowsOf(eventHash)).at(-1);
  const chain = { seq: last?.seq ?? 0, hash: last?.hash ?? '', day: '' };
  await ledger.append(chain, entryOf({ eventHash, attempt: 2, packageKey: 'sales' }), AT);
  expect(await faultsOf({ eventHash, end })).toEqual(['row-inserted 2/5']);
});

test('a second row behind the same one is a fork, and a copy is not', async () => {
  const { eventHash } = await story();
  const row = (await rowsOf(eventHash))[2] as AuditRow;
  const copy = { partitionKey: eventHash, rowKey: `${key(3)}-2`, ...row };
  await intruder.createEntity(copy);
  expect(await faultsOf({ eventHash })).toEqual(['row-inserted 1/3']);
  await intruder.updateEntity({ ...copy, ...hashedAnew(row) }, 'Replace');
  expect(await faultsOf({ eventHash })).toEqual(['chain-forked 1/3']);
});
