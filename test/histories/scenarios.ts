import type { OrchestrationHandler } from 'durable-functions';
import type {
  Activity as Contract,
  Answer,
  activities,
} from '../../shared/domain/workflow/activities';
import { accessChange } from '../../orchestrations/access-change';
import type { Timeouts } from '../../shared/domain/workflow/timeouts';
import type { DecidedStep } from '../../shared/domain/workflow/workflow-state';
import type { RequestStatus } from '../../shared/domain/workflow/step-outcome';
import hostJson from '../../host.json';
import type { Later } from '../../shared/domain/workflow/outcome';
import type { PlannedStep } from '../../shared/domain/lifecycle/plan';
import { plannedStep } from '../support/steps';
import { runOrchestration, type RunResult } from './virtual-host';

type Calls = typeof activities;
type FakeActivity<Name extends keyof Calls> =
  Calls[Name] extends Contract<infer Input, infer Done>
    ? (input: Input, clock: { now: Date }) => Answer<Done>
    : never;
export type FakeActivities = { [Name in keyof Calls]: FakeActivity<Name> };

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
    actAt: '2026-11-22T23:00:00.000Z',
    occurredAt: '2026-11-20T09:30:00.000Z',
    receivedAt: '2026-11-20T09:30:01.000Z',
  },
};

const written = (chain: { seq: number }, rows: number) => {
  const seq = chain.seq + rows;
  return { seq, hash: String(seq).padStart(64, '0'), day: '2026-11-20' };
};

export const ids = { accessPackageId: 'p-1', catalogId: 'c-1', assignmentPolicyId: 'a-1' };
export const step = (packageKey: string, wait = false) => plannedStep(packageKey, { wait });

/** A grant of a package that was found complete. */
export const ensuredStep = (packageKey: string): PlannedStep => ({
  ...step(packageKey),
  ...{ ids, isEnsured: true, policy: { approval: 'not-required', schedule: 'allowed' } },
});

/** The answer of a plan with these steps. */
export const planned = (...steps: PlannedStep[]) => ({
  outcome: { kind: 'done' as const, targetId: 'u-1', steps, decided: [], isPartial: false },
});

/** The request's requestStatus by the hours since it was submitted; the last entry stays. */
export type Statuses = [untilHours: number, requestStatus: RequestStatus][];

