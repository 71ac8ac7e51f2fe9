import type { z } from 'zod';
import type { Columns } from './storage-port';

/**
 * A record as table columns: scalars as they are, everything else as JSON text, what is absent left out. A text that
 * looks like our JSON text (an id may be `json:1`) becomes JSON text as well, so that it comes back as it was.
 */
export function toColumns(record: object): Columns {
  const cells = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    cells.map(([name, value]) => [
      name,
      isPlain(value) ? value : JSON_MARK + JSON.stringify(value),
    ]),
  );
}

/** The record that `toColumns` wrote. Throws a ZodError on a row that does not fit: a defect, never guessed around. */
export function fromColumns<Schema extends z.ZodType>(
  schema: Schema,
  columns: Columns,
): z.infer<Schema> {
  const cells = Object.entries(columns);
  return schema.parse(
    Object.fromEntries(
      cells.map(([name, value]) => [
        name,
        isMarked(value) ? JSON.parse(value.slice(JSON_MARK.length)) : value,
      ]),
    ),
  );
}

const JSON_MARK = 'json:';

const isMarked = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(JSON_MARK);

const isPlain = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value) && !isMarked(value);
