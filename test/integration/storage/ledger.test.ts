import {
  createLedger,
  StaleRun,
  type Ledger,
  createLedgerReader,
  type LedgerReader,
} from '../../../shared/storage/audit';
import { refusalFault } from '../../../shared/domain/evidence/chain-faults';
import { chainFaults } from '../../support/chain-faults';
import type { AuditEntry } from '../../../shared/domain/workflow/audit-entry';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';
import { AT, closing, entryOf } from './entries';

let storage: Storage;
let ledger: Ledger;
let reader: LedgerReader;

beforeAll(async () => {
  storage = await openStorage();
  const [audit, index] = [storage.table('audit'), storage.table('auditIndex')];
  ledger = createLedger(audit, index);
  reader = createLedgerReader(audit, index);
});
afterAll(() => storage.close());

/** Writes entries about one event one after another; answers the chain's end after each. */
async function write(eventHash: string, entries: Partial<AuditEntry>[], at = AT) {
  const ends = [START_OF_CHAIN];
  for (const entry of entries) {
    const { chain } = await ledger.append(
      ends.at(-1) ?? START_OF_CHAIN,
      entryOf({ ...entry, eventHash }),
      at,
    );
    ends.push(chain);
  }
  return ends;
}

test('rows come back as they were written, chained from the first to the last', async () => {
  const ends = await write(hash('1'), [{}, { kind: 'settled', outcome: 'complete' }, closing]);
  const rows = await reader.ofEvent(hash('1'));
  expect(rows.map(({ seq, prevHash }) => ({ seq, prevHash }))).toEqual([
    { seq: 1, prevHash: START_OF_CHAIN.hash },
    { seq: 2, prevHash: ends[1]?.hash },
    { seq: 3, prevHash: ends[2]?.hash },
  ]);
  expect(rows[0]).toMatchObject(entryOf({ eventHash: hash('1') }));
  expect(chainFaults(rows)).toEqual([]);
});

test('a second execution of the same deed writes nothing and answers what is recorded', async () => {
  const eventHash = hash('2');
  const first = await ledger.append(
    START_OF_CHAIN,
    entryOf({ eventHash, outcome: 'complete' }),
    AT,
  );
  const again = entryOf({ eventHash, outcome: 'other', recordedAt: '2026-11-20T10:00:00.000Z' });
  const second = await ledger.append(START_OF_CHAIN, again, '2026-11-20T10:00:00.000Z');
  expect(second).toEqual(first);
  expect(await reader.ofEvent(eventHash)).toEqual([first.row]);
});

test('several rows are written at once, and again by another execution with the same end', async () => {
  const eventHash = hash('c1').slice(0, 64);
  const entries = [
    {},
    { kind: 'settled' as const, outcome: 'complete' },
    { step: 'assign' as const },
  ];
  const all = entries.map((entry) => entryOf({ ...entry, eventHash }));
  const end = await ledger.appendAll(START_OF_CHAIN, all, AT);
  const rows = await reader.ofEvent(eventHash);
  expect(rows.map(({ kind, step }) => [kind, step])).toEqual([
    ['intended', 'ensure'],
    ['settled', 'ensure'],
    ['intended', 'assign'],
  ]);
  expect(chainFaults(rows, { attempt: 1, ...end })).toEqual([]);
  expect(await ledger.appendAll(START_OF_CHAIN, all, AT)).toEqual(end);
  const [first] = all;
  const { chain } = await ledger.append(end, entryOf({ ...first, step: 'remove' }), AT);
  // Behind rows that were written one by one, and beside a run with another token.
  expect((await ledger.appendAll(START_OF_CHAIN, all, AT)).seq).toBe(end.seq);
  expect(chain.seq).toBe(4);
  const other = all.map((entry) => ({ ...entry, runToken: 'token-2' }));
  await expect(ledger.appendAll(START_OF_CHAIN, other, AT)).rejects.toThrow(StaleRun);
  expect(await reader.ofEvent(eventHash)).toHaveLength(4);
});

