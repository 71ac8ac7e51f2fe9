import { packageDefinition } from '../domain/access-model/access-model';
import type { Later, Outcome } from '../domain/workflow/outcome';
import type { LoadedModel } from '../config/load-model';
import type { HeldAccess, OpenRequest } from '../graph/assignment-verbs';
import { emptyOn404, isForbiddenObject } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import { isOpen } from '../graph/states';
import type { Holdings, StoredHolding } from '../storage/holdings';
import type { Packages } from '../storage/packages';
import { AGREEING_READS } from '../write-once';
import {
  accessOfPackage,
  mayBeBehind,
  type Access,
  type Lag,
  type Recorded,
} from './access-of-package';
import { tagOf } from './request';

export type AccessServices = {
  model: () => LoadedModel;
  holdings: Holdings;
  packages: Packages;
  graph: Entitlements;
  config: { graph: { lagSeconds: number; deadlineMs: number } };
};

/**
 * Whose access: all worker ids of the person, the account that they have now, and the packages that they should have.
 * `instanceId` is of the run that asks: a wanted request that it may have sent is left to the step that sends it.
 */
export type Person = {
  workerIds: readonly string[];
  targetId: string | undefined;
  wanted: readonly string[];
  instanceId: string;
  /** All holdings under these worker ids. */
  holdings: readonly StoredHolding[];
};

/**
 * What a person has by Graph and by our own records: of their present account, and of every other account that a holding
 * names, by object id. One list of assignments; a read for each request of ours that may be open; and a look for open
 * requests of others where a wanted package has incompatible ones. `later` while it is unclear whether a request of ours
 * for something unwanted was made. `isUnnamed`: they hold something that may be a wanted package which is not recorded yet.
 */
export async function readAccess(
  services: AccessServices,
  person: Person,
): Promise<Outcome<{ access: Access[]; isUnnamed: boolean }>> {
  const { graph } = services;
  const { targetId, holdings } = person;
  const lag = { readAt: Date.now(), lagSeconds: services.config.graph.lagSeconds };
  const known = await idsOfKeys(services, withPartners(services, person.wanted));
  const packageIds = [
    ...known.keys(),
    ...holdings.flatMap(({ accessPackageId }) => accessPackageId ?? []),
  ];
  const assignments = targetId ? await graph.assignmentsOf(targetId, packageIds) : [];
  const recorded: Recorded[] = [];
  for (const holding of holdings) {
    const isWanted = holding.targetId === targetId && person.wanted.includes(holding.packageKey);
    const isSeen = assignments.some(({ packageId }) => packageId === holding.accessPackageId);
    const isOwn = holding.instanceId === person.instanceId;
    const found = await followUp(services, lag, holding, isWanted && (isOwn || !isSeen));
    if (found === 'unclear') return UNCLEAR;
    recorded.push(found);
  }
  const elsewhere = recorded
    .filter(({ holding }) => holding.targetId !== targetId)
    .flatMap((one) => fromRecord(lag, one));
  if (targetId === undefined) return { kind: 'done', access: elsewhere, isUnnamed: false };
  const own = recorded.filter(({ holding }) => holding.targetId === targetId);
  for (const { holding } of own)
    if (holding.accessPackageId) known.set(holding.accessPackageId, holding.packageKey);
  const all = await withUnknownKeys(services, known, assignments);
  const others = await requestsOfOthers(services, person, own, assignments, known);
  const present = [...new Set([...all.values(), ...own.map(keyOf)])].flatMap((packageKey) => {
    const ofPackage = <One extends { packageId: string }>(list: readonly One[]) =>
      list.filter(({ packageId }) => all.get(packageId) === packageKey);
    const here = ofPackage(assignments);
    const rows = own.filter((one) => keyOf(one) === packageKey);
    return accessOfPackage(lag, {
      ...{ packageKey, targetId, recorded: rowAbout(rows, here) },
      ...{ assignments: here, requests: ofPackage(others) },
    });
  });
  const isStrange = ({ packageId }: HeldAccess) => all.get(packageId) === packageId;
  const named = new Set(known.values());
  return {
    ...{ kind: 'done', access: [...present, ...elsewhere] },
    isUnnamed: assignments.some(isStrange) && person.wanted.some((key) => !named.has(key)),
  };
}

const UNCLEAR: Later = { kind: 'later', afterSeconds: 1, why: 'unclear-submit' };

/** Numbers that have come to be joined can have a row each: what is open, or what names an assignment that is there, counts. */
const rowAbout = (rows: readonly Recorded[], held: readonly HeldAccess[]): Recorded | undefined =>
  rows.find(({ isOpen }) => isOpen) ??
  rows.find(({ holding }) => held.some(({ id }) => id === holding.assignmentId)) ??
  rows.find(({ holding }) => holding.state === 'held') ??
  rows[0];

const keyOf = ({ holding }: Recorded): string => holding.packageKey;

/**
 * How far the last request of a holding has come. What a submit left ambiguous is resolved and saved first, unless it
 * `isLeft` to the next submit.
 */
async function followUp(
  services: AccessServices,
  lag: Lag,
  holding: StoredHolding,
  isLeft: boolean,
): Promise<Recorded | 'unclear'> {
  const { state } = holding;
  if (state === 'submitting' && holding.requestId === undefined) {
    const resolved = isLeft ? 'absent' : await resolve(services, holding);
    if (resolved === 'unclear' || resolved === 'absent') {
      return resolved === 'unclear' ? resolved : { holding, isOpen: false, isGiven: false };
    }
    return followUp(services, lag, resolved, isLeft);
  }
  if (state !== 'requested' && state !== 'recording') {
    return { holding, isOpen: false, isGiven: false };
  }
  return readRequest(services, lag, holding);
}

