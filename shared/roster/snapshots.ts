import { jsonHash } from '../domain/events/keys';
import { parseEvent, type LifecycleEvent } from '../domain/events/lifecycle-event';
import { factOf } from '../domain/lifecycle/fact-of';
import type { Fact } from '../domain/lifecycle/facts';
import type { RosterFault, RosterMap, RosterRow, RosterRows } from './rows';

/** Which source states the roster, and of which instant it is (ISO 8601, UTC). */
export type RosterOrigin = { source: string; asOf: string };

/** What the roster states of one worker, and the line of their first row. */
export type RosterWorker = { line: number; fact: Fact };

const SPAN = ['employmentId', 'from', 'until'] as const;
const DEFAULT_EMPLOYMENT = 'primary';

/**
 * The snapshot that a roster states of each of its workers: one span for each row. Every row must meet the event contract,
 * and all faults are answered. The id of a snapshot is a hash of worker, content and instant.
 */
export function snapshotsOf(
  { rows, faults }: RosterRows,
  map: RosterMap,
  origin: RosterOrigin,
): { workers: RosterWorker[]; faults: RosterFault[] } {
  const columns = new Map(Object.entries(map).map(([column, target]) => [target, column]));
  const byWorker = new Map<string, RosterRow[]>();
  const rowFaults = rows.flatMap((row) => {
    const found = faultsIn([row], origin, columns);
    const workerId = row.values.get('workerId') ?? '';
    const own = byWorker.get(workerId);
    if (own) own.push(row);
    else byWorker.set(workerId, [row]);
    return found;
  });
  const all = [...faults, ...rowFaults];
  if (all.length > 0) return { workers: [], faults: inOrder(all) };
  const together = [...byWorker.values()].flatMap((own) => [
    ...disagreements(own),
    ...(own.length > 1 ? faultsIn(own, origin, columns) : []),
  ]);
  if (together.length > 0) return { workers: [], faults: inOrder(together) };
  const workers = [...byWorker.values()].flatMap((own) => {
    const event = parseEvent(messageOf(own, origin));
    return event.success ? [{ line: own[0]?.line ?? 0, fact: factOf(event.data) }] : [];
  });
  return { workers, faults: [] };
}

const inOrder = (faults: RosterFault[]): RosterFault[] =>
  faults.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0));

function messageOf(rows: readonly RosterRow[], { source, asOf }: RosterOrigin) {
  const workerId = rows[0]?.values.get('workerId') ?? '';
  const timeZone = rows[0]?.values.get('timeZone');
  const content = { spans: rows.map(spanOf), ...(timeZone !== undefined && { timeZone }) };
  return {
    ...{ specversion: '1.0', type: 'hr.worker.snapshot.v1' satisfies LifecycleEvent['type'] },
    ...{ source, id: jsonHash([workerId, content, asOf]), time: asOf },
    data: { workerId, ...content },
  };
}

function spanOf({ values }: RosterRow) {
  const attributes = [...values].flatMap(([target, value]) =>
    target.startsWith('attributes.') ? [[target.slice('attributes.'.length), value] as const] : [],
  );
  const members = SPAN.flatMap((name) => (values.has(name) ? [[name, values.get(name)]] : []));
  return {
    employmentId: DEFAULT_EMPLOYMENT,
    ...(Object.fromEntries(members) as Partial<Record<(typeof SPAN)[number], string>>),
    attributes: Object.fromEntries(attributes),
  };
}

/** Where the rows of one worker break the event contract, by the columns that say so. */
function faultsIn(
  rows: readonly RosterRow[],
  origin: RosterOrigin,
  columns: ReadonlyMap<string | null, string>,
): RosterFault[] {
  const { error } = parseEvent(messageOf(rows, origin));
  return (error?.issues ?? []).map(({ path, message }) => {
    const [, member, at, ...inner] = path.map(String);
    const line = rows[member === 'spans' && at !== undefined ? Number(at) : 0]?.line ?? 0;
    const target = member === 'spans' ? inner.join('.') : member;
    const column = columns.get(target ?? '');
    return { line, ...(column !== undefined && { column }), rule: message };
  });
}

/** Rows of one worker that cannot both hold. */
function disagreements(rows: readonly RosterRow[]): RosterFault[] {
  const starts = new Map<string, number>();
  return rows.flatMap(({ line, values }) => {
    const { employmentId, from } = spanOf({ line, values });
    const key = JSON.stringify([employmentId, from]);
    const before = starts.get(key);
    starts.set(key, before ?? line);
    const zones = values.get('timeZone') === rows[0]?.values.get('timeZone');
    return [
      ...(before === undefined
        ? []
        : [{ line, rule: `another employment or first day than line ${before} of this worker` }]),
      ...(zones
        ? []
        : [{ line, rule: `the time zone of line ${rows[0]?.line ?? 0} of this worker` }]),
    ];
  });
}