/** Activities that succeed for one package; a test overrides those that it needs. */
export function happyActivities(
  statuses: Statuses = [[Infinity, 'delivered']],
  wait = false,
): FakeActivities {
  let submitted: Date | undefined;
  return {
    beginRun: () => ({ outcome: { kind: 'done', run, timeouts } }),
    releaseLock: () => ({ outcome: { kind: 'done' } }),
    planAccess: () => planned(step('finance', wait)),
    ensurePackage: ({ chain, intentRecorded }) => ({
      chain: written(chain, intentRecorded ? 1 : 2),
      outcome: { kind: 'done', ids },
    }),
    submitRequest: (
      { chain, intentRecorded, releases, step: { packageKey, isEnsured } },
      { now },
    ) => {
      submitted = new Date(now);
      const isReleased = releases !== undefined;
      return {
        chain: written(chain, intentRecorded ? 0 : isEnsured ? 3 : 1),
        outcome: { kind: 'done', requestId: `r-${packageKey}`, ...(isReleased && { isReleased }) },
      };
    },
    pollRequests: ({ requests }, { now }) => {
      const hours = (now.getTime() - (submitted?.getTime() ?? 0)) / 3_600_000;
      const requestStatus = statuses.find(([until]) => hours < until)?.[1] ?? 'unknown';
      return {
        outcome: {
          kind: 'done',
          readings: requests.map(() => ({
            ...{ requestStatus, graphState: requestStatus },
            ...(requestStatus === 'delivered' && { assignmentId: 'a-1', isAssigned: true }),
          })),
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
    recordWait: ({ chain, hasRow }) => ({
      chain: written(chain, hasRow ? 0 : 1),
      outcome: { kind: 'done' },
    }),
    closeRun: () => ({ outcome: { kind: 'done' } }),
  };
}

/** Runs the workflow of one event on a virtual clock, started under the version of host.json unless another is given. */
export const runWorkflow = (
  fakes: FakeActivities,
  version = CURRENT_VERSION,
  startAt = START,
  orchestrator: OrchestrationHandler = accessChange,
): Promise<RunResult> =>
  runOrchestration({
    orchestrators: { accessChange: orchestrator },
    start: 'accessChange',
    input: { eventHash: EVENT_HASH, attempt: 1, token: 'token-1' },
    activities: fakes,
    startAt,
    version,
  });

export const callsTo = (result: RunResult, name: keyof FakeActivities) =>
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

const later = (why: string, afterSeconds = 1): Later => ({ kind: 'later', afterSeconds, why });
const stale = { kind: 'rejected', reason: 'stale' } as const;

const HOUR = 3600;

/** Timeouts of hours, for a short history with the same calls. */
function hasty(fakes: FakeActivities): FakeActivities {
  const short = { delivery: 6 * HOUR, approval: 12 * HOUR, identity: 12 * HOUR, call: HOUR };
  const { beginRun } = fakes;
  return {
    ...fakes,
    beginRun: (...args) => {
      const { outcome } = beginRun(...args);
      return outcome.kind === 'done'
        ? { outcome: { ...outcome, timeouts: { ...timeouts, ...short } } }
        : { outcome };
    },
  };
}

const request =
  (statuses: Statuses, wait = false) =>
  () =>
    hasty(happyActivities(statuses, wait));

/** Overrides some of `happyActivities`. */
const but =
  (
    change: (fakes: FakeActivities) => Partial<FakeActivities>,
    statuses?: Statuses,
    wait?: boolean,
  ) =>
  () => {
    const fakes = happyActivities(statuses, wait);
    return hasty({ ...fakes, ...change(fakes) });
  };

const defect = (): never => {
  throw new Error('a defect');
};

const announcedLater =
  (why: string, seconds: number): FakeActivities['submitRequest'] =>
  ({ chain, intentRecorded }) => ({
    chain: intentRecorded ? chain : { ...chain, seq: chain.seq + 1 },
    outcome: later(why, seconds),
  });

/** Answers `later` the first `times` times. */
const lateStart = <Input extends unknown[], Answer>(
  act: (...args: Input) => Answer,
  times: number,
  answer: (...args: Input) => Answer,
) => {
  let tries = 0;
  return (...args: Input): Answer => (++tries <= times ? answer(...args) : act(...args));
};

/** There is time for three days; then the plan is as it is, or that of an event that was voided on the second day. */
const parked = (voided: boolean) =>
  but(({ planAccess }) => ({
    planAccess: (input, clock) => {
      const seconds = (START.getTime() - clock.now.getTime()) / 1000 + 3 * 24 * HOUR;
      if (voided && seconds < 48 * HOUR)
        return { outcome: { ...planned().outcome, ending: { outcome: 'rescinded' } } };
      if (seconds <= 0) return planAccess(input, clock);
      const until = new Date(START.getTime() + 72 * HOUR * 1000).toISOString();
      return { outcome: { ...later('future-start', Math.min(seconds, 24 * HOUR)), until } };
    },
  }));

/** Three packages: one delivered, one denied, one held already. */
const several = but(() => ({
  planAccess: () => planned(step('a'), step('b'), step('c')),
  pollRequests: ({ requests }) => ({
    outcome: {
      kind: 'done',
      readings: requests.map(({ requestId: id }) => ({
        requestStatus: id === 'r-b' ? ('denied' as const) : ('delivered' as const),
        graphState: '',
      })),
    },
  }),
  submitRequest: ({ chain, step: { packageKey } }) => ({
    chain: { ...chain, seq: chain.seq + 1 },
    outcome:
      packageKey === 'c'
        ? { kind: 'done', result: { outcome: 'already-held' } }
        : { kind: 'done', requestId: `r-${packageKey}` },
  }),
}));

const revoke = (packageKey: string) =>
  plannedStep(packageKey, { action: 'revoke', assignmentId: `s-${packageKey}` });

/** Somebody is to lose `a`, and to get `b` once `a` is gone. */
const ofPair = ({ done }: { done: string[] }) =>
  done.includes('revoke:a')
    ? planned(step('b'))
    : planned(revoke('a'), { ...step('b'), after: ['revoke:a'] });

/** Plans one after the other; the last one stays. */
const plans = (...answers: FakeActivities['planAccess'][]): FakeActivities['planAccess'] => {
  let plan = 0;
  return (...args) => (answers[plan++] ?? answers.at(-1) ?? (() => planned()))(...args);
};

/** An open request of ours for a package that is not wanted any more. */
const unwantedWait = plannedStep('a', {
  ...{ action: 'wait', waitsFor: 'grant', requestId: 'r-0', ruleId: undefined },
});

/** Another run of the same person has requested what this one was about to. */
const waitForOther = plannedStep('a', { action: 'wait', waitsFor: 'grant', requestId: 'r-0' });

const leaver = (...decided: DecidedStep[]) => ({
  outcome: { ...planned().outcome, decided, ending: { outcome: 'revoked' as const } },
});

const pollEnds =
  (requestStatus: RequestStatus): FakeActivities['pollRequests'] =>
  ({ requests }) => ({
    outcome: {
      kind: 'done',
      readings: requests.map(() => ({ requestStatus, graphState: requestStatus })),
    },
  });

/** The request for `b` is never approved; every other one is delivered. */
const pollsWithApprovalOfB: FakeActivities['pollRequests'] = ({ requests }) => ({
  outcome: {
    kind: 'done',
    readings: requests.map(({ requestId }) => ({
      requestStatus: requestId === 'r-b' ? 'waiting-for-approval' : 'delivered',
      graphState: '',
    })),
  },
});

/** Every path of the workflow: the activities that lead to it, by its name. */
export const paths: Readonly<Record<string, () => FakeActivities>> = {
  'delivered-at-once': () => happyActivities(),
  'delivered-after-hours': request([
    [5, 'open'],
    [Infinity, 'delivered'],
  ]),
  denied: request([
    [1, 'open'],
    [Infinity, 'denied'],
  ]),
  canceled: request([
    [1, 'open'],
    [Infinity, 'canceled'],
  ]),
  'delivery-failed': request([
    [1, 'open'],
    [Infinity, 'failed'],
  ]),
  'partial-for-good': request([[Infinity, 'partial']]),
  'partial-then-healed': request([
    [2, 'partial'],
    [3, 'open'],
    [Infinity, 'delivered'],
  ]),
  'approval-required': request([[Infinity, 'waiting-for-approval']]),
  'approved-on-day-14': () =>
    happyActivities(
      [
        [336, 'waiting-for-approval'],
        [Infinity, 'delivered'],
      ],
      true,
    ),
  'never-approved': request([[Infinity, 'waiting-for-approval']], true),
  'scheduled-then-delivered': request([
    [3, 'scheduled'],
    [Infinity, 'delivered'],
  ]),
  'waiting-for-callback': request([[Infinity, 'waiting-for-callback']]),
  'delivery-timed-out': request([[Infinity, 'open']]),
  'unknown-state': request([[Infinity, 'unknown']]),
  'request-unreadable': request([[Infinity, 'unreadable']]),
  'several-packages': several,
  'already-held': but(() => ({
    submitRequest: ({ chain }) => ({
      chain: { ...chain, seq: chain.seq + 1 },
      outcome: { kind: 'done', result: { outcome: 'already-held' } },
    }),
  })),
  'refused-sod': but(() => ({
    submitRequest: ({ chain }) => ({
      chain: { ...chain, seq: chain.seq + 1 },
      outcome: { kind: 'rejected', reason: 'refused-sod' },
    }),
  })),
  'no-matching-rule': but(() => ({
    planAccess: () => ({ outcome: { kind: 'rejected', reason: 'no-matching-rule' } }),
  })),
  'identity-comes-late': but(({ planAccess }) => ({
    planAccess: lateStart(planAccess, 7, () => ({ outcome: later('no-identity') })),
  })),
  'no-identity': but(() => ({ planAccess: () => ({ outcome: later('no-identity') }) })),
  'parked-then-delivered': parked(false),
  'parked-then-rescinded': parked(true),
  'package-drifted': but(() => ({
    ensurePackage: ({ chain }) => ({
      chain: { ...chain, seq: chain.seq + 1 },
      outcome: { kind: 'failed', why: 'drift:description' },
    }),
  })),
  'lock-held': but(({ planAccess }) => ({
    planAccess: lateStart(planAccess, 3, () => ({ outcome: later('lock-held') })),
  })),
  'package-is-complete': but(() => ({ planAccess: () => planned(ensuredStep('finance')) })),
  'lock-lost-before-the-request': but(({ submitRequest }) => ({
    planAccess: () => planned(ensuredStep('finance')),
    submitRequest: lateStart(submitRequest, 1, ({ chain }) => ({
      chain: written(chain, 3),
      outcome: later('lock-lost'),
    })),
  })),
  'throttled-then-submitted': but(({ submitRequest }) => ({
    submitRequest: lateStart(submitRequest, 2, announcedLater('throttled', 20)),
  })),
  'throttled-for-good': but(() => ({ submitRequest: announcedLater('throttled', 60) })),
  'poll-throttled': but(({ pollRequests }) => ({
    pollRequests: lateStart(pollRequests, 3, () => ({ outcome: later('throttled', 600) })),
  })),
  'stores-away-while-closing': but(({ closeRun }) => ({
    closeRun: lateStart(closeRun, 40, () => ({ outcome: later('store-unavailable', 5) })),
  })),
  'submitting-is-defective': but(() => ({ submitRequest: defect })),
  'settling-is-defective': but(() => ({ settleStep: defect })),
  revoked: but(() => ({ planAccess: () => planned(revoke('a'), revoke('b')) })),
  'mover-of-an-incompatible-pair': but(() => ({ planAccess: ofPair })),
  'removal-fails-before-a-grant': but(() => ({
    planAccess: ofPair,
    pollRequests: pollEnds('failed'),
  })),
  'waits-for-a-request-and-removes': but(() => ({
    planAccess: plans(
      () => planned(unwantedWait),
      () => planned(revoke('a')),
      () => planned(),
    ),
  })),
  'another-run-is-faster': but(({ ensurePackage }) => ({
    planAccess: plans(
      () => planned(plannedStep('a')),
      () => planned(waitForOther),
    ),
    ensurePackage: (input, host) => ({
      ...ensurePackage(input, host),
      outcome: later('throttled'),
    }),
  })),
  'removal-while-the-account-is-disabled': but(() => ({
    planAccess: ({ done }) =>
      done.includes('revoke:a')
        ? { outcome: later('account-disabled') }
        : { outcome: { ...planned(revoke('a')).outcome, isPartial: true } },
  })),
  'removal-settles-and-is-held': but(() => ({
    planAccess: plans(
      (_, { now }) => {
        const until = new Date(now.getTime() + 900_000).toISOString();
        return { outcome: { ...later('settling', 900), until } };
      },
      ...[1, 2].map(() => () => ({ outcome: later('brake:usual-1', 1) })),
      () => planned(revoke('a')),
    ),
  })),
  'nothing-left-to-remove': but(() => ({
    planAccess: () =>
      leaver({
        ...plannedStep('x', { action: 'hand-off', whose: 'theirs' }),
        result: { outcome: 'handed-off' },
      }),
  })),
  'changes-while-an-approval-is-open': but(() => ({
    planAccess: (_, { now }) => {
      const next = new Date(START.getTime() + 2 * HOUR * 1000).toISOString();
      if (now.toISOString() >= next) return planned(revoke('a'), step('b', true));
      return { outcome: { ...planned(step('a'), step('b', true)).outcome, next } };
    },
    pollRequests: pollsWithApprovalOfB,
  })),
  'given-taken-and-given-again-meanwhile': but(() => ({
    planAccess: ({ done }, { now }) => {
      const hours = (now.getTime() - START.getTime()) / 3_600_000;
      const next = new Date(START.getTime() + (hours < 2 ? 2 : 4) * HOUR * 1000).toISOString();
      const here = hours < 2 || hours >= 4 ? step('a') : revoke('a');
      const steps = [here, step('b', true)].filter(({ id }) => !done.includes(id));
      return { outcome: { ...planned(...steps).outcome, ...(hours < 4 && { next }) } };
    },
    pollRequests: pollsWithApprovalOfB,
  })),
  'waits-without-end': but(() => ({ planAccess: () => planned(unwantedWait) })),
  'stale-at-the-start': but(() => ({ beginRun: () => ({ outcome: stale }) })),
  'stale-at-the-lock': but(() => ({ planAccess: () => ({ outcome: stale }) })),
  'stale-while-settling': but(() => ({ settleStep: () => ({ outcome: stale }) })),
};
