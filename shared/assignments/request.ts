import type { z } from 'zod';
import { catalogKeyOf } from '../domain/access-model/access-model';
import { justification } from '../domain/events/keys';
import type { PackageIds, PlannedStep } from '../domain/lifecycle/plan';
import type { activities } from '../domain/workflow/activities';
import type { Evidence, Later, Outcome } from '../domain/workflow/outcome';
import type { RequestStatus, StepResult } from '../domain/workflow/step-outcome';
import type { LoadedModel } from '../config/load-model';
import type { AssignmentRequest } from '../graph/answers';
import type { Entitlements } from '../graph/entitlements';
import { classify, isForbiddenObject } from '../graph/errors';
import { inScope } from '../graph/permissions';
import type { RequestBoard, ShownRequest } from '../graph/request-board';
import { isOpen } from '../graph/states';
import type { Holdings, StoredHolding } from '../storage/holdings';
import type { Packages } from '../storage/packages';
import { personOf, type WorkerLocks } from '../storage/worker-locks';

export type SubmitServices = {
  model: () => LoadedModel;
  holdings: Holdings;
  workerLocks: WorkerLocks;
  packages: Packages;
  graph: Entitlements;
  config: { graph: { lagSeconds: number } };
};

/** One request for one person and package: what it is for, who makes it, and what the policy in force says. */
export type RequestTarget = Pick<
  z.infer<typeof activities.submitRequest.input>,
  'run' | 'step' | 'policy' | 'releases'
>;

/** How submitting ends: with a request to poll, or with a result that needs none. */
export type Submission = Outcome<{
  requestId?: string | undefined;
  result?: StepResult | undefined;
  evidence?: Evidence | undefined;
  isReleased?: boolean | undefined;
}>;

export type SubmittedRequest = AssignmentRequest & { graphRequestId?: string };

export const notYet = (why: string): Later => ({ kind: 'later', afterSeconds: 1, why });

/** Saves the row while the run has the lock of its person, and releases that one in the same transaction if asked to. */
export async function saveUnderLock(
  { holdings, workerLocks }: Pick<SubmitServices, 'holdings' | 'workerLocks'>,
  { run }: Pick<RequestTarget, 'run'>,
  holding: StoredHolding,
  releases?: number,
): Promise<StoredHolding | 'lost' | 'conflict'> {
  const lock = { workerId: personOf(run), instanceId: run.instanceId };
  if (holding.personId === lock.workerId)
    return holdings.saveWith(holding, (rows) => workerLocks.writeUnder(lock, rows, releases));
  // A number that has come to be joined to the person keeps its rows in a partition of its own.
  if (!(await workerLocks.isHeldBy(lock.workerId, lock.instanceId))) return 'lost';
  return (await holdings.save(holding)) ?? 'conflict';
}

/** A replica of Graph may not show what was made less than this ago. */
const REPLICA_DELAY_MS = 5 * 60_000;

export const isRecent = (at: string): boolean => Date.now() - Date.parse(at) < REPLICA_DELAY_MS;

/** The ids of a step whose package was ensured. */
export function idsOf({ ids }: Pick<PlannedStep, 'ids'>): PackageIds {
  const { accessPackageId, catalogId, assignmentPolicyId } = ids;
  if (!accessPackageId || !catalogId || !assignmentPolicyId)
    throw new Error('the package of the step is not ensured');
  return { accessPackageId, catalogId, assignmentPolicyId };
}

/** The correlation tag of the last request of a holding. */
export const tagOf = (
  holding: Pick<StoredHolding, 'eventHash' | 'attempt' | 'packageKey' | 'action'> &
    Partial<Pick<StoredHolding, 'assignmentId' | 'until'>>,
): string => {
  const { eventHash, attempt, packageKey, action, assignmentId = '', until = 'none' } = holding;
  const change = { grant: undefined, reprocess: undefined, revoke: assignmentId, extend: until };
  const detail = change[action] === undefined ? undefined : `${action}:${change[action]}`;
  return justification(eventHash, attempt, packageKey, detail);
};