test('where the account takes no transaction, the same rows are written one by one', async () => {
  const eventHash = hash('c2').slice(0, 64);
  const entries = [{}, { kind: 'settled' as const, outcome: 'complete' }];
  const all = entries.map((entry) => entryOf({ ...entry, eventHash }));
  const writeAll = () => Promise.reject(new StoreUnavailable('table storage: 403 refused'));
  const audit = { ...storage.table('audit'), writeAll };
  const refused = createLedger(audit, storage.table('auditIndex'));
  const end = await refused.appendAll(START_OF_CHAIN, all, AT);
  const rows = await reader.ofEvent(eventHash);
  expect(rows.map(({ kind }) => kind)).toEqual(['intended', 'settled']);
  expect(chainFaults(rows, { attempt: 1, ...end })).toEqual([]);
});

test('the events since an instant are those whose rows begin then or later, over midnight too', async () => {
  const events: [eventHash: string, at: string][] = [
    [hash('a'), '2026-11-23T23:59:58.000Z'],
    [hash('b'), '2026-11-23T23:59:59.000Z'],
    [hash('ab').slice(0, 64), '2026-11-24T00:00:00.000Z'],
  ];
  for (const [eventHash, at] of events) await write(eventHash, [{}], at);
  const since = await ledger.eventsSince('2026-11-23T23:59:59.000Z');
  expect(events.map(([eventHash]) => since.includes(eventHash))).toEqual([false, true, true]);
});

test('executions at the same moment write one row, and all are told the same', async () => {
  const eventHash = hash('3');
  const answers = await atOnce(10, (index) =>
    ledger.append(
      START_OF_CHAIN,
      entryOf({ eventHash, recordedAt: `2026-11-20T09:30:0${index}Z` }),
      AT,
    ),
  );
  expect(new Set(answers.map(({ chain }) => chain.hash)).size).toBe(1);
  expect(await reader.ofEvent(eventHash)).toHaveLength(1);
});

test('another run finds its place taken, stops, and forks nothing', async () => {
  const eventHash = hash('4');
  const [, end] = await write(eventHash, [{}]);
  const foreign = entryOf({ eventHash, runToken: 'token-2' });
  await expect(ledger.append(START_OF_CHAIN, foreign, AT)).rejects.toThrow(StaleRun);
  await expect(
    ledger.close(START_OF_CHAIN, entryOf({ ...foreign, ...closing }), AT),
  ).rejects.toThrow(StaleRun);
  const rows = await reader.ofEvent(eventHash);
  expect(rows.map((row) => row.hash)).toEqual([end?.hash]);
});

test('a row goes behind one of its run whose answer was lost, and who writes that one again is answered with it', async () => {
  const eventHash = hash('5');
  const lost = await ledger.append(START_OF_CHAIN, entryOf({ eventHash }), AT);
  const other = entryOf({ eventHash, packageKey: 'sales' });
  const behind = await ledger.append(START_OF_CHAIN, other, AT);
  expect(behind.row).toMatchObject({ seq: 2, prevHash: lost.chain.hash });
  expect(behind.chain.untold).toEqual([1]);
  const again = await ledger.append(behind.chain, entryOf({ eventHash }), AT);
  expect(again.row).toEqual(lost.row);
  expect(again.chain).toEqual({ ...behind.chain, untold: undefined });
  const next = await ledger.append(again.chain, entryOf({ eventHash, kind: 'settled' }), AT);
  expect(next.row.seq).toBe(3);
  expect(chainFaults(await reader.ofEvent(eventHash))).toEqual([]);
});

