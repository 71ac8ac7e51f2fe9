import type { Failed, Later, Outcome } from '../domain/workflow/outcome';
import { mapConcurrent } from '../promises';
import type { PackageIds } from '../domain/lifecycle/plan';
import { classify, isNotCarriedOut, isRefusal } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import { inScope } from '../graph/permissions';
import { extendLease, type HeldLease, type PackageMemory } from '../storage/packages';
import { writeOnce, type RememberedWrite, type Saved } from '../write-once';
import { isOurs, type PackageTarget } from './inspect';
import { actOf, codeOf, type Created, type Ids, type ModelItem } from './items';
import { comparePackage, isItemName, openRecords, type Records } from './records';

/** With the caller's lease on the catalog: no write begins that might outlive it. Unless it can be renewed, it ends. */
export type ApplyOptions = Pick<HeldLease, 'leaseUntil'> &
  Partial<HeldLease> & {
    /**
     * `verify-only` never writes to Graph. `create` creates what is missing in a package of ours. `update` also changes
     * what differs, creates again what was deleted, and completes packages that are not ours: for a person who saw the plan.
     */
    mode: 'verify-only' | 'create' | 'update';
    /** How long to wait for replicas that do not show an item yet. */
    lagSeconds?: number;
    /** How long after a write its invisibility is put down to replicas, before it counts as gone. */
    visibleWithinSeconds?: number;
  };

/** A complete package, by its ids. `adopted` if it existed and nothing of it was created by us. */
export type EnsuredPackage = PackageIds & { adopted: boolean; graphRequestId?: string };

type Application = {
  graph: Entitlements;
  target: PackageTarget;
  records: Records;
  options: Required<ApplyOptions>;
  /** The items that this execution has updated, by the names of their writes. */
  updated: Set<string>;
};

/**
 * Makes one access package equal to the model as far as the mode allows, in rounds of inspect, diff and apply, and
 * answers `done` only after a round that found everything and changed nothing. To be called again after `later`; the
 * caller holds the lease on the catalog. No access is ever removed.
 *
 * Codes of failure: `drift:<members>`, `<item>-missing`, `<item>-gone`, `<item>-ambiguous`, those of `classify`, and
 * `refused` where `update` leaves the package to a person.
 */
export async function applyPackage(
  graph: Entitlements,
  target: PackageTarget,
  memory: PackageMemory,
  options: ApplyOptions,
): Promise<Outcome<EnsuredPackage>> {
  const application: Application = {
    ...{ graph, target, updated: new Set() },
    records: await openRecords(memory),
    options: {
      ...{ lagSeconds: 2, visibleWithinSeconds: 300 },
      renewLease: () => Promise.resolve(undefined),
      ...options,
    },
  };
  const isFresh = () => isAnyRecent(application);
  const outcome = await inScope({ isFresh }, () => applyRounds(application));
  return outcome.kind === 'later' ? { ...outcome, workDone: workDoneIn(application) } : outcome;
}

async function applyRounds(application: Application): Promise<Outcome<EnsuredPackage>> {
  try {
    for (;;) {
      const round = await applyRound(application);
      if (round.kind !== 'done') return round;
      if (round.complete) return await finish(application, round.complete);
    }
  } catch (error) {
    return outcomeOf(application, error);
  }
}

/** Grows with each item that was made, and again when it is seen: what is waited for begins anew then. */
const workDoneIn = ({ records }: Application): number =>
  records.writes().filter(({ state }) => state !== 'intended').length +
  records.writes().filter(({ state }) => state === 'seen').length;

const isAnyRecent = (application: Application): boolean =>
  application.records.writes().some((write) => isRecent(application, write));

type Complete = PackageIds & { graphRequestId: string };

