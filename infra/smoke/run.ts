import { AccessPackage } from '../../shared/domain/access-model/access-model';
import type { AssignmentRequest } from '../../shared/graph/answers';
import type { EnsuredPackage } from '../../shared/packages/apply';
import { ensurePackage } from '../../shared/packages/ensure';
import type { PackageTarget } from '../../shared/packages/inspect';
import type { CatalogRecord, ItemRecord, PackageRecord, Slot } from '../../shared/storage/packages';
import { explain } from '../tenant/command';
import { cleanUp } from './clean-up';
import {
  createGroup,
  isMember,
  requestRemoval,
  retryUntil,
  type SmokeGraph,
  type Timeouts,
} from './smoke-graph';

export type Step = { step: string; seconds: number; failed?: string };
export type SmokeResult = { run: string; passed: boolean; steps: Step[]; leftBehind: string[] };

type SmokePlan = {
  run: string;
  userId: string;
  /** Earlier runs that left objects in the tenant. */
  leftovers: readonly string[];
};

/**
 * One run: creates a throwaway package, assigns it to a user, checks the membership, removes the assignment, and deletes
 * everything, also after a failed step. Calls `onStep` after each step.
 */
export async function runSmokeTest(
  graph: SmokeGraph,
  { run, userId, leftovers }: SmokePlan,
  timeouts: Timeouts,
  onStep: (step: Step) => void,
): Promise<SmokeResult> {
  const steps: Step[] = [];
  const step = async <Result>(what: string, action: () => Promise<Result>): Promise<Result> => {
    const start = Date.now();
    const record = (more: Pick<Step, 'failed'>): void => {
      const done = { step: what, seconds: (Date.now() - start) / 1000, ...more };
      steps.push(done);
      onStep(done);
    };
    try {
      const result = await action();
      record({});
      return result;
    } catch (error) {
      record({ failed: explain(error) });
      throw error;
    }
  };
  // An interrupted clean-up would leave objects in the tenant.
  const uninterrupted = { ...timeouts, signal: undefined };
  const leftBehind: string[] = [];
  const deleteAll = (name: string): Promise<void> =>
    step(`delete everything of ${name}`, () => cleanUp(graph, name, uninterrupted)).catch(() => {
      leftBehind.push(name);
    });

  for (const name of leftovers) await deleteAll(name);
  await assignAndRemove(graph, run, userId, timeouts, step).catch(() => undefined);
  await deleteAll(run);
  return { run, passed: steps.every(({ failed }) => failed === undefined), steps, leftBehind };
}

type RunStep = <Result>(what: string, action: () => Promise<Result>) => Promise<Result>;

async function assignAndRemove(
  graph: SmokeGraph,
  name: string,
  userId: string,
  timeouts: Timeouts,
  step: RunStep,
): Promise<void> {
  const { id: groupId } = await step('create a group', () => createGroup(graph, name));
  const ensured = await step('create a catalog, a package and its policy', () =>
    createPackage(graph, name, groupId, timeouts),
  );
  const target = { ...ensured, name, userId, groupId };
  await step('request the package and wait for its delivery', () =>
    requestPackage(graph, target, timeouts),
  );
  const assignmentId = await step('find the assignment', () =>
    findAssignment(graph, target, timeouts),
  );
  await step('find the user in the group', () => waitForMembership(graph, target, true, timeouts));
  await step('remove the assignment', () =>
    removeAssignment(graph, target, assignmentId, timeouts),
  );
  await step('find the user no longer in the group', () =>
    waitForMembership(graph, target, false, timeouts),
  );
}

const description = 'Throwaway object of a smoke run of Joinery; may be deleted.';

/** A package with membership of one group, and a policy like those of the access model. */
const targetOf = (name: string, groupId: string): PackageTarget => {
  const catalog = { key: 'smoke', displayName: name, description };
  const accessPackage = AccessPackage.parse({
    key: 'smoke',
    catalog: 'smoke',
    displayName: name,
    description,
    hidden: true,
    resources: [{ originSystem: 'AadGroup', originId: groupId, role: 'Member' }],
    policy: {
      displayName: name,
      description,
      expiration: { type: 'afterDuration', duration: 'P1D' },
      approval: { required: false },
    },
  });
  return { accessPackage, catalog, catalogs: [catalog], incompatible: [], version: name };
};