test('a row of a run whose answer was lost is found when another one was lost behind it', async () => {
  const eventHash = hash('d');
  const rowOf = (packageKey: string) => entryOf({ eventHash, packageKey });
  await ledger.append(START_OF_CHAIN, rowOf('one'), AT);
  await ledger.append(START_OF_CHAIN, rowOf('two'), AT);
  const third = await ledger.append(START_OF_CHAIN, rowOf('three'), AT);
  expect(third.chain.untold).toEqual([1, 2]);
  const second = await ledger.append(third.chain, rowOf('two'), AT);
  expect([second.row.seq, second.chain.untold]).toEqual([2, [1]]);
  const first = await ledger.append(second.chain, rowOf('one'), AT);
  expect([first.row.seq, first.chain]).toEqual([1, { ...third.chain, untold: undefined }]);
  expect(await reader.ofEvent(eventHash)).toHaveLength(3);
});

test('nothing goes behind the closing row', async () => {
  const eventHash = hash('e');
  await write(eventHash, [{}, closing]);
  const late = entryOf({ eventHash, packageKey: 'sales' });
  await expect(ledger.append(START_OF_CHAIN, late, AT)).rejects.toThrow(StaleRun);
  expect(await reader.ofEvent(eventHash)).toHaveLength(2);
});

test('the closing row stands behind rows whose answers were lost, and only once', async () => {
  const eventHash = hash('6');
  const ends = await write(eventHash, [{}, { kind: 'settled' }, { step: 'assign' }]);
  const lagging = ends[1] ?? START_OF_CHAIN;
  const first = await ledger.close(lagging, entryOf({ eventHash, ...closing }), AT);
  const second = await ledger.close(
    lagging,
    entryOf({ eventHash, ...closing, outcome: 'failed' }),
    AT,
  );
  expect(first.row.seq).toBe(4);
  expect(second).toEqual(first);
  const rows = await reader.ofEvent(eventHash);
  expect(rows.map((row) => row.kind)).toEqual(['intended', 'settled', 'intended', 'closing']);
  expect(chainFaults(rows, { attempt: 1, ...first.chain })).toEqual([]);
});

test('a waiting row whose answer was lost stands before the next row, and is not written again', async () => {
  const eventHash = hash('c');
  const waiting = entryOf({
    ...{ eventHash, kind: 'waiting', step: undefined, packageKey: undefined },
    waitingFor: 'directory',
  });
  const lost = await ledger.append(START_OF_CHAIN, waiting, AT);
  expect((await ledger.append(START_OF_CHAIN, waiting, AT)).chain).toEqual(lost.chain);
  const next = await ledger.append(START_OF_CHAIN, entryOf({ eventHash }), AT);
  expect(next.row).toMatchObject({ seq: 2, prevHash: lost.chain.hash, kind: 'intended' });
});

test('attempts have chains of their own', async () => {
  const eventHash = hash('7');
  await write(eventHash, [{}, closing]);
  await write(eventHash, [{ attempt: 2 }, { ...closing, attempt: 2 }]);
  const rows = await reader.ofEvent(eventHash);
  expect(rows.map(({ attempt, seq }) => [attempt, seq])).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ]);
  expect(chainFaults(rows)).toEqual([]);
});

const refusal = (changes: Partial<AuditEntry> = {}) => ({
  ...entryOf({ kind: 'rejected', state: 'rejected', reason: 'not-json', ...changes }),
  ...{ runToken: undefined, workerId: undefined, eventHash: undefined },
  bodyHash: changes.bodyHash ?? hash('f'),
});

test('a refused body is recorded once, however often and however fast it comes again', async () => {
  const day = '2026-11-22';
  await atOnce(10, () => ledger.reject(refusal(), `${day}T09:00:00.000Z`));
  await ledger.reject(refusal({ reason: 'too-deep' }), `${day}T10:00:00.000Z`);
  const rows = await reader.ofDay(day);
  expect(rows.map(({ kind, bodyHash, reason }) => [kind, bodyHash, reason])).toEqual([
    ['rejected', hash('f'), 'not-json'],
  ]);
  const [columns = {}] = rows;
  expect(refusalFault(hash('f'), { key: hash('f'), columns })).toBeUndefined();
});