/** `complete` if it found everything and changed nothing. */
async function applyRound(
  application: Application,
): Promise<Outcome<{ complete: Complete | undefined }>> {
  const { snapshot, items } = await compare(application);
  const { records, target, options } = application;
  const isRefused = (item: ModelItem) =>
    actOf(item) === 'refuse' && !isRoleOfNewResource(application, item);
  if (options.mode === 'update' && items.some(isRefused)) return failed('refused');

  const row = records.package();
  const isTheirs =
    row.adopted ||
    target.accessPackage.adoptId !== undefined ||
    (snapshot.packages.length > 0 && !isOurs(row));
  const stop = await rememberSeen(application, items);
  if (stop) return stop;
  let isChanged = false;
  for (const item of items) {
    // The roles of a resource are known only once it is in the catalog, and the package is created only with all of them.
    if (item.part === 'package' && isChanged) break;
    const step = await applyItem(application, item, !isTheirs || item.isAlwaysOurs === true);
    if (step.kind !== 'done') return step;
    isChanged ||= step.did !== 'nothing';
    if (step.did === 'forget') break;
  }
  const [found] = snapshot.packages;
  if (isChanged || !found) return { kind: 'done', complete: undefined };
  const idOf = (part: ModelItem['part']) => items.find((item) => item.part === part)?.id ?? '';
  const complete = {
    ...{ accessPackageId: found.id, graphRequestId: found.graphRequestId },
    ...{ catalogId: idOf('catalog'), assignmentPolicyId: idOf('policy') },
  };
  return { kind: 'done', complete };
}

const compare = ({ graph, target, records, options }: Application) =>
  comparePackage(graph, target, records, options.mode === 'update');

type Step = Outcome<{ did: 'nothing' | 'adopt' | 'write' | 'forget' }>;

async function applyItem(
  application: Application,
  item: ModelItem,
  isOurItem: boolean,
): Promise<Step> {
  const { options } = application;
  const { part, difference } = item;
  if (difference === undefined) return adopt(application, item);
  const failure = failed(codeOf(part, difference));
  switch (difference.kind) {
    case 'pending':
      return { kind: 'done', did: 'nothing' };
    case 'unreadable':
      return outcomeOf(application, difference.error);
    case 'missing': {
      const mayCreate = options.mode === 'update' || (options.mode === 'create' && isOurItem);
      return mayCreate && item.create ? create(application, item, item.create) : failure;
    }
    case 'gone':
      if (isRecent(application, writeOf(application, item))) return notYetVisible(application);
      return mayForget(application, item) ? forget(application, item) : failure;
    case 'no-such-role':
      return isRoleOfNewResource(application, item) ? notYetVisible(application) : failure;
    case 'differs':
      return options.mode === 'update' && item.update
        ? update(application, item, item.update)
        : failure;
    default:
      return failure;
  }
}

/**
 * What was never seen and has another one in its place did not come to be, and the other one is judged for itself. What
 * was seen and is gone was removed by somebody, so only a person has it created again.
 */
function mayForget(application: Application, item: ModelItem): boolean {
  const { mode } = application.options;
  const write = writeOf(application, item);
  return mode === 'update' || (mode === 'create' && write !== undefined && write.state !== 'seen');
}

/** Rows that are saved at once. */
const AT_ONCE = 16;

/**
 * Keeps that what we wrote was seen, for the items with a row of their own: a package may have hundreds, and a save one
 * after the other would take longer than the lease lasts.
 */
async function rememberSeen(
  application: Application,
  items: readonly ModelItem[],
): Promise<Later | undefined> {
  const { records } = application;
  const news = items.filter((item) => {
    const write = writeOf(application, item);
    const isNews = write !== undefined && write.state !== 'seen';
    return item.difference === undefined && isItemName(item.write) && isNews;
  });
  const stops = await mapConcurrent(AT_ONCE, news, async (item) => {
    const write = writeOf(application, item);
    return stopOf(await records.save(item, write && { ...write, state: 'seen' }));
  });
  return stops.find((one) => one !== undefined);
}

