import { TableClient } from '@azure/data-tables';
import { createLedger, hashOf, createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults, type KnownEnd } from '../../../shared/storage/verify-chain';
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

const change = (eventHash: string, rowKey: string, columns: object) =>
  intruder.updateEntity({ partitionKey: eventHash, rowKey, ...columns }, 'Merge');

/** What a careful intruder writes over a row. */
function hashedAnew({ hash, ...row }: AuditRow): { outcome: string; hash: string } {
  const anew = hashOf({ ...row, outcome: 'denied' });
  if (anew === hash) throw new Error('the row said so already');
  return { outcome: 'denied', hash: anew };
}

test('a story that nobody touched holds, to its end', async () => {
  const { eventHash, end } = await story();
  expect(chainFaults(await rowsOf(eventHash), end)).toEqual([]);
});

test.each([
  ['outcome', 'denied'],
  ['workerId', 'W-1'],
  ['recordedAt', '2020-01-01T00:00:00.000Z'],
  ['reason', 'added'],
])('a row whose %s was altered is named', async (column, value) => {
  const { eventHash } = await story();
  await change(eventHash, key(3), { [column]: value });
  expect(chainFaults(await rowsOf(eventHash))).toEqual(['attempt 1, seq 3: the row was changed']);
});

test('a row that was altered and hashed anew breaks the chain behind it', async () => {
  const { eventHash } = await story();
  const row = (await rowsOf(eventHash))[1];
  if (!row) throw new Error('the story has rows');
  await change(eventHash, key(2), hashedAnew(row));
  expect(chainFaults(await rowsOf(eventHash))).toEqual(['attempt 1, seq 3: the chain is broken']);
});

test('a last row that was altered and hashed anew shows only against its claim', async () => {
  const { eventHash, end } = await story();
  const row = (await rowsOf(eventHash)).at(-1);
  if (!row) throw new Error('the story has rows');
  await change(eventHash, key(4, 2), hashedAnew(row));
  const rows = await rowsOf(eventHash);
  expect(chainFaults(rows)).toEqual([]);
  expect(chainFaults(rows, end)).toEqual([
    'attempt 2: the chain does not end where its claim says',
  ]);
});

test.each([1, 2, 3])('row %d that was deleted leaves a gap', async (seq) => {
  const { eventHash } = await story();
  await intruder.deleteEntity(eventHash, key(seq));
  expect(chainFaults(await rowsOf(eventHash))).toEqual([
    `attempt 1, seq ${seq + 1}: a row before it is missing`,
    `attempt 1, seq ${seq + 1}: the chain is broken`,
  ]);
});

test('a tail that was cut off shows against its claim, also when nothing is left', async () => {
  const { eventHash, end } = await story();
  await intruder.deleteEntity(eventHash, key(4, 2));
  const fault = ['attempt 2: the chain does not end where its claim says'];
  expect(chainFaults(await rowsOf(eventHash), end)).toEqual(fault);
  expect(chainFaults([], end)).toEqual(fault);
});

test('a whole attempt that was deleted is missed', async () => {
  const { eventHash, end } = await story();
  for (const seq of [1, 2, 3, 4]) await intruder.deleteEntity(eventHash, key(seq));
  expect(chainFaults(await rowsOf(eventHash), end)).toContain(
    'attempt 2, seq 1: the attempt before it is missing',
  );
});

test('two rows that were swapped are named', async () => {
  const { eventHash } = await story();
  const rows = await rowsOf(eventHash);
  const [second, third] = [rows[1], rows[2]];
  await intruder.updateEntity({ partitionKey: eventHash, rowKey: key(2), ...third }, 'Replace');
  await intruder.updateEntity({ partitionKey: eventHash, rowKey: key(3), ...second }, 'Replace');
  const faults = chainFaults(await rowsOf(eventHash));
  expect(faults).toContain('attempt 1, seq 3: a row before it is missing');
  expect(faults).toContain('attempt 1, seq 2: the chain is broken');
});

test('a row that was appended after the closing one is named, though it is chained well', async () => {
  const { eventHash, end } = await story();
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const last = (await rowsOf(eventHash)).at(-1);
  const chain = { seq: last?.seq ?? 0, hash: last?.hash ?? '', day: '' };
  await ledger.append(chain, entryOf({ eventHash, attempt: 2, packageKey: 'sales' }), AT);
  expect(chainFaults(await rowsOf(eventHash), end)).toEqual([
    'attempt 2, seq 5: a row follows the closing one',
    'attempt 2: the chain does not end where its claim says',
  ]);
});