/**
 * Finds the request of a submit that broke off, or that so many reads agree that there is none, after the longest time that
 * its call may have been under way. Nobody sends it again, so nothing else would find one that comes later.
 */
async function resolve(
  { graph, holdings, config }: AccessServices,
  holding: StoredHolding,
): Promise<StoredHolding | 'unclear' | 'absent'> {
  const { accessPackageId, updatedAt } = holding;
  if (accessPackageId === undefined) return 'absent';
  const request = await graph.findRequest(accessPackageId, tagOf(holding), updatedAt);
  const absentReads = holding.absentReads + 1;
  const isUnderWay = Date.now() - Date.parse(updatedAt) < config.graph.deadlineMs;
  if (!request && absentReads >= AGREEING_READS && !isUnderWay) return 'absent';
  const changes = request
    ? // A request without its package gives nothing, and no run of an unwanted package binds it.
      { requestId: request.id, ...(request.packageId && { state: 'requested' as const }) }
    : { absentReads };
  const saved = await holdings.save({ ...holding, ...changes });
  return saved && request ? saved : 'unclear';
}

async function readRequest(
  services: AccessServices,
  lag: Lag,
  stored: StoredHolding,
): Promise<Recorded | 'unclear'> {
  const { requestId = '', action, state } = stored;
  // What an earlier grant has made is not what this one makes.
  const isNew = action === 'grant' && state === 'requested';
  const holding = isNew ? { ...stored, assignmentId: undefined } : stored;
  try {
    const [request] = await emptyOn404(services.graph.getAssignmentRequest(requestId));
    if (!request) return { holding, isOpen: mayBeBehind(lag, holding.updatedAt), isGiven: false };
    const { requestStatus: status, assignmentId = holding.assignmentId } = request;
    return {
      holding: { ...holding, ...(assignmentId !== undefined && { assignmentId }) },
      isOpen: isOpen(status) && status !== 'partial',
      isGiven: status === 'delivered' || status === 'partial',
      isBroken: status === 'failed',
      ...(request.completedDateTime !== undefined && { at: request.completedDateTime }),
    };
  } catch (error) {
    if (!isForbiddenObject(error)) throw error;
    return { holding, isOpen: true, isGiven: false };
  }
}

/** An account that is not looked at in Graph: the record alone counts. */
function fromRecord(lag: Lag, { holding, ...request }: Recorded): Access[] {
  const { packageKey, targetId } = holding;
  const recorded = { holding, ...request };
  return accessOfPackage(
    lag,
    { packageKey, targetId, recorded, assignments: [], requests: [] },
    true,
  );
}

/** The packages of the keys and those that the model calls incompatible with one of them. */
const withPartners = ({ model }: AccessServices, keys: readonly string[]): string[] => [
  ...new Set(keys.flatMap((key) => [key, ...partnersOf(model().model, key)])),
];

const partnersOf = (model: LoadedModel['model'], key: string): string[] =>
  (packageDefinition(model, key)?.incompatible ?? []).map((partner) => partner.key);

/** The packages of the model by their ids in Graph, as far as they exist. */
async function idsOfKeys(
  { model, packages }: AccessServices,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const found = await Promise.all(
    keys.map(async (key) => {
      const catalog = packageDefinition(model().model, key)?.catalog.key;
      return [catalog && (await packages.recall(catalog, key))?.accessPackageId, key] as const;
    }),
  );
  return new Map(found.flatMap(([id, key]) => (id ? [[id, key] as const] : [])));
}

/** A package that the model does not know has its id as its key. */
async function withUnknownKeys(
  services: AccessServices,
  known: ReadonlyMap<string, string>,
  assignments: readonly HeldAccess[],
): Promise<Map<string, string>> {
  const strange = assignments.filter(({ packageId }) => !known.has(packageId));
  if (strange.length === 0) return new Map(known);
  const { accessPackages } = services.model().model;
  const ofModel = await idsOfKeys(
    services,
    accessPackages.map(({ key }) => key),
  );
  const named = strange.map(
    ({ packageId }) => [packageId, ofModel.get(packageId) ?? packageId] as const,
  );
  return new Map([...known, ...named]);
}

/**
 * Open requests that are not in our records. Graph cannot list those of a person, so they are looked for only where one
 * decides: beside a wanted package that has incompatible ones, and behind an assignment that is not delivered yet.
 */
async function requestsOfOthers(
  { graph, model }: AccessServices,
  { targetId = '', wanted }: Person,
  own: readonly Recorded[],
  assignments: readonly HeldAccess[],
  known: ReadonlyMap<string, string>,
): Promise<OpenRequest[]> {
  const held = new Set(
    assignments
      .filter(({ status }) => status === 'delivered')
      .map(({ packageId }) => known.get(packageId)),
  );
  const isUnsure = wanted.some(
    (key) => !held.has(key) && partnersOf(model().model, key).length > 0,
  );
  const isMoving = assignments.some(
    ({ id, status, packageId }) =>
      ['delivering', 'unknown'].includes(status) &&
      wanted.includes(known.get(packageId) ?? '') &&
      !own.some(({ holding }) => holding.assignmentId === id),
  );
  if (!isUnsure && !isMoving) return [];
  const ours = new Set(own.map(({ holding }) => holding.requestId));
  const open = await graph.requestsOf(targetId, [...known.keys()]);
  return open.filter(({ id }) => !ours.has(id));
}
