import type { PlacedRow } from '../domain/evidence/chain';
import { textOf } from '../domain/evidence/event-faults';
import type { Fault } from '../domain/evidence/fault';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Indexed } from '../storage/audit-index';

type Audit = Pick<LedgerReader, 'rowsOf' | 'refusalRow' | 'indexed'>;

/** The UTC days whose index was read, and the hashes of the events and bodies that it names. */
export type NamedByDay = { days: readonly string[]; hashes: ReadonlySet<string> };

/**
 * Reports find events by the indexes of workers and days: without its entry an event is hidden from them, and one that only
 * the index of its worker names is verified by nobody. Answers a check of an event or a body with these rows, which names what
 * the index of its worker, or of the day by that one, lacks.
 */
export function createIndexCheck(audit: Audit, { days, hashes }: NamedByDay) {
  const ofWorkers = new Map<string, Promise<Indexed[]>>();

  const namedByWorkerAlone = async (named: Indexed, worker: string): Promise<Fault[]> => {
    const { eventHash, bodyHash, lastAt } = named;
    const day = new Date(lastAt).toISOString().slice(0, 10);
    if (!days.includes(day) || hashes.has(hashOf(named))) return [];
    // An entry is written before the first row, so without a row that of the day may still be to come.
    const row =
      eventHash === undefined
        ? await audit.refusalRow(bodyHash)
        : (await audit.rowsOf(eventHash))[0];
    const isNamed = async () => (await audit.indexed({ day })).some(isOf(hashOf(named)));
    if (!row || (await isNamed())) return [];
    return [faultOf(hashOf(named), row, worker, `the index of ${day} does not name it`)];
  };

  return async (hash: string, [row]: readonly PlacedRow[]): Promise<Fault[]> => {
    const worker = textOf(row, 'workerId');
    if (row === undefined || worker === undefined) return [];
    const known = ofWorkers.get(worker);
    const list = known ?? audit.indexed({ worker });
    ofWorkers.set(worker, list);
    const isNamed =
      (await list).some(isOf(hash)) || (await audit.indexed({ worker })).some(isOf(hash));
    const alone = known
      ? []
      : await mapConcurrent(4, await list, (named) => namedByWorkerAlone(named, worker));
    return [
      ...(isNamed ? [] : [faultOf(hash, row, worker, 'the index of its worker does not name it')]),
      ...alone.flat(),
    ];
  };
}

const hashOf = ({ eventHash, bodyHash = eventHash ?? '' }: Indexed): string => bodyHash;

const isOf =
  (hash: string) =>
  (named: Indexed): boolean =>
    hashOf(named) === hash;

function faultOf(hash: string, row: PlacedRow, worker: string, text: string): Fault {
  const isBody = row.columns['kind'] === 'rejected';
  const event = textOf(row, 'eventId');
  return {
    ...{ code: 'index-missing', worker, text },
    ...(event !== undefined && { event }),
    ...(isBody ? { bodyHash: hash } : { eventHash: hash }),
  };
}
