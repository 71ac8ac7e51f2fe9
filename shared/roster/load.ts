import { packageDefinition } from '../domain/access-model/access-model';
import type { StoredFact } from '../domain/lifecycle/facts';
import { intervalsOf, wantsAt, type Want } from '../domain/lifecycle/wants';
import {
  createPolicyCheck,
  findingsOf,
  type Finding,
  type KnownPackage,
} from '../assignments/adopt';
import { accountOf, numbersOf } from '../assignments/account';
import { isUndecided } from '../assignments/plan';
import type { HeldAccess } from '../graph/assignment-verbs';
import { pauseAfter } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import { findPeer } from '../packages/inspect';
import { mapConcurrent, retried as retriedWhile, type Pause } from '../promises';
import type { Holdings, StoredHolding } from '../storage/holdings';
import type { Packages } from '../storage/packages';
import { isNotAllowed, StoreUnavailable } from '../storage/storage-port';
import { TooManyNumbers, type Workers } from '../storage/workers';
import type { RosterFault } from './rows';
import { newsOf, runEnded, wakeNext, type NewsServices, type RosterWorker } from './snapshots';

export type LoadServices = NewsServices & {
  workers: Pick<Workers, 'person' | 'addFact'>;
  holdings: Pick<Holdings, 'save' | 'load'>;
  packages: Pick<Packages, 'load'>;
  graph: LoadReads;
  config: { matchAttribute: string };
  /** Called as the work goes on, and whenever a call has to wait. */
  onProgress: (step: 'read' | 'look' | 'write', done: number, all: number) => void;
  onWait: (why: string) => void;
};

/** What is read of Graph. Nothing of it writes. */
type LoadReads = Pick<
  Entitlements,
  | 'findUsers'
  | 'findCatalogs'
  | 'findAccessPackages'
  | 'getAccessPackage'
  | 'assignmentsOf'
  | 'assignmentsOfPackage'
  | 'policyInForce'
>;

/** One worker of the roster: the fact that changes something, and what becomes of their access. */
export type LoadedWorker = {
  workerId: string;
  personId: string;
  targetId?: string | undefined;
  fact?: StoredFact | undefined;
  /** Why nothing of their access is looked at: there is no one account, or the rules cannot decide. */
  problem?: string | undefined;
  findings: Finding[];
};

/** `unrecorded`: packages of the model that exist and whose ids no record of ours has; `missing`: those that do not exist. */
export type LoadPlan = {
  workers: LoadedWorker[];
  faults: RosterFault[];
  unrecorded: string[];
  missing: string[];
};

const AT_ONCE = 8;
/** Accounts are looked for in groups of 15: with fewer at once, each group would be waited for. */
const READ_AT_ONCE = 30;

/**
 * What a roster changes: the snapshots that change what is known of a worker at any time, and what of their access is
 * adopted. Writes nothing. Faults: rows of numbers of one person, whose snapshots would replace each other. Throws
 * GraphError and StoreUnavailable after a time of retries.
 */
export async function planLoad(
  services: LoadServices,
  roster: readonly RosterWorker[],
  now: Date,
): Promise<LoadPlan> {
  const { known, unrecorded, missing } = await packagesInGraph(services);
  let done = 0;
  const people = await mapConcurrent(READ_AT_ONCE, roster, async (worker) => {
    const person = await retried(services, () => readPerson(services, worker, now));
    services.onProgress('read', (done += 1), roster.length);
    return person;
  });
  const faults = sharedNumbers(people);
  if (faults.length > 0) return { workers: [], faults, unrecorded, missing };
  const targets = people.flatMap(({ targetId }) => targetId ?? []);
  const held = await heldBy(services, targets, known);
  const isAutomatic = createPolicyCheck(services.graph);
  const workers = await mapConcurrent(AT_ONCE, people, async (person) => {
    const { workerId, personId, targetId, fact, problem, wants, holdings } = person;
    const access = { personId, wants, holdings, packages: known, at: now.toISOString() };
    const findings =
      targetId === undefined || problem !== undefined
        ? []
        : await retried(services, () =>
            findingsOf({ ...access, targetId, held: held.get(targetId) ?? [] }, isAutomatic),
          );
    return { workerId, personId, targetId, fact, problem, findings };
  });
  return { workers, faults: [], unrecorded, missing };
}

