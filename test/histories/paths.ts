import type { Later } from '../../shared/domain/workflow/outcome';
import { happyActs, timeouts, step, type Acts, type Statuses } from './story';

const later = (why: string, afterSeconds = 1): Later => ({ kind: 'later', afterSeconds, why });
const stale = { kind: 'rejected', reason: 'stale' } as const;

const HOUR = 3600;

/** A run that gives up within hours: what it does is the same, and its history short. */
function hasty(acts: Acts): Acts {
  const short = { delivery: 6 * HOUR, approval: 12 * HOUR, identity: 12 * HOUR, call: HOUR };
  const { beginRun } = acts;
  return {
    ...acts,
    beginRun: (...told) => {
      const { outcome } = beginRun(...told);
      return outcome.kind === 'done'
        ? { outcome: { ...outcome, timeouts: { ...timeouts, ...short } } }
        : { outcome };
    },
  };
}

const request =
  (statuses: Statuses, wait = false) =>
  () =>
    hasty(happyActs(statuses, wait));

/** What happens otherwise goes on as in `happyActs`. */
const but = (change: (acts: Acts) => Partial<Acts>, statuses?: Statuses, wait?: boolean) => () => {
  const acts = happyActs(statuses, wait);
  return hasty({ ...acts, ...change(acts) });
};

const defect = (): never => {
  throw new Error('a defect');
};

const announcedLater =
  (why: string, seconds: number): Acts['submitRequest'] =>
  ({ chain, intentRecorded }) => ({
    chain: intentRecorded ? chain : { ...chain, seq: chain.seq + 1 },
    outcome: later(why, seconds),
  });

/** Answers `later` the first `times` times. */
const lateStart = <Input extends unknown[], Answer>(
  act: (...told: Input) => Answer,
  times: number,
  answer: (...told: Input) => Answer,
) => {
  let tries = 0;
  return (...told: Input): Answer => (++tries <= times ? answer(...told) : act(...told));
};

/** Three packages: one delivered, one denied, one held already. */
const several = but(() => ({
  planAccess: () => ({
    outcome: { kind: 'done', targetId: 'u-1', steps: [step('a'), step('b'), step('c')] },
  }),
  pollRequests: ({ requestIds }) => ({
    outcome: {
      kind: 'done',
      readings: requestIds.map((id) => ({
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

/** Every path of the story of one event: the world in which it is taken, by its name. */
export const paths: Readonly<Record<string, () => Acts>> = {
  'delivered-at-once': () => happyActs(),
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
    happyActs(
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
  'package-drifted': but(() => ({
    ensurePackage: ({ chain }) => ({
      chain: { ...chain, seq: chain.seq + 1 },
      outcome: { kind: 'failed', why: 'drift:description' },
    }),
  })),
  'lock-held': but(({ acquireLock }) => ({
    acquireLock: lateStart(acquireLock, 3, () => ({ outcome: later('lock-held') })),
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
  'stale-at-the-start': but(() => ({ beginRun: () => ({ outcome: stale }) })),
  'stale-at-the-lock': but(() => ({ acquireLock: () => ({ outcome: stale }) })),
  'stale-while-settling': but(() => ({ settleStep: () => ({ outcome: stale }) })),
};
