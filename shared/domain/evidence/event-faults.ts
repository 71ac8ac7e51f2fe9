import type { Claim } from '../workflow/claim';
import type { KnownEnd, PlacedRow } from './chain';
import { chainFaults, refusalFault } from './chain-faults';
import type { Fault } from './fault';

/** All that is known of one event. `claim`: undefined if there is none, and `not-allowed` if it may not be read. */
export type EventEvidence = {
  eventHash: string;
  rows: readonly PlacedRow[];
  claim: Claim | undefined | 'not-allowed' | 'unreadable';
  /** The ends of its attempts in seals. */
  sealed: readonly KnownEnd[];
  /** When the index first names it (milliseconds since 1970), if that was asked. */
  indexedAt?: number | undefined;
};

/** An index entry and a claim are written before the row: for so long there may be none. */
const YOUNG_MS = 15 * 60_000;

/**
 * The faults of one event, both ways: what its claim, the index and the seals know of it is in its rows, and its rows are
 * known to its claim. Read the rows before the claim: it is never behind them.
 */
export function eventFaults(
  { eventHash, rows, claim, sealed, indexedAt }: EventEvidence,
  now: number,
): Fault[] {
  const known = typeof claim === 'object' ? claim : undefined;
  const subject = {
    event: textOf(rows[0], 'eventId') ?? known?.fact.eventId,
    eventHash,
    worker: textOf(rows[0], 'workerId') ?? known?.fact.workerId,
  };
  const closed = known?.state === 'closed' ? known : undefined;
  if (rows.length === 0) {
    const by = missingSince({ claim, sealed, indexedAt }, now);
    return by === undefined ? [] : [{ code: 'event-missing', ...subject, text: by }];
  }
  const claimed = closed?.chain ? [{ attempt: closed.attempt, ...closed.chain }] : [];
  const ends: KnownEnd[] = [...sealed, ...claimed];
  const found = chainFaults(eventHash, rows, ends).map((one) => ({ ...subject, ...one }));
  const isAhead = (attempt: number): boolean => known !== undefined && attempt > known.attempt;
  const ahead = rows.map(({ key }) => Number(key.slice(0, 4))).find(isAhead);
  return [
    ...found.filter(({ attempt }) => !isAhead(attempt)),
    ...(ahead !== undefined
      ? [
          {
            ...{ code: 'row-inserted' as const, ...subject, attempt: ahead, seq: 1 },
            text: `its claim knows ${known?.attempt ?? 0} attempts`,
          },
        ]
      : []),
    ...(claim === undefined
      ? [{ code: 'claim-missing' as const, ...subject, text: 'rows are there, and no claim' }]
      : []),
    ...(found.length === 0 && isOther(claim, rows)
      ? [{ code: 'claim-differs' as const, ...subject, text: 'its claim is not what its rows say' }]
      : []),
  ];
}

/** Whether a claim says something else than the rows: whose event it is, or how its last attempt ended. */
function isOther(claim: EventEvidence['claim'], rows: readonly PlacedRow[]): boolean {
  if (typeof claim !== 'object') return claim === 'unreadable';
  const { fact, state, attempt, outcome } = claim;
  const end = rows.findLast(
    ({ columns }) => columns['kind'] === 'closing' && columns['attempt'] === attempt,
  );
  return (
    fact.eventId !== textOf(rows[0], 'eventId') ||
    fact.workerId !== textOf(rows[0], 'workerId') ||
    (state === 'closed' && end !== undefined && outcome !== textOf(end, 'outcome'))
  );
}

/** A column that the app writes as text: whoever changed the row may have left something else there. */
export function textOf(row: PlacedRow | undefined, name: string): string | undefined {
  const value = row?.columns[name];
  return typeof value === 'string' ? value : undefined;
}

/** What shows that an event without rows had some; undefined if nothing does. */
function missingSince(
  { claim, sealed, indexedAt }: Pick<EventEvidence, 'claim' | 'sealed' | 'indexedAt'>,
  now: number,
): string | undefined {
  if (sealed.length > 0) return 'its end is sealed, and no row is there';
  if (claim === 'not-allowed' || claim === 'unreadable') return undefined;
  if (claim?.state === 'closed') return 'its claim is closed, and no row is there';
  const isOld = indexedAt !== undefined && now - indexedAt > YOUNG_MS;
  return claim === undefined && isOld ? 'the index names it, and no row is there' : undefined;
}

/** The faults of a refused body: of its row, or that it is gone. */
export function refusalFaults(
  bodyHash: string,
  row: PlacedRow | undefined,
  { indexedAt, sealed }: { indexedAt?: number | undefined; sealed?: KnownEnd | undefined },
  now: number,
): Fault[] {
  if (!row) {
    const isOld = indexedAt !== undefined && now - indexedAt > YOUNG_MS;
    if (sealed === undefined && !isOld) return [];
    return [{ code: 'event-missing', bodyHash, text: 'its row is gone' }];
  }
  const found = refusalFault(bodyHash, row, sealed);
  const worker = textOf(row, 'workerId');
  return found ? [{ ...found, bodyHash, ...(worker !== undefined && { worker }) }] : [];
}
