import { START_OF_CHAIN } from '../workflow/run';
import { hashOf, MARK, rowKey, type KnownEnd, type PlacedRow } from './chain';
import type { FaultCode } from './fault';

/** Where a fault is within its event. */
type Finding = { code: FaultCode; attempt: number; seq: number; text: string };

/**
 * The faults in the rows of one event, in the order of attempts and rows. `end`: where a claim or a seal says that an attempt
 * ends, the seal first. Without it rows that are missing at the end, and a chain that was written anew, are not noticed.
 */
export function chainFaults(
  eventHash: string,
  rows: readonly PlacedRow[],
  ends: readonly KnownEnd[] = [],
): Finding[] {
  const attempts = [...rows.map(attemptOfKey), ...ends.map((end) => end.attempt)];
  return Array.from({ length: Math.max(0, ...attempts) + 1 }, (_, attempt) => {
    const own = rows.filter((row) => attemptOfKey(row) === attempt);
    const known = ends.filter((end) => end.attempt === attempt);
    if (attempt === 0) return own.map((row) => extraFinding(0, { row, seq: 0 }, []));
    if (own.length > 0) return attemptFaults({ eventHash, attempt }, own, known);
    return [finding('attempt-missing', attempt, 1, 'no row of the attempt is there')];
  }).flat();
}

/** The fault of the one row of a refused body, whose hash a seal may know; undefined if there is none. */
export function refusalFault(
  bodyHash: string,
  row: PlacedRow,
  sealed?: KnownEnd,
): Finding | undefined {
  const { columns } = row;
  const isSame =
    columns['bodyHash'] === bodyHash &&
    columns['prevHash'] === START_OF_CHAIN.hash &&
    columns['seq'] === 1 &&
    isValid(row) &&
    (sealed === undefined || sealed.hash === columns['hash']);
  return isSame ? undefined : finding('row-changed', 1, 1, 'its hash is another');
}

type Place = { eventHash: string; attempt: number };

function attemptFaults(place: Place, stored: readonly PlacedRow[], ends: readonly KnownEnd[]) {
  const { attempt } = place;
  const { rows: ordered, swapped } = swapBack(place, stored);
  const { chain, extra } = withoutExtra(place, ordered, ends);
  const found = [
    ...swapped.map((seq) => finding('rows-swapped', attempt, seq, 'two rows changed places')),
    ...extra.map((one) => extraFinding(attempt, one, chain)),
    ...linkFindings(place, chain, ends[0]?.trail),
  ];
  const isBroken = found.length > 0;
  const [first, second] = ends.map((end) => endFinding(end, chain, isBroken));
  if (first && !found.some(({ seq }) => seq === first.seq)) found.push(first);
  if (second && !first && !isBroken)
    found.push(
      finding('claim-differs', attempt, second.seq, 'the seal names another end than the claim'),
    );
  return found.sort((one, other) => one.seq - other.seq);
}

/** A row that has exactly its own hash. */
const isValid = ({ columns }: PlacedRow): boolean => {
  try {
    return hashOf(columns) === columns['hash'];
  } catch {
    return false;
  }
};

/** 0 where the app writes no such key. */
const attemptOfKey = ({ key }: PlacedRow): number => Number(/^(\d{4})-/.exec(key)?.[1] ?? 0);

const seqOfKey = ({ key }: PlacedRow): number => Number(key.slice(5, 11));

const hasKey = ({ eventHash, attempt }: Place, { key, columns }: PlacedRow): boolean =>
  columns['eventHash'] === eventHash &&
  columns['attempt'] === attempt &&
  typeof columns['seq'] === 'number' &&
  isKey(key, attempt, columns['seq']);

const isKey = (key: string, attempt: number, seq: number): boolean =>
  Number.isSafeInteger(seq) && seq >= 0 && seq < 1e6 && key === rowKey(attempt, seq);

/** More than these are no two rows that changed places. */
const MOST_SUSPECTS = 64;

/** Finds pairs of rows that stand in each other's place, with or without their numbers, and puts them back. */
function swapBack(place: Place, stored: readonly PlacedRow[]) {
  const rows = [...stored];
  const swapped: number[] = [];
  const suspects = rows.flatMap((row, at) => (hasKey(place, row) && isValid(row) ? [] : [at]));
  const left = new Set(suspects.slice(0, MOST_SUSPECTS));
  for (const one of left)
    for (const other of left) {
      const [first, second] = [rows[one], rows[other]];
      if (other <= one || !first || !second) continue;
      const pair = [exchanged, exchangedContent]
        .map((exchange) => exchange(first, second))
        .find((both) => both.every((row) => hasKey(place, row) && isValid(row)));
      if (!pair) continue;
      [rows[one], rows[other]] = pair;
      swapped.push(seqOfKey(first));
      left.delete(one);
      left.delete(other);
      break;
    }
  return { rows, swapped };
}

type Pair = [PlacedRow, PlacedRow];