/** Keeps the ids of what exists, and that what we wrote was seen. */
async function adopt(application: Application, item: ModelItem): Promise<Step> {
  const { ids = {} } = item;
  const { records, target } = application;
  const known: Ids = item.part === 'catalog' ? records.catalog() : records.package();
  const isNews = Object.entries(ids).some(([name, id]) => known[name as keyof Ids] !== id);
  const write = writeOf(application, item);
  if (!isNews && (!write || write.state === 'seen')) return { kind: 'done', did: 'nothing' };
  const seen = write && { ...write, state: 'seen' as const };
  const stop = stopOf(await records.save(item, seen, { ids }));
  // Of two incompatible packages that are applied at once, each saves its id before it reads the other's row for the
  // last time, so that at least one sees the other.
  const did = isNews && target.incompatible.length > 0 ? 'adopt' : 'nothing';
  return stop ?? { kind: 'done', did };
}

async function create(
  application: Application,
  item: ModelItem,
  post: NonNullable<ModelItem['create']>,
): Promise<Step> {
  const { graph, records } = application;
  const save = (write: RememberedWrite | undefined) => records.save(item, write);
  try {
    const written = await writeOnce<Created, Later>({
      load: () => Promise.resolve(writeOf(application, item)),
      save,
      withdraw: save,
      // The inspection has just looked.
      find: () => Promise.resolve(undefined),
      prepare: () => markProvisioning(application),
      check: () => tooLittleLease(application),
      statusOf: (made) => statusOf(application, item, made),
      create: () => post(graph, records.ids()),
      keep: (created) => keepMade(application, item, created),
      isRefusal,
    });
    switch (written.kind) {
      case 'done':
        return { kind: 'done', did: 'write' };
      case 'stopped':
        return written.stop;
      case 'conflict':
        return CHANGED_MEANWHILE;
      case 'unclear':
        // Spread ever wider, so that the reads do not all meet the same lag.
        return notYetVisible(application, 3 ** written.absentReads);
      case 'not-visible':
        return notYetVisible(application);
    }
  } catch (error) {
    if (isNotCarriedOut(error)) return countFailure(application, item, error);
    const outcome = outcomeOf(application, error);
    if (!isRefusal(error) || outcome.kind === 'later') return outcome;
    // If it exists by now, whoever created it, the next execution judges it from the beginning.
    const { items } = await compare(application);
    const now = items.find(({ write }) => write === item.write);
    return now?.difference?.kind === 'missing' ? outcome : notYetVisible(application);
  }
}

/** What became of an item that Graph confirmed and does not show. Throws if Graph did not carry out the write. */
async function statusOf(
  application: Application,
  { follow }: ModelItem,
  made: RememberedWrite,
): Promise<'pending' | 'doubtful'> {
  const { requestId } = made;
  const isOpen =
    requestId !== undefined && (await follow?.(application.graph, requestId)) === 'open';
  return isOpen || isRecent(application, made) ? 'pending' : 'doubtful';
}

async function keepMade(
  application: Application,
  item: ModelItem,
  { requestId, ...ids }: Created = {},
): Promise<Later | undefined> {
  const write = writeOf(application, item);
  const made = write && { ...write, state: 'made' as const, ...(requestId && { requestId }) };
  return stopOf(await application.records.save(item, made, { ids }));
}

/** The waits after failures in a row, in lags. Then a person is asked, and the next event begins again. */
const FAILURE_LAGS = [10, 30];

/**
 * Graph took the write and did not carry it out. That may pass, as for a group that is a minute old; otherwise it ends
 * here, and nothing in our rows keeps a later execution from another try.
 */
async function countFailure(
  application: Application,
  item: ModelItem,
  error: unknown,
): Promise<Step> {
  const { records } = application;
  const before = records.failuresOf(item);
  const lags = FAILURE_LAGS[before];
  const failures = lags === undefined ? 0 : before + 1;
  const stop = stopOf(await records.save(item, undefined, { failures }));
  if (stop) return stop;
  const why = codeOf(item.part, { kind: 'not-delivered' });
  const { evidence } = outcomeOf(application, error);
  if (lags === undefined) return { kind: 'failed', why, ...(evidence && { evidence }) };
  return { ...notYetVisible(application, lags), why, ...(evidence && { evidence }) };
}

