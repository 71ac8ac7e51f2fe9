import type {
  Activity as Contract,
  Answer,
  reconcileActivities,
} from '../../shared/domain/workflow/activities';
import type { ReconcileRun } from '../../shared/domain/workflow/activities';
import type { Timeouts } from '../../shared/domain/workflow/timeouts';
import { reconcile } from '../../orchestrations/reconcile';
import { CURRENT_VERSION, EVENT_HASH, START, timeouts } from './scenarios';
import { runOrchestration, type RunResult } from './virtual-host';

type Calls = typeof reconcileActivities;
type FakeActivities = {
  [Name in keyof Calls]: Calls[Name] extends Contract<infer Input, infer Done>
    ? (input: Input) => Answer<Done>
    : never;
};

const run = {
  ...{ eventHash: EVENT_HASH, attempt: 1, instanceId: `${EVENT_HASH}-1`, token: 'token-1' },
  fact: {
    ...{ eventId: 'reconcile@20261120T093000000Z', eventSource: 'urn:joinery:reconcile' },
    ...{ eventType: 'joinery.reconcile.v1', bodyHash: 'b'.repeat(64) },
    ...{ occurredAt: '2026-11-20T09:30:00.000Z', receivedAt: '2026-11-20T09:30:01.000Z' },
  },
  ...{ id: '20261120T093000000Z', generation: 7, at: '2026-11-20T09:30:02.000Z', options: {} },
};
const chain = { seq: 1, hash: '1'.padStart(64, '0'), day: '2026-11-20' };
const done: { outcome: { kind: 'done'; next?: string } } = { outcome: { kind: 'done' } };
const later = (why: string, afterSeconds: number) => ({
  outcome: { kind: 'later' as const, afterSeconds, why },
});

/** The directory, three lists that count, and two packages. */
const SCOPES = 6;

/** Activities of a run in which everything takes one execution; a path overrides those that it needs. */
const fakes = (change: Partial<FakeActivities> = {}): FakeActivities => ({
  beginReconciliation: () => ({ outcome: { kind: 'done', run, timeouts }, chain }),
  prepareStaging: () => ({ outcome: { kind: 'done', isReady: true } }),
  readScope: () => ({ outcome: { kind: 'done', isOver: true } }),
  readRoster: () => done,
  readExpected: () => ({ outcome: { kind: 'done', scopes: SCOPES } }),
  readOpenRuns: () => ({ outcome: { kind: 'done', open: 0 } }),
  compareShards: () => done,
  applyBrakes: () => ({ outcome: { kind: 'done', tripped: 0 } }),
  sendRechecks: () => done,
  decideBrake: () => done,
  closeReconciliation: () => done,
  ...change,
});

const goesOnAt = (next: string): typeof done => ({ outcome: { kind: 'done', next } });
const goesOn = { outcome: { kind: 'done' as const, isOver: false } };
const isOver = { outcome: { kind: 'done' as const, isOver: true } };

/** Answers one after the other; the last one stays. */
const inTurn = <Value>(...answers: Value[]) => {
  let turn = 0;
  return (): Value => answers[Math.min(turn++, answers.length - 1)] as Value;
};

const away = later('store-unavailable', 300);
const decision = {
  ...{ brake: 'reconcile-grant-20261120T093000000Z', state: 'released' as const },
  ...{ by: 'a-person', reason: 'checked' },
};

/** Every path of the reconciliation: the activities that lead to it, by its name. */
export const reconcilePaths: Readonly<Record<string, () => FakeActivities>> = {
  'reconcile-at-once': () => fakes(),
  'reconcile-in-many-parts': () =>
    fakes({
      prepareStaging: inTurn(
        { outcome: { kind: 'done', isReady: false } },
        { outcome: { kind: 'done', isReady: true } },
      ),
      // Long enough for a second generation.
      readScope: inTurn(...Array<typeof goesOn>(99).fill(goesOn), isOver),
      readRoster: inTurn(goesOnAt('10'), done),
      readExpected: inTurn(
        { outcome: { kind: 'done', scopes: SCOPES, next: 'W-1500' } },
        { outcome: { kind: 'done', scopes: SCOPES } },
      ),
      compareShards: inTurn(goesOnAt('40'), done),
      sendRechecks: inTurn(goesOnAt('80'), done),
    }),
  'reconcile-a-list-fails': () =>
    fakes({
      readScope: ({ scope, giveUp }) =>
        scope === 5 && giveUp === undefined
          ? { outcome: { kind: 'failed', why: 'forbidden' } }
          : { outcome: { kind: 'done', isOver: true } },
    }),
  'reconcile-a-list-is-throttled-for-good': () =>
    fakes({
      readScope: ({ scope, giveUp }) =>
        scope === 4 && giveUp === undefined
          ? later('throttled', 120)
          : { outcome: { kind: 'done', isOver: true } },
    }),
  'reconcile-another-tenant': () =>
    fakes({ prepareStaging: () => ({ outcome: { kind: 'failed', why: 'other-tenant' } }) }),
  'reconcile-another-run': () =>
    fakes({
      beginReconciliation: () => ({ outcome: { kind: 'rejected', reason: 'stale' } }),
    }),
  'reconcile-stores-away-while-closing': () =>
    fakes({
      closeReconciliation: inTurn<typeof away | typeof done>(
        ...Array<typeof away>(8).fill(away),
        done,
      ),
    }),
  'reconcile-a-decision': () =>
    fakes({
      beginReconciliation: () => ({
        outcome: { kind: 'done', timeouts, run: { ...run, options: { decision } } },
        chain,
      }),
      decideBrake: inTurn(goesOnAt('80'), done),
    }),
  'reconcile-a-decision-waits': () =>
    fakes({
      beginReconciliation: inTurn<Answer<{ run: ReconcileRun; timeouts: Timeouts }>>(
        ...Array<typeof away>(60).fill(later('another-run', 5)),
        {
          outcome: { kind: 'done', timeouts, run: { ...run, options: { decision } } },
          chain,
        },
      ),
    }),
};

/** Runs a reconciliation on a virtual clock under the version of host.json. */
export const runReconciliation = (activities: FakeActivities): Promise<RunResult> =>
  runOrchestration({
    orchestrators: { reconcile },
    start: 'reconcile',
    input: { eventHash: EVENT_HASH, attempt: 1, token: 'token-1' },
    activities,
    startAt: START,
    version: CURRENT_VERSION,
  });
