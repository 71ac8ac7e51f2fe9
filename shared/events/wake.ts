import { CLOCK } from '../domain/events/event';
import { eventHash as hashOf } from '../domain/events/keys';
import type { Held } from '../domain/lifecycle/held';
import { planFor } from '../domain/lifecycle/planner';
import { timelineOf } from '../domain/lifecycle/timeline';
import type { Run } from '../domain/workflow/run';
import type { LoadedModel } from '../config/load-model';
import type { Log } from '../log';
import type { Claims } from '../storage/claims';
import { placeOfTask, type Due, type DueRow, type WakeTask } from '../storage/due';
import type { Holdings, StoredHolding } from '../storage/holdings';
import { personOf } from '../storage/worker-locks';
import { TooManyNumbers, type Wake, type Workers } from '../storage/workers';
import { followRequests, isOpenIn } from './follow-requests';
import { startOwnEvent } from './start';
import type { RunHost } from './run-host';

export type PlanWakeServices = {
  model: () => LoadedModel;
  due: Pick<Due, 'add' | 'cancel'>;
  holdings: Pick<Holdings, 'of'>;
  workers: Pick<Workers, 'everything' | 'changeWake'>;
};

export type WakeServices = {
  claims: Pick<Claims, 'claim' | 'read' | 'isOver'>;
  due: Pick<Due, 'add' | 'schedule' | 'cancel'>;
  workers: Pick<Workers, 'facts' | 'wakeOf' | 'changeWake'>;
  config: { recovery: { delaySeconds: number } };
};

/**
 * Plans what has to happen for a person after a run: the one wake-up, at the next instant at which their plan changes, and a
 * check of each request of the run that is still open. `next` (ISO 8601): that instant by the last plan of the run, which
 * may have passed meanwhile. The caller has the lock of the person. Idempotent.
 */
export async function planWake(
  services: PlanWakeServices & { claims: Pick<Claims, 'read'> },
  run: Run,
  { at, next }: { at: string; next?: string | undefined },
): Promise<void> {
  const { workerId, eventSource, actAt = at } = run.fact;
  const person = { workerId, personId: personOf(run) };
  // The clock of another machine may be behind that of the timer, and an instant has one event.
  const time = eventSource === CLOCK && actAt > at ? actAt : at;
  const isOver = next !== undefined && (await isWoken(services, person.personId, next));
  const recorded = await planNextWake(services, person, {
    at: time,
    next: isOver ? undefined : next,
  });
  await followRequests(services, run, recorded);
}

/**
 * Whether `planWake` would find nothing to write: nothing is to happen later, and no wake-up is there that would have to go.
 * For that nobody needs the lock of the person: whatever another run changes meanwhile, it plans at its own end.
 */
export async function isNothingToPlan(
  services: PlanWakeServices,
  run: Run,
  { at, next }: { at: string; next?: string | undefined },
): Promise<boolean> {
  if (next !== undefined) return false;
  const person = { workerId: run.fact.workerId, personId: personOf(run) };
  const read = await readWake(services, person, { at });
  const hasWake = ({ at: instant, before }: Wake = {}) =>
    instant !== undefined || before !== undefined;
  return (
    read !== undefined &&
    read.wakeAt === undefined &&
    // A lock that could not be released is released with the end of the run.
    !read.holders.includes(run.instanceId) &&
    !read.wakes.some(hasWake) &&
    !read.recorded.some(isOpenIn(run))
  );
}

/** Whether an instant has had its event of the clock, which plans what comes after it. The same one cannot happen again. */
const isWoken = async (
  { claims }: { claims: Pick<Claims, 'read'> },
  personId: string,
  at: string,
): Promise<boolean> =>
  Date.parse(at) <= Date.now() &&
  (await claims.read(hashOf(CLOCK, wakeId(personId, at)))) !== undefined;

const wakeId = (personId: string, at: string): string => `${personId}@${at}`;

/**
 * Plans the one wake-up of a person: at the next instant at which their plan changes by facts and holdings, or at `next` if
 * that is earlier. Answers their holdings. Idempotent.
 */
export async function planNextWake(
  services: PlanWakeServices,
  person: Person,
  when: { at: string; next?: string | undefined },
): Promise<StoredHolding[]> {
  const read = await readWake(services, person, when);
  if (read === undefined) return [];
  // Numbers that have come to be joined had a wake-up each.
  for (const number of read.numbers) {
    await moveWake(services, number, number === person.personId ? read.wakeAt : undefined);
  }
  return read.recorded;
}

type Person = { workerId: string; personId: string };

