import { jsonHash, padded } from '../events/keys';

/** A row of the ledger as it is stored, with whatever is in it. */
export type PlacedRow = { key: string; columns: Readonly<Record<string, unknown>> };

/** The end of a chain as a claim or a seal has it. `trail`: the first eight digits of the hash of each row. */
export type KnownEnd = { attempt: number; seq: number; hash: string; trail?: string };

/** The key of a row in its event. Throws RangeError where the app has none. */
export const rowKey = (attempt: number, seq: number): string =>
  `${padded(attempt, 4)}-${padded(seq, 6)}`;

/** SHA-256 over the canonical JSON of all columns but `hash` itself. */
export const hashOf = (row: object): string => jsonHash({ ...row, hash: undefined });

/** How many digits of the hash of a row are in a trail. */
export const MARK = 8;

/** A chain that is closed, and when. */
export type ClosedChain = Required<KnownEnd> & { closedAt: string };

/** The chains in the rows of one event, or in the row of a refused body, that are closed. */
export function endsOf(rows: readonly PlacedRow[]): ClosedChain[] {
  return rows.flatMap((row) => {
    const { kind, attempt, seq, hash, recordedAt } = row.columns;
    if (kind !== 'closing' && kind !== 'rejected') return [];
    if (typeof attempt !== 'number' || typeof seq !== 'number') return [];
    if (typeof hash !== 'string' || typeof recordedAt !== 'string') return [];
    const chain = rows.filter(
      ({ key, columns }) => key <= row.key && columns['attempt'] === attempt,
    );
    const trail = chain.map(({ columns }) => String(columns['hash']).slice(0, MARK)).join('');
    return [{ attempt, seq, hash, trail, closedAt: recordedAt }];
  });
}