const inMemory = <Row>(): Slot<Row> => {
  let row: Row | undefined;
  return {
    load: () => Promise.resolve(row),
    save: (next) => {
      row = next;
      return Promise.resolve('saved');
    },
  };
};

/** Creates catalog, resource, package, role and policy with the code that the app uses. */
async function createPackage(
  { product }: SmokeGraph,
  name: string,
  groupId: string,
  timeouts: Timeouts,
): Promise<EnsuredPackage> {
  const items = new Map<string, ReturnType<typeof inMemory<ItemRecord>>>();
  const rows = {
    package: inMemory<PackageRecord>(),
    catalog: inMemory<CatalogRecord>(),
    item: (parentId: string, name: string) => {
      const key = `${parentId} ${name}`;
      const slot = items.get(key) ?? inMemory<ItemRecord>();
      items.set(key, slot);
      return slot;
    },
    peer: () => Promise.resolve(undefined),
  };
  const options = {
    mode: 'create' as const,
    leaseUntil: new Date(Date.now() + timeouts.deadlineMs + product.deadlineMs),
  };
  return retryUntil('the package', timeouts, async () => {
    const outcome = await ensurePackage(product, targetOf(name, groupId), rows, options);
    if (outcome.kind === 'done') return outcome;
    if (outcome.kind === 'later') return undefined;
    const why = outcome.kind === 'failed' ? outcome.why : outcome.reason;
    const codes = outcome.evidence?.errorCode ?? '';
    throw new Error(`the package was not created: ${why} ${codes}`.trimEnd());
  });
}

/** The package of one run, and the user and group of its assignment. */
type SmokeTarget = EnsuredPackage & { name: string; userId: string; groupId: string };

/**
 * Requests the package as the app does, and waits for the delivery. Reads the requests before each submit, so that a lost
 * answer does not cause a second request.
 */
async function requestPackage(
  { product }: SmokeGraph,
  { name, userId, accessPackageId, assignmentPolicyId }: SmokeTarget,
  timeouts: Timeouts,
): Promise<void> {
  const request = await retryUntil('the request', timeouts, async () => {
    const found = await product.findAssignmentRequests(accessPackageId, name);
    const own = found.find(({ justification }) => justification === name);
    if (own) return own;
    return product.submitAssignmentRequest({
      packageId: accessPackageId,
      policyId: assignmentPolicyId,
      userId,
      justification: name,
    });
  });
  await retryUntil('the delivery', timeouts, async () =>
    isDelivered(await product.getAssignmentRequest(request.id)),
  );
}

const failures = ['failed', 'denied', 'canceled'];

function isDelivered({ requestStatus, state, status }: AssignmentRequest): true | undefined {
  if (failures.includes(requestStatus))
    throw new Error(`the request ended as ${state} (${status})`);
  return requestStatus === 'delivered' || undefined;
}

/** The id of the assignment that the delivery created. */
const findAssignment = (
  { product }: SmokeGraph,
  { accessPackageId, userId }: SmokeTarget,
  timeouts: Timeouts,
): Promise<string> =>
  retryUntil('the assignment', timeouts, async () => {
    const found = await product.findAssignments(accessPackageId, userId);
    return found.find(({ assignmentStatus }) => assignmentStatus === 'delivered')?.id;
  });

/** Requests the removal of the assignment once, and waits until it has ended. */
async function removeAssignment(
  graph: SmokeGraph,
  { name, accessPackageId, userId }: SmokeTarget,
  assignmentId: string,
  timeouts: Timeouts,
): Promise<void> {
  const { product } = graph;
  await retryUntil('the removal', timeouts, async () => {
    const found = await product.findAssignmentRequests(accessPackageId, name);
    const removal = found.find(({ requestType }) => requestType?.toLowerCase() === 'adminremove');
    if (removal) return isDelivered(removal);
    await requestRemoval(graph, assignmentId);
    return undefined;
  });
  await retryUntil('the end of the assignment', timeouts, async () => {
    const found = await product.findAssignments(accessPackageId, userId);
    return found.every(({ assignmentStatus }) => assignmentStatus === 'expired') || undefined;
  });
}

/** Waits until the user is in the group, or is not. */
const waitForMembership = (
  graph: SmokeGraph,
  { groupId, userId }: SmokeTarget,
  expected: boolean,
  timeouts: Timeouts,
): Promise<true> =>
  retryUntil(expected ? 'the membership' : 'the end of the membership', timeouts, async () =>
    (await isMember(graph, groupId, userId)) === expected ? true : undefined,
  );
