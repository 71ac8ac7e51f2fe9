import type { TableEntityResult } from '@azure/data-tables';
import type { Columns, StoredRow } from './storage-port';

const KEY = /^[A-Za-z0-9._:-]{1,512}$/;
/** Storage takes 64 KiB of UTF-16 in one column. */
const LONGEST_TEXT = 32_768;

/** Keys are made by us from checked ids; anything else is a defect and must not reach a URL or a filter. */
export function checkKeys(...keys: string[]): void {
  for (const key of keys)
    if (!KEY.test(key)) throw new Error('a table key has a character that keys never have');
}

/** A row as storage takes it. Throws on what storage would drop, mangle or refuse. */
export function entityOf(partition: string, key: string, columns: Columns) {
  checkKeys(partition, key);
  const cells = Object.entries(columns);
  for (const [name, value] of cells) {
    // Storage drops or mangles these silently: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Error(`column ${name} is no number`);
    if (typeof value === 'string' && !value.isWellFormed())
      throw new Error(`column ${name} is no text`);
    if (typeof value === 'string' && value.length > LONGEST_TEXT)
      throw new Error(`column ${name} is too long`);
  }
  return { ...Object.fromEntries(cells.map(typed)), partitionKey: partition, rowKey: key };
}

/** Storage takes a JSON number without a fraction for an Int32, so a larger one must say that it is none. */
function typed([name, value]: [string, Cell]): [string, Cell | { type: 'Double'; value: number }] {
  const fits = typeof value !== 'number' || value === (value | 0);
  return [name, fits ? value : { type: 'Double', value }];
}

type Cell = Columns[string];

/** A row as it came, without what storage itself adds. */
export function stored(row: TableEntityResult<Record<string, unknown>>): StoredRow {
  const { partitionKey, rowKey, etag, ...rest } = row;
  const columns = Object.fromEntries(
    Object.entries(rest).filter(([name]) => name !== 'timestamp' && !name.startsWith('odata.')),
  ) as Columns;
  return { partition: partitionKey ?? '', key: rowKey ?? '', etag, columns };
}