/** The row as this step writes it. What it knows of an assignment stays until another one was seen. */
export function newHolding(
  { run, step }: Pick<RequestTarget, 'run' | 'step'>,
  earlier: StoredHolding | undefined,
): StoredHolding {
  const { personId, targetId, packageKey, ids, until } = step;
  const action = actionOf(step);
  const assignmentId = step.assignmentId ?? earlier?.assignmentId;
  return {
    ...{ etag: earlier?.etag, personId, targetId, packageKey, state: 'idle', action },
    whose: action === 'grant' ? 'ours' : (step.whose ?? 'theirs'),
    ...ids,
    ...(assignmentId !== undefined && { assignmentId }),
    ...(until !== undefined && { until }),
    ...(action === 'reprocess' && step.requestId !== undefined && { requestId: step.requestId }),
    ...{ eventHash: run.eventHash, attempt: run.attempt, instanceId: run.instanceId },
    ...{ absentReads: 0, updatedAt: new Date().toISOString() },
  };
}

function actionOf({ action }: PlannedStep): StoredHolding['action'] {
  if (action === 'wait' || action === 'hand-off')
    throw new Error(`no request is made to ${action}`);
  return action;
}

/**
 * The request that the sender of `holding` may have sent since, by its correlation tag: in whatever state if that is this
 * run, else only an open one.
 */
export async function findRequest(
  { graph }: Pick<SubmitServices, 'graph'>,
  target: RequestTarget,
  holding: StoredHolding,
): Promise<AssignmentRequest | undefined> {
  const { accessPackageId = target.step.ids.accessPackageId ?? '', updatedAt } = holding;
  const tag = tagOf(holding);
  const request = await graph.findRequest(accessPackageId, tag, updatedAt);
  const isOwn = tag === tagOf(newHolding(target, undefined));
  return request && (isOwn || isOpen(request.requestStatus)) ? request : undefined;
}

export function submitted({ id: requestId, graphRequestId }: SubmittedRequest): Submission {
  return { kind: 'done', requestId, ...(graphRequestId && { evidence: { graphRequestId } }) };
}

type Reading = {
  requestStatus: RequestStatus;
  graphState: string;
  completedAt?: string | undefined;
  assignmentId?: string | undefined;
  /** Whether the answer shows the assignment too, as delivered. */
  isAssigned?: boolean | undefined;
  /** The refusal behind an unreadable request. */
  evidence?: Evidence | undefined;
};

/**
 * Tells the state of each open request, in their order: by the board, or read singly where the board proves nothing. Ends
 * with the first read that has to wait.
 */
export async function pollRequests(
  services: { graph: Entitlements; model: () => LoadedModel; board: RequestBoard },
  requests: z.infer<typeof activities.pollRequests.input>['requests'],
): Promise<Outcome<{ readings: Reading[] }>> {
  const { graph, model, board } = services;
  const readings: Reading[] = [];
  for (const { requestId, packageKey, submittedAt } of requests) {
    const shown = await board.look(requestId, submittedAt);
    if (shown) {
      readings.push(readingOf(shown));
      continue;
    }
    const catalog = catalogKeyOf(model().model, packageKey);
    const reading = await inScope({ catalog }, () => readRequest(graph, requestId));
    if ('kind' in reading) return reading;
    board.learn(requestId, reading);
    readings.push(reading);
  }
  return { kind: 'done', readings };
}

function readingOf(request: ShownRequest): Reading {
  const { requestStatus, state = 'unknown', completedDateTime, assignmentId } = request;
  const isAssigned = request.assignmentStatus === 'delivered';
  return {
    ...{ requestStatus, graphState: state, completedAt: completedDateTime, assignmentId },
    ...(isAssigned && { isAssigned }),
  };
}

async function readRequest(graph: Entitlements, id: string): Promise<Reading | Later> {
  try {
    return readingOf(await graph.getAssignmentRequest(id));
  } catch (error) {
    const classified = classify(error);
    const { evidence } = classified;
    // A replica may not have it yet. A request that stays unknown ends like one in an unknown state, and the others of its
    // event are read on.
    if (classified.kind === 'later')
      return isForbiddenObject(error)
        ? { requestStatus: 'unknown', graphState: classified.why, evidence }
        : classified;
    return classified.kind === 'conflict'
      ? { requestStatus: 'unknown', graphState: classified.conflict, evidence }
      : { requestStatus: 'unreadable', graphState: classified.why, evidence };
  }
}
