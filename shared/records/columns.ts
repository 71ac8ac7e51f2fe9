import type { z } from 'zod';
import type { Columns } from '../domain/table';

/** A record as table columns: scalars as they are, everything else as JSON text, what is absent left out. */
export function toColumns(record: object): Columns {
  const cells = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    cells.map(([name, value]) => [name, isScalar(value) ? value : `json:${JSON.stringify(value)}`]),
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
        typeof value === 'string' && value.startsWith('json:') ? JSON.parse(value.slice(5)) : value,
      ]),
    ),
  );
}

const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