/**
 * Stores what a plan says: of each worker the fact first, then what is adopted, then the wake-up at the next change of their
 * plan. Starts no run and writes nothing to Graph. Broken off and planned again, it goes on where it was. Answers the
 * packages whose row was changed by a run since the plan was made: they are as that run left them.
 */
export async function carryOutLoad(
  services: LoadServices,
  { workers }: LoadPlan,
): Promise<{ workerId: string; packageKey: string }[]> {
  let done = 0;
  const changed = await mapConcurrent(AT_ONCE, workers, async (worker) => {
    const { workerId, personId, fact, findings } = worker;
    if (fact) await retried(services, () => services.workers.addFact(fact));
    const outdated: string[] = [];
    for (const { holding, packageKey } of findings) {
      if (holding && !(await retried(services, () => isSaved(services, holding))))
        outdated.push(packageKey);
    }
    if (fact) await retried(services, () => runEnded(services, personId));
    await retried(services, () => wakeNext(services, worker));
    services.onProgress('write', (done += 1), workers.length);
    return outdated.map((packageKey) => ({ workerId, packageKey }));
  });
  return changed.flat();
}

/** A conflict may be with our own write, whose answer was lost. */
async function isSaved({ holdings }: LoadServices, holding: StoredHolding): Promise<boolean> {
  if (await holdings.save(holding)) return true;
  const known = await holdings.load(holding);
  return known?.whose === 'ours' && known.assignmentId === holding.assignmentId;
}

export const isAdoption = ({ code }: { code: string }): boolean => code === 'adopt';

/** The packages of the model that exist, by their ids: those of our records, else those of these names. */
async function packagesInGraph(services: LoadServices) {
  const { graph, packages } = services;
  const { model } = services.model();
  const catalogs = new Map<string, ReturnType<typeof graph.findCatalogs>>();
  const memoized = {
    findAccessPackages: graph.findAccessPackages,
    findCatalogs: (name: string) => {
      const found = catalogs.get(name) ?? graph.findCatalogs(name);
      catalogs.set(name, found);
      found.catch(() => catalogs.delete(name));
      return found;
    },
  };
  const found = await mapConcurrent(AT_ONCE, model.accessPackages, ({ key }) =>
    retried(services, async () => {
      const definition = packageDefinition(model, key);
      if (!definition) throw new Error(`the model has no package ${key}`);
      const { accessPackage, catalog } = definition;
      const record = await packages.load(catalog.key, key);
      const id =
        record?.accessPackageId ?? (await findPeer(memoized, model.catalogs, accessPackage));
      const [inGraph] = await memoized.findCatalogs(catalog.displayName);
      const catalogId = record?.catalogId ?? inGraph?.id ?? '';
      return { key, id, catalogId, isRecorded: record?.accessPackageId !== undefined };
    }),
  );
  const known = new Map<string, KnownPackage>();
  for (const { id, key, catalogId } of found)
    if (id !== undefined) known.set(id, { key, catalogId });
  const keysOf = (some: typeof found): string[] => some.map(({ key }) => key);
  return {
    known,
    unrecorded: keysOf(found.filter(({ id, isRecorded }) => id !== undefined && !isRecorded)),
    missing: keysOf(found.filter(({ id }) => id === undefined)),
  };
}

type Person = Omit<LoadedWorker, 'findings'> & {
  line: number;
  wants: Want[];
  holdings: Awaited<ReturnType<Holdings['of']>>;
};