/** When a person is to be woken, their numbers, what is recorded under them, and their wake-ups as they are now. */
async function readWake(
  services: PlanWakeServices,
  { workerId, personId }: Person,
  { at, next }: { at: string; next?: string | undefined },
) {
  const { workers, holdings } = services;
  const known = await unlessTooMany(workers.everything(workerId));
  if (known === undefined) return undefined;
  const { facts } = known;
  const numbers = [...new Set([personId, workerId, ...facts.map((fact) => fact.workerId)])];
  const read = await Promise.all(
    numbers.map(async (id) => known.numbers.get(id)?.holdings ?? (await holdings.of([id]))),
  );
  const recorded = read.flat();
  const wakes = [...known.numbers.values()].flatMap(({ wake }) => wake ?? []);
  const { model } = services.model();
  const timeline = timelineOf(facts, model);
  const held = recorded.flatMap(heldOf);
  const { next: ofRows, wants } = planFor({ timeline, held, model, at: Date.parse(at) });
  const ofPlan = next === undefined ? undefined : Date.parse(next);
  // Of somebody who is to have nothing, now and later, no end matters that the last plan saw in Graph.
  const isOver = wants.length === 0 && ofRows === undefined;
  const instants = [isOver && (ofPlan ?? 0) > Date.parse(at) ? undefined : ofPlan, ofRows];
  const ahead = instants.filter((instant) => instant !== undefined);
  const wakeAt = ahead.length === 0 ? undefined : new Date(Math.min(...ahead)).toISOString();
  const holders = [...known.numbers.values()].map(({ lockedBy }) => lockedBy);
  return { wakeAt, numbers, recorded, wakes, holders };
}

/** Undefined if the numbers cannot be one person's: the run of every event about them says so. */
const unlessTooMany = <Read>(read: Promise<Read>): Promise<Read | undefined> =>
  read.catch((error: unknown) => {
    if (error instanceof TooManyNumbers) return undefined;
    throw error;
  });

/** The pointer comes first and names both rows, so that an interruption leaves none that nobody knows of. */
async function moveWake(
  { due, workers }: Pick<PlanWakeServices, 'due' | 'workers'>,
  personId: string,
  at: string | undefined,
): Promise<void> {
  const task = at === undefined ? undefined : ({ kind: 'wake', personId, at } as const);
  const place = task && placeOfTask(task, task.at);
  const wake = await workers.changeWake(personId, (known) => {
    if (known?.at === at) return undefined;
    return { ...(task && { at: task.at, place }), before: known?.place };
  });
  if (task) await due.add(task, task.at);
  if (wake?.before === undefined) return;
  await due.cancel(wake.before);
  await workers.changeWake(personId, (known) =>
    known?.at === at && known?.before ? { ...known, before: undefined } : undefined,
  );
}

/** What a record says that somebody holds, without a look in Graph. */
function heldOf(holding: StoredHolding): Held[] {
  const { packageKey, assignmentId, whose, state, action, until } = holding;
  if (state === 'idle' || state === 'gone') return [];
  const open = action === 'revoke' ? 'removing' : 'adding';
  return [
    {
      ...{ packageKey, assignmentId, whose, state: state === 'held' ? 'held' : open },
      ...(until !== undefined && { until: Date.parse(until) }),
    },
  ];
}

/**
 * Turns a wake-up whose time has come into an event of the clock, once, however late. A run that is open and waits for this
 * instant itself does all that is to be done then.
 */
export async function wakePerson(
  services: WakeServices,
  host: Pick<RunHost, 'start' | 'status'>,
  row: DueRow<WakeTask>,
  log: Log,
): Promise<void> {
  const { personId, at } = row;
  const { due, workers } = services;
  const isNamed = (wake: { place?: { key: string } | undefined } | undefined): boolean =>
    wake?.place?.key === row.key;
  if (isNamed(await workers.wakeOf(personId))) {
    if (!(await isAwaited(services, row))) {
      const event = { source: CLOCK, id: wakeId(personId, at), workerId: personId, at } as const;
      const { eventHash, isNew } = await startOwnEvent(services, host, event);
      if (isNew) log({ what: 'woken', eventHash, at });
    }
    await workers.changeWake(personId, (wake) => (isNamed(wake) ? {} : undefined));
  }
  await due.cancel(row);
}

async function isAwaited(
  { claims, workers }: WakeServices,
  { personId, at }: WakeTask,
): Promise<boolean> {
  const facts = (await unlessTooMany(workers.facts(personId))) ?? [];
  for (const { hash } of facts) {
    const claim = await claims.read(hash);
    const { for: kind, until = '' } = claim?.waiting ?? {};
    if (claim?.state === 'started' && kind === 'parked' && until === at) return true;
  }
  return false;
}
