import type { Row } from '../../support/tables';

/** A column as text; '' where there is none. */
export const text = (row: Row | undefined, column: string): string => {
  const value = row?.[column];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

/** A column that holds a list or an object as JSON text after the prefix `json:`. */
export function json<Shape>(row: Row, column: string): Partial<Shape> {
  const value = text(row, column);
  return value.startsWith('json:') ? (JSON.parse(value.slice(5)) as Partial<Shape>) : {};
}

/** The claims of all events, without the counters beside them. */
export const claimsIn = (rows: readonly Row[]): Row[] =>
  rows.filter(({ rowKey }) => rowKey === 'claim');

/** Whether an event was made by the app itself, for the clock or a person: no message has sent it, and it states no fact. */
export function isOwnEvent(claim: Row | undefined): boolean {
  if (claim === undefined || claim['content'] !== undefined) return false;
  const { eventSource = '' } = json<{ eventSource: string }>(claim, 'fact');
  return ['clock', 'recheck', 'reconcile'].includes(eventSource.replace('urn:joinery:', ''));
}

/** The name of the attempt that a row belongs to; rejected rows belong to none. */
export const attemptOf = (row: Row): string =>
  `${row.partitionKey} attempt ${text(row, 'attempt')}`;

export const isRejection = (row: Row): boolean => row.partitionKey.startsWith('rejected-');

/** The keys that more than one of the items has. */
export function repeats<Item>(items: readonly Item[], keyOf: (item: Item) => string): string[] {
  return [...grouped(items, keyOf)].filter(([, same]) => same.length > 1).map(([key]) => key);
}

export function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
