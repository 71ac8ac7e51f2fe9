import { z } from 'zod';
import { fromColumns } from './rows';
import type { Table } from './storage-port';

/** Every table that rows about people can be in. */
export const TABLES = [
  ...(['claims', 'workers', 'audit', 'auditIndex', 'due', 'removals', 'staging'] as const),
  ...(['packages', 'limits'] as const),
] as const;
export type TableName = (typeof TABLES)[number];
export type ScannedTables = Record<TableName, Pick<Table, 'scan'>>;

/** What names a person in rows: worker ids, object ids of accounts, and hashes of events and bodies. */
export type Names = { numbers: Set<string>; accounts: Set<string>; hashes: Set<string> };

/** A row as it was written, or of a row about many people the part that is about the person. */
export const NamedRow = z.strictObject({
  ...{ table: z.enum(TABLES), partition: z.string(), key: z.string() },
  isPart: z.literal(true).optional(),
  record: z.record(z.string(), z.unknown()),
});
export type NamedRow = z.infer<typeof NamedRow>;
type Rec = NamedRow['record'];

/** All rows of a table, each with its columns as they were written. */
export async function* recordsOf(tables: ScannedTables, table: TableName) {
  for await (const rows of tables[table].scan({}))
    for (const { partition, key, columns } of rows)
      yield {
        table,
        partition,
        key,
        record: fromColumns(z.record(z.string(), z.unknown()), columns),
      };
}

/**
 * The names of the person of these worker ids: their accounts and events, by every row that has one of the numbers. What an
 * account alone leads to is not followed, because two workers can have had one account.
 */
export async function namesOf(tables: ScannedTables, workerIds: readonly string[]): Promise<Names> {
  const names: Names = { numbers: new Set(workerIds), accounts: new Set(), hashes: new Set() };
  const add = ({ partition, record }: NamedRow): void => {
    const { targetId, eventHash, bodyHash, objectId } = record;
    for (const account of [targetId, objectId])
      if (typeof account === 'string') names.accounts.add(account.toLowerCase());
    for (const hash of [partition, eventHash, bodyHash])
      if (typeof hash === 'string' && WHOLE_HASH.test(hash)) names.hashes.add(hash);
  };
  const isNumber = (value: unknown) => typeof value === 'string' && names.numbers.has(value);
  for await (const row of recordsOf(tables, 'workers'))
    if (isNumber(row.partition)) add({ ...row, partition: textOf(row.record['hash']) });
  for await (const row of recordsOf(tables, 'claims')) {
    const { workerId } = (row.record['fact'] ?? {}) as Rec;
    if (isNumber(workerId)) add(row);
  }
  // A refused body has the hash of the event whose id it has, and may be about nobody.
  for await (const row of recordsOf(tables, 'audit')) {
    const { workerId, eventHash } = row.record;
    if (isNumber(workerId) || names.hashes.has(textOf(eventHash))) add(row);
  }
  for await (const row of recordsOf(tables, 'staging')) {
    const { items } = row.record;
    for (const { value, personId, id, objectId } of (Array.isArray(items) ? items : []) as Rec[])
      for (const account of [isNumber(value) && id, isNumber(personId) && objectId])
        if (typeof account === 'string') names.accounts.add(account.toLowerCase());
  }
  return names;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What of a row is about the person; undefined if nothing is. */
export function namedRow(row: NamedRow, names: Names): NamedRow | undefined {
  const { table, partition, key } = row;
  const isOwn = table === 'workers' && names.numbers.has(partition);
  // The holdings of others are theirs, also where they have had the same account.
  const by = table === 'workers' ? { ...names, accounts: new Set<string>() } : names;
  if (isOwn || isNamedInKey(partition, by) || isNamedInKey(key, by)) return row;
  const record = partOf(row.record, by) as Rec | undefined;
  if (record === undefined) return undefined;
  const isWhole = JSON.stringify(record).length === JSON.stringify(row.record).length;
  return { ...row, record, ...(!isWhole && { isPart: true }) };
}

/** Members that say whom the whole object is about. */
const SUBJECTS = ['workerId', 'personId', 'person'];
/** Members that hold a worker id, or the id of an event of the app, which begins with one. */
const NUMBERS = [...SUBJECTS, 'workerIds', 'previousWorkerId', 'ids', 'value', 'id', 'eventId'];
/** How keys of rows end in a worker id. */
const NUMBER_IN_KEY = [
  ...[/^(?:worker|person)-(.+)$/, /^waiting-\d{9}-(.+)$/, /^passed-\d{16}-(.+)$/],
  ...[/^fact-next-(.+)$/, /^from-(.+)$/],
];
const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const HASH = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;
const WHOLE_HASH = /^[0-9a-f]{64}$/;

/** By an object id or a hash, alone or within a longer id. */
const isNamedIn = (text: string, { accounts, hashes }: Names): boolean =>
  (text.match(GUID) ?? []).some((guid) => accounts.has(guid.toLowerCase())) ||
  (text.match(HASH) ?? []).some((hash) => hashes.has(hash));

const isNamedInKey = (key: string, names: Names): boolean =>
  isNamedIn(key, names) ||
  NUMBER_IN_KEY.some((pattern) => names.numbers.has(pattern.exec(key)?.[1] ?? ''));

const isName = (member: string, value: unknown, names: Names): boolean =>
  typeof value === 'string' &&
  (isNamedIn(value, names) ||
    (NUMBERS.includes(member) && names.numbers.has(value.split('@')[0] ?? '')));

/**
 * The part of a value that is about the person. An object that names them by a member of its own is about them as a whole,
 * unless it says that it is about somebody else; of lists, only what is about them.
 */
export function partOf(value: unknown, names: Names, member = ''): unknown {
  if (Array.isArray(value)) {
    const parts = value.map((one: unknown) => partOf(one, names, member));
    const found = parts.filter((part) => part !== undefined);
    return found.length > 0 ? found : undefined;
  }
  if (typeof value !== 'object' || value === null)
    return isName(member, value, names) ? value : undefined;
  const members = Object.entries(value);
  const isOther = ([name, one]: [string, unknown]) =>
    SUBJECTS.includes(name) && typeof one === 'string' && !isName(name, one, names);
  if (members.some(isOther)) return undefined;
  if (members.some(([name, one]) => isName(name, one, names))) return value;
  const isPlain = ([, one]: [string, unknown]) => typeof one !== 'object' || one === null;
  const parts = members
    .filter((one) => !isPlain(one))
    .map(([name, one]) => [name, partOf(one, names, name)] as const)
    .filter(([, part]) => part !== undefined);
  if (parts.length === 0) return undefined;
  return Object.fromEntries([...members.filter(isPlain), ...parts]);
}