async function readPerson(
  services: LoadServices,
  { line, fact: stated }: RosterWorker,
  now: Date,
): Promise<Person> {
  const { model } = services.model();
  const { workerId } = stated;
  const nobody = { line, workerId, personId: workerId, wants: [], holdings: [] };
  const person = await services.workers.person(workerId).catch((error: unknown) => {
    if (!(error instanceof TooManyNumbers)) throw error;
  });
  if (!person) return { ...nobody, problem: 'too-many-worker-ids' };
  const { fact, facts, timeline } = newsOf(model, person.facts, stated, now.toISOString());
  const at = now.getTime();
  const read = { ...nobody, personId: person.root, ...(fact && { fact }) };
  if (isUndecided(timeline, facts, model, at)) return { ...read, problem: 'attribute-not-stored' };
  const wants = wantsAt(intervalsOf(timeline, model), model, at);
  const workerIds = numbersOf(wants, facts, workerId, person.root);
  const account = await accountOf(services, workerIds);
  if (!('id' in account)) return { ...read, problem: account.why };
  const holdings = await services.holdings.of([...workerIds].sort());
  return { ...read, targetId: account.id, wants, holdings };
}

/** A snapshot replaces what its source stated of all numbers of a person, so two of one person cannot both hold. */
function sharedNumbers(people: readonly Person[]): RosterFault[] {
  const first = new Map<string, number>();
  return people.flatMap(({ line, personId }) => {
    const before = first.get(personId);
    first.set(personId, before ?? line);
    if (before === undefined) return [];
    return [{ line, rule: `another person than line ${before}: both are numbers of one` }];
  });
}

/** Graph gives at most so many items in a page. */
const PAGE = 100;

/**
 * What these accounts hold, by whichever takes fewer calls: the list of each package, or, once these lists have taken as
 * many pages as there are people, a list for each person.
 */
async function heldBy(
  services: LoadServices,
  targets: readonly string[],
  known: ReadonlyMap<string, KnownPackage>,
): Promise<Map<string, HeldAccess[]>> {
  const { graph, onProgress } = services;
  const ids = [...known.keys()];
  const held = new Map<string, HeldAccess[]>(targets.map((id) => [id, []]));
  let pages = 0;
  const listed = async (packageId: string): Promise<boolean> => {
    const found: (HeldAccess & { userId: string })[] = [];
    for await (const one of graph.assignmentsOfPackage(packageId)) {
      found.push(one);
      if (pages + found.length / PAGE > targets.length) return false;
    }
    pages += Math.ceil(Math.max(found.length, 1) / PAGE);
    for (const { userId, ...one } of found) held.get(userId)?.push(one);
    return true;
  };
  for (const [at, packageId] of ids.entries()) {
    const isListed = pages < targets.length && (await retried(services, () => listed(packageId)));
    if (!isListed) return heldByEach(services, targets, ids);
    onProgress('look', at + 1, ids.length);
  }
  return held;
}

async function heldByEach(
  services: LoadServices,
  targets: readonly string[],
  packageIds: readonly string[],
): Promise<Map<string, HeldAccess[]>> {
  let done = 0;
  const found = await mapConcurrent(AT_ONCE, targets, async (id) => {
    const held = await retried(services, () => services.graph.assignmentsOf(id, packageIds));
    services.onProgress('look', (done += 1), targets.length);
    return [id, held] as const;
  });
  return new Map(found);
}

/** Tries again while a store or Graph says that it is temporary. */
const retried = <Result>(
  { onWait }: Pick<LoadServices, 'onWait'>,
  act: () => Promise<Result>,
): Promise<Result> => retriedWhile(act, pauseAfterFailure, onWait);

function pauseAfterFailure(error: unknown): Pause | undefined {
  if (!(error instanceof StoreUnavailable)) return pauseAfter(error);
  return isNotAllowed(error) ? undefined : { why: 'store', afterSeconds: 2 };
}
