import type { Row } from '../evidence';

/** A column as text; '' where there is none. */
export const text = (row: Row | undefined, column: string): string => {
  const value = row?.[column];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

/** A column that holds a list or an object as text behind the mark `json:`. */
export function json<Shape>(row: Row, column: string): Partial<Shape> {
  const value = text(row, column);
  return value.startsWith('json:') ? (JSON.parse(value.slice(5)) as Partial<Shape>) : {};
}

/** The claims of all events, without the counters beside them. */
export const claimsIn = (rows: readonly Row[]): Row[] =>
  rows.filter(({ rowKey }) => rowKey === 'claim');

/** The rows of one attempt, in their order; rejected rows belong to none. */
export const attemptOf = (row: Row): string =>
  `${row.partitionKey} attempt ${text(row, 'attempt')}`;

export const isRejection = (row: Row): boolean => row.partitionKey.startsWith('rejected-');
