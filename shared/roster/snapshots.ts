import { setTimeout as wait } from 'node:timers/promises';
import type { AccessModel } from '../domain/access-model/access-model';
import { jsonHash } from '../domain/events/keys';
import { parseEvent, type LifecycleEvent } from '../domain/events/lifecycle-event';
import { factOf, keepFact } from '../domain/lifecycle/fact-of';
import type { Fact, StoredFact } from '../domain/lifecycle/facts';
import { timelineOf, type Timeline } from '../domain/lifecycle/timeline';
import { planNextWake, type PlanWakeServices } from '../events/wake';
import type { WorkerLocks } from '../storage/worker-locks';
import type { Workers } from '../storage/workers';
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

export type NewsServices = PlanWakeServices & {
  workers: Pick<Workers, 'wakeOf'>;
  workerLocks: Pick<WorkerLocks, 'holderOf'>;
};

/**
 * What a snapshot changes of what is known of a person: `fact` where it changes what is true of them at any time, to be
 * stored; `facts` and `timeline` as they are then.
 */
export function newsOf(
  model: AccessModel,
  facts: StoredFact[],
  stated: Fact,
  acceptedAt: string,
): { fact?: StoredFact; facts: StoredFact[]; timeline: Timeline } {
  const fact: StoredFact = { ...keepFact(model, stated), acceptedAt };
  const before = timelineOf(facts, model);
  const after = timelineOf([...facts, fact], model);
  return spansAsText(before) === spansAsText(after)
    ? { facts, timeline: before }
    : { fact, facts: [...facts, fact], timeline: after };
}

/** What is true of a person at any time, whatever events say it. */
function spansAsText({ spans }: Timeline): string {
  const texts = spans.map((span) => {
    const { employment, from, until, firstDay, zone, attributes, moved, lastDay, left } = span;
    const names = Object.keys(attributes).sort();
    return JSON.stringify([
      ...[employment, from, until, firstDay, zone, moved, lastDay, left, span.scheduledEnd],
      names.map((name) => [name, attributes[name]]),
    ]);
  });
  return texts.sort().join('\n');
}

/** A wake-up that a run has planned may be earlier than the records show: it has looked in Graph. */
export async function wakeNext(
  services: NewsServices,
  { workerId, personId }: { workerId: string; personId: string },
): Promise<void> {
  const planned = await services.workers.wakeOf(personId);
  await planNextWake(
    services,
    { workerId, personId },
    { at: new Date().toISOString(), next: planned?.at },
  );
}

/** A run holds the lock for seconds. One that has died is closed by the supervisor, which plans the wake-up again. */
const LOCK_MS = 60_000;

/** A run that read the facts before this one was stored plans the wake-up of the person without it, and so has to be over. */
export async function runEnded(
  { workerLocks }: Pick<NewsServices, 'workerLocks'>,
  personId: string,
): Promise<void> {
  const holderOf = () => workerLocks.holderOf(personId);
  const holder = await holderOf();
  const end = Date.now() + LOCK_MS;
  while (holder !== undefined && Date.now() < end && (await holderOf()) === holder)
    await wait(1_000);
}
