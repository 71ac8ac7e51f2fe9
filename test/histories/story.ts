import type { OrchestrationHandler } from 'durable-functions';
import type {
  Activity as Contract,
  Answer,
  activities,
} from '../../shared/domain/workflow/activities';
import { accessChange } from '../../orchestrations/access-change';
import type { Timeouts } from '../../shared/domain/workflow/timeouts';
import type { RequestStatus } from '../../shared/domain/workflow/step-outcome';
import hostJson from '../../host.json';
import { runOrchestration, type RunResult } from './run-orchestration';

type Calls = typeof activities;
type Act<Name extends keyof Calls> =
  Calls[Name] extends Contract<infer Input, infer Done>
    ? (input: Input, clock: { now: Date }) => Answer<Done>
    : never;
export type Acts = { [Name in keyof Calls]: Act<Name> };

/** `defaultVersion` of host.json, such as "1.0": new runs start under it. */
export const CURRENT_VERSION = hostJson.extensions.durableTask.defaultVersion;

export const EVENT_HASH = 'e'.repeat(64);
export const START = new Date('2026-11-20T09:30:00Z');

export const timeouts: Timeouts = {
  poll: [
    { every: 5 },
    { every: 10 },
    { every: 20 },
    { every: 30 },
    { every: 60, until: 1800 },
    { every: 900, until: 86_400 },
    { every: 3600 },
  ],
  delivery: 3 * 86_400,
  approval: 15 * 86_400,
  partialGrace: 4 * 3600,
  identity: 14 * 86_400,
  call: 6 * 3600,
};

const run = {
  eventHash: EVENT_HASH,
  attempt: 1,
  instanceId: `${EVENT_HASH}-1`,
  token: 'token-1',
  fact: {
    eventId: '8b5e0c3a-joined-1',
    eventSource: 'urn:hr:acme:workday',
    eventType: 'hr.worker.joined.v1',
    bodyHash: 'b'.repeat(64),
    workerId: 'W-1024',
    employmentId: 'E-1',
    startDate: '2026-11-23',
    timeZone: 'Europe/Berlin',
    dueAt: '2026-11-22T23:00:00.000Z',
    occurredAt: '2026-11-20T09:30:00.000Z',
    receivedAt: '2026-11-20T09:30:01.000Z',
  },
};

const written = (chain: { seq: number }, rows: number) => {
  const seq = chain.seq + rows;
  return { seq, hash: String(seq).padStart(64, '0'), day: '2026-11-20' };
};

export const ids = { accessPackageId: 'p-1', catalogId: 'c-1', assignmentPolicyId: 'a-1' };
export const step = (packageKey: string, wait = false) => ({ packageKey, ruleId: 'rule-1', wait });

/** The request's requestStatus by the hours since it was submitted; the last entry stays. */
export type Statuses = [untilHours: number, requestStatus: RequestStatus][];

/** Activities of a world in which all goes well for one package; a test overrides what it is about. */
export function happyActs(statuses: Statuses = [[Infinity, 'delivered']], wait = false): Acts {
  let submitted: Date | undefined;
  return {
    beginRun: () => ({ outcome: { kind: 'done', run, timeouts } }),
    acquireLock: () => ({ outcome: { kind: 'done' } }),
    releaseLock: () => ({ outcome: { kind: 'done' } }),
    planAccess: () => ({
      outcome: { kind: 'done', targetId: 'u-1', steps: [step('finance', wait)] },
    }),
    ensurePackage: ({ chain, intentRecorded }) => ({
      chain: written(chain, intentRecorded ? 1 : 2),
      outcome: { kind: 'done', ids },
    }),
    submitRequest: ({ chain, intentRecorded, step: { packageKey } }, { now }) => {
      submitted = new Date(now);
      return {
        chain: written(chain, intentRecorded ? 0 : 1),
        outcome: { kind: 'done', requestId: `r-${packageKey}` },
      };
    },
    pollRequests: ({ requestIds }, { now }) => {
      const hours = (now.getTime() - (submitted?.getTime() ?? 0)) / 3_600_000;
      const requestStatus = statuses.find(([until]) => hours < until)?.[1] ?? 'unknown';
      return {
        outcome: {
          kind: 'done',
          readings: requestIds.map(() => ({ requestStatus, graphState: requestStatus })),
        },
      };
    },
    settleStep: ({ chain, result, at }) => ({
      chain: written(chain, 1),
      outcome: {
        kind: 'done',
        outcome: result.outcome,
        ...(result.outcome === 'delivered' && { deliveredAt: at }),
      },
    }),
    closeRun: () => ({ outcome: { kind: 'done' } }),
  };
}

/** Runs the story of one event on a virtual clock, started under the version of host.json unless another is given. */
export const tell = (
  acts: Acts,
  version = CURRENT_VERSION,
  startAt = START,
  orchestrator: OrchestrationHandler = accessChange,
): Promise<RunResult> =>
  runOrchestration({
    orchestrators: { accessChange: orchestrator },
    start: 'accessChange',
    input: { eventHash: EVENT_HASH, attempt: 1, token: 'token-1' },
    activities: acts,
    startAt,
    version,
  });

export const callsTo = (result: RunResult, name: keyof Acts) =>
  result.calls.filter((call) => call.name === name).map((call) => call.input as never);

/** How the event was closed: the input of its one closing call. */
export function closingOf(result: RunResult): { outcome: string; reason?: string } {
  const closings = callsTo(result, 'closeRun');
  const [only] = closings as { outcome: string; reason?: string }[];
  if (!only || closings.length !== 1) throw new Error(`closed ${closings.length} times`);
  return only;
}

export const daysOf = (result: RunResult): number =>
  (result.now.getTime() - START.getTime()) / 86_400_000;