async function update(
  application: Application,
  item: ModelItem,
  call: NonNullable<ModelItem['update']>,
): Promise<Step> {
  // A replica that does not have the change yet is no drift.
  if (application.updated.has(item.write)) return notYetVisible(application);
  const stop = (await markProvisioning(application)) ?? (await tooLittleLease(application));
  if (stop) return stop;
  await call(application.graph);
  application.updated.add(item.write);
  return { kind: 'done', did: 'write' };
}

/** Lets go of what our rows say of an item that Graph does not have any more, so that it can be created again. */
async function forget({ records }: Application, item: ModelItem): Promise<Step> {
  return stopOf(await records.forget(item)) ?? { kind: 'done', did: 'forget' };
}

/** Before anything is written, our row says that this version is not complete. */
async function markProvisioning({ records, target }: Application): Promise<Later | undefined> {
  const { state, version } = records.package();
  if (state === 'provisioning' && version === target.version) return undefined;
  return stopOf(await records.changePackage({ state: 'provisioning', version: target.version }));
}

async function finish(
  { records, target: { version } }: Application,
  { graphRequestId, ...ids }: Complete,
): Promise<Outcome<EnsuredPackage>> {
  const row = records.package();
  const adopted = !isOurs(row);
  const stop =
    row.state === 'complete' && row.version === version
      ? undefined
      : stopOf(await records.changePackage({ state: 'complete', version, adopted, ...ids }));
  return stop ?? { kind: 'done', ...ids, adopted, graphRequestId };
}

/** A write that began now might outlive the caller's lease, and the next holder would not know of it. */
async function tooLittleLease({ graph, options }: Application): Promise<Later | undefined> {
  const lasts = await extendLease(options, graph.deadlineMs);
  return lasts ? undefined : { kind: 'later', why: 'lease-too-short', afterSeconds: 1 };
}

/** What an error of a call means here: a conflict works itself out if the other item may only be invisible yet. */
function outcomeOf(application: Application, error: unknown): Later | Failed {
  const justCreated = isAnyRecent(application);
  const meaning = classify(error, { justCreated });
  if (meaning.kind === 'later' && meaning.why === 'not-yet-visible') {
    return { ...meaning, ...notYetVisible(application) };
  }
  if (meaning.kind !== 'conflict') return meaning;
  const { conflict, evidence } = meaning;
  const isHidden =
    conflict === 'duplicate-access-package' || conflict === 'duplicate-key' || justCreated;
  return { ...(isHidden ? notYetVisible(application) : failed(conflict)), evidence };
}

function isRoleOfNewResource(application: Application, item: ModelItem): boolean {
  return (
    item.difference?.kind === 'no-such-role' && isRecent(application, writeOf(application, item))
  );
}

/** Whether it was written so lately that a replica may still not show it. */
function isRecent({ options }: Application, write: RememberedWrite | undefined): boolean {
  return (
    write !== undefined && Date.now() - Date.parse(write.at) < options.visibleWithinSeconds * 1000
  );
}

const failed = (why: string): Failed => ({ kind: 'failed', why });

/** Waits of different runs should not end together, so each is drawn from one to two times `lags` lags. */
function notYetVisible({ options: { lagSeconds } }: Application, lags = 1): Later {
  const afterSeconds = lagSeconds * lags * (1 + Math.random());
  return { kind: 'later', why: 'not-yet-visible', afterSeconds };
}

const CHANGED_MEANWHILE: Later = { kind: 'later', why: 'changed-meanwhile', afterSeconds: 1 };

const stopOf = (saved: Saved): Later | undefined =>
  saved === 'saved' ? undefined : CHANGED_MEANWHILE;

const writeOf = ({ records }: Application, { write }: ModelItem) => records.writeOf(write);
