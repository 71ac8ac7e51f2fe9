import { endsOf, type ClosedChain, type PlacedRow } from '../domain/evidence/chain';
import { hourAfter, hourOf, SEALED_WITHIN_DAYS } from '../domain/evidence/hours';
import { proofOf, type InclusionProof } from '../domain/evidence/seal';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Seals } from '../storage/seals';

export type ProveStores = {
  audit: Pick<LedgerReader, 'rowsOf'>;
  seals: Pick<Seals, 'hours' | 'read'>;
};

/** In so many hours a chain is sealed, if it ever is. One day is to spare. */
const SEARCHED_HOURS = (SEALED_WITHIN_DAYS + 1) * 24;
const AT_ONCE = 32;

export type EventProof = {
  /** One of each attempt that is sealed. */
  proofs: InclusionProof[];
  /** The rows of the event, to check the chain behind each proof with. */
  rows: PlacedRow['columns'][];
  /** Attempts that have closed and are not sealed yet, or never were. */
  unsealed: number[];
};

/** Proves of each closed attempt at an event that its chain is in the seal of an hour; also once its rows are removed. */
export async function proveEvent(
  { audit, seals }: ProveStores,
  eventHash: string,
): Promise<EventProof> {
  const rows = await audit.rowsOf(eventHash);
  const closed = endsOf(rows);
  const proofs = await createSealFinder(seals)(eventHash, closed);
  const proven = new Set(proofs.map(({ leaf }) => leaf.attempt));
  return {
    proofs,
    rows: rows.map(({ columns }) => columns),
    unsealed: closed.map(({ attempt }) => attempt).filter((attempt) => !proven.has(attempt)),
  };
}

type Closed = Pick<ClosedChain, 'attempt' | 'closedAt'>;

export type SealFinder = ReturnType<typeof createSealFinder>;

/** Finds the proofs of the chains of an event. It lists the hours once, when it is first asked. */
export function createSealFinder(seals: ProveStores['seals']) {
  let listed: Promise<string[]> | undefined;
  return async (eventHash: string, closed: readonly Closed[]): Promise<InclusionProof[]> => {
    const known = await (listed ??= seals.hours());
    const hours = hoursOf(closed, known);
    const own = new Set(closed.map(({ closedAt }) => hourOf(closedAt)));
    const first = hours.filter((hour) => own.has(hour));
    const proofs = await proofsIn(seals, eventHash, first);
    const isProven = ({ attempt }: Closed): boolean =>
      proofs.some(({ leaf }) => leaf.attempt === attempt);
    if (closed.length > 0 && closed.every(isProven)) return proofs;
    const late = hours.filter((hour) => !own.has(hour));
    return [...proofs, ...(await proofsIn(seals, eventHash, late))];
  };
}

/** The hours in which the chains can be sealed; all of them where no row tells. */
function hoursOf(closed: readonly Closed[], known: readonly string[]): readonly string[] {
  if (closed.length === 0) return known;
  const first = known[0] ?? '';
  const from = closed.map(({ closedAt }) => hourOf(closedAt));
  return known.filter((hour) =>
    from.some((one) => hour >= one && hour <= hourAfter(one < first ? first : one, SEARCHED_HOURS)),
  );
}

async function proofsIn(
  seals: ProveStores['seals'],
  eventHash: string,
  hours: readonly string[],
): Promise<InclusionProof[]> {
  const found = await mapConcurrent(AT_ONCE, hours, async (hour) => {
    const seal = await seals.read(hour);
    if (seal === undefined || seal === 'unreadable') return [];
    return seal.leaves
      .filter((leaf) => leaf.eventHash === eventHash)
      .map((leaf) => proofOf(seal, leaf));
  });
  return found.flat();
}