const exchanged = (one: PlacedRow, other: PlacedRow): Pair => [
  { key: one.key, columns: other.columns },
  { key: other.key, columns: one.columns },
];

function exchangedContent(one: PlacedRow, other: PlacedRow): Pair {
  const placed = ({ key, columns: { seq, prevHash, hash } }: PlacedRow, { columns }: PlacedRow) => {
    const own = Object.entries({ seq, prevHash, hash }).filter(([, value]) => value !== undefined);
    return { key, columns: { ...columns, ...Object.fromEntries(own) } };
  };
  return [placed(one, other), placed(other, one)];
}

type Extra = { row: PlacedRow; seq: number };

/** Separates rows under keys that the app never writes, and rows behind the closing one. */
function withoutExtra(
  { attempt }: Place,
  rows: readonly PlacedRow[],
  ends: readonly KnownEnd[],
): { chain: PlacedRow[]; extra: Extra[] } {
  const chain: PlacedRow[] = [];
  const extra: Extra[] = [];
  for (const row of rows) {
    const seq = seqOfKey(row);
    const before = chain.at(-1)?.columns;
    const isBehind =
      before?.['kind'] === 'closing' &&
      (ends.length === 0 || ends.some(({ hash }) => hash === before['hash']));
    if (isKey(row.key, attempt, seq) && !isBehind) chain.push(row);
    else extra.push({ row, seq: Number.isSafeInteger(seq) ? seq : 0 });
  }
  return { chain, extra };
}

function extraFinding(attempt: number, { row, seq }: Extra, chain: readonly PlacedRow[]) {
  const follower = chain.find(({ columns }) => columns['prevHash'] === row.columns['prevHash']);
  const isFork =
    follower !== undefined && follower.columns['hash'] !== row.columns['hash'] && isValid(row);
  return isFork
    ? finding('chain-forked', attempt, seq, 'two rows follow the same one')
    : finding('row-inserted', attempt, seq, 'the app writes no row there');
}

function linkFindings(place: Place, chain: readonly PlacedRow[], trail?: string): Finding[] {
  const { attempt } = place;
  const found: Finding[] = [];
  const add = (code: FaultCode, seq: number, text: string) =>
    found.push(finding(code, attempt, seq, text));
  let before: { hash: unknown; seq: number; isGood: boolean } = {
    ...{ hash: START_OF_CHAIN.hash, seq: 0, isGood: true },
  };
  for (const row of chain) {
    const seq = seqOfKey(row);
    const { hash, prevHash } = row.columns;
    for (let gone = before.seq + 1; gone < seq; gone += 1) add('row-missing', gone, 'it is gone');
    const isGood = isValid(row) && hasKey(place, row);
    if (!isGood) add('row-changed', seq, 'its hash is not that of its content and place');
    else if (seq === before.seq + 1 && before.isGood && prevHash !== before.hash) {
      // One of the two was hashed anew. Without a trail it is more likely the one before: the other may be hashed again.
      const isOther = before.seq === 0 || (trail !== undefined && isMarked(trail, before));
      add('row-changed', isOther ? seq : before.seq, 'it was hashed anew');
    }
    before = { hash, seq, isGood };
  }
  return found;
}

const isMarked = (trail: string, { hash, seq }: { hash: unknown; seq: number }): boolean =>
  typeof hash === 'string' && hash.slice(0, MARK) === trail.slice((seq - 1) * MARK, seq * MARK);

/** How a chain differs from an end that is known of it; undefined if it does not. */
function endFinding(end: KnownEnd, chain: readonly PlacedRow[], isBroken: boolean) {
  const { attempt, trail } = end;
  const last = chain.at(-1);
  const lastSeq = last ? seqOfKey(last) : 0;
  if (lastSeq === end.seq && (last?.columns['hash'] === end.hash || isBroken)) return undefined;
  if (isBroken && lastSeq >= end.seq) return undefined;
  const kept = trail === undefined ? undefined : keptOf(trail, chain);
  const from = (kept ?? Math.min(lastSeq, end.seq) - 1) + 1;
  if (lastSeq < end.seq && (isBroken || last?.columns['kind'] !== 'closing' || kept === lastSeq))
    return finding('chain-truncated', attempt, lastSeq + 1, `${end.seq} rows were known`);
  const text = `the chain was written anew: ${end.seq} rows were known, ${lastSeq} are there`;
  if (lastSeq < end.seq) return finding('row-missing', attempt, from, text);
  if (lastSeq > end.seq)
    return finding('row-inserted', attempt, kept === undefined ? end.seq : from, text);
  return finding('row-changed', attempt, from, text);
}

/** How many rows at the start of a chain are those of its trail. */
function keptOf(trail: string, chain: readonly PlacedRow[]): number {
  const differs = chain.findIndex(
    ({ columns: { hash } }, at) => !isMarked(trail, { hash, seq: at + 1 }),
  );
  return differs < 0 ? chain.length : differs;
}

function finding(code: FaultCode, attempt: number, seq: number, text: string): Finding {
  return { code, attempt, seq, text };
}