describe('looking up', () => {
  const [first, second] = ['ab', 'cd'].map((digits) => digits.repeat(32)) as [string, string];
  const later = '2027-01-02T00:00:00.000Z';

  beforeAll(async () => {
    const [, end] = await write(first, [{ workerId: 'W-9' }], '2027-01-01T23:59:59.999Z');
    const tomorrow = entryOf({ ...closing, workerId: 'W-9', eventHash: first });
    await ledger.append(end ?? START_OF_CHAIN, tomorrow, later);
    await write(second, [{ workerId: 'W-9' }, { ...closing, workerId: 'W-9' }], later);
    await write(hash('8'), [{ workerId: 'W-91' }], later);
  });

  const eventsOf = (rows: { eventHash?: string | undefined; seq: number }[]) =>
    rows.map(({ eventHash, seq }) => `${eventHash?.slice(0, 2)} ${seq}`);

  test('by worker: all rows of all events of that worker, the oldest event first, none twice', async () => {
    expect(eventsOf(await reader.ofWorker('W-9'))).toEqual(['ab 1', 'ab 2', 'cd 1', 'cd 2']);
    expect(await reader.ofWorker('W-0')).toEqual([]);
  });

  test('by day: the whole story of every event that something happened to on that UTC day', async () => {
    expect(eventsOf(await reader.ofDay('2027-01-01'))).toEqual(['ab 1', 'ab 2']);
    expect(eventsOf(await reader.ofDay('2027-01-02')).sort()).toEqual([
      '88 1',
      'ab 1',
      'ab 2',
      'cd 1',
      'cd 2',
    ]);
    expect(await reader.ofDay('2027-01-03')).toEqual([]);
  });

  test('the index is written before the row: a crash in between leaves a reference that leads nowhere', async () => {
    const audit = storage.table('audit');
    const crashing = createLedger(
      { ...audit, insert: () => Promise.reject(new Error('crash')) },
      storage.table('auditIndex'),
    );
    const eventHash = hash('9');
    const day = '2027-02-01';
    const entry = entryOf({ eventHash, workerId: 'W-92' });
    await expect(crashing.append(START_OF_CHAIN, entry, `${day}T00:00:00.000Z`)).rejects.toThrow(
      'crash',
    );
    expect(await reader.ofDay(day)).toEqual([]);
    await ledger.append(START_OF_CHAIN, entry, `${day}T00:00:05.000Z`);
    expect(eventsOf(await reader.ofDay(day))).toEqual(['99 1']);
    expect(eventsOf(await reader.ofWorker('W-92'))).toEqual(['99 1']);
  });

  test('a day of many events is read whole', async () => {
    const day = '2027-03-01';
    const hashes = Array.from({ length: 70 }, (_, at) => String(at).padStart(64, '0'));
    await Promise.all(hashes.map((eventHash) => write(eventHash, [{}], `${day}T12:00:00.000Z`)));
    const read = (await reader.ofDay(day)).map((row) => row.eventHash);
    expect(read.sort()).toEqual(hashes);
  });
});

test('the ledger has no way to change or remove a row', async () => {
  const touched: string[] = [];
  const spy = (name: string) => ({
    ...storage.table(name),
    replace: () => Promise.reject(new Error(`replace ${touched.push('replace')}`)),
    remove: () => Promise.reject(new Error(`remove ${touched.push('remove')}`)),
  });
  const watched = createLedger(spy('audit'), spy('auditIndex'));
  const { chain } = await watched.append(START_OF_CHAIN, entryOf({ eventHash: hash('0') }), AT);
  await watched.close(chain, entryOf({ eventHash: hash('0'), ...closing }), AT);
  await watched.reject(refusal({ bodyHash: hash('0') }), AT);
  expect(touched).toEqual([]);
});
