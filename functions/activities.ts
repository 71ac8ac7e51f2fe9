import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { createGate } from '../shared/assignments/gate';
import { LOCK_HELD, planUnderLock } from '../shared/assignments/plan';
import { pollRequests } from '../shared/assignments/request';
import { settleStep } from '../shared/assignments/settle';
import { submitAndRelease } from '../shared/assignments/submit';
import {
  activities,
  reconcileActivities,
  type Activity,
  type Answer,
} from '../shared/domain/workflow/activities';
import type { Later, Outcome, Rejected } from '../shared/domain/workflow/outcome';
import { recordRequest, recordWait } from '../shared/events/audit-context';
import { closeAttempt } from '../shared/events/close';
import { recordEndedRequest } from '../shared/events/follow-requests';
import { startAttempt } from '../shared/events/start';
import { logTo, traceOf, type Log } from '../shared/log';
import { createRequestBoard } from '../shared/graph/request-board';
import { createPackageEnsurer } from '../shared/packages/ensure';
import { beginReconciliation, prepareStaging } from '../shared/reconcile/begin';
import { compareShards } from '../shared/reconcile/compare-shards';
import { readOpenRuns } from '../shared/reconcile/read-open-runs';
import { readExpected } from '../shared/reconcile/read-people';
import { readRoster } from '../shared/reconcile/read-roster';
import { readScope } from '../shared/reconcile/read-scope';
import { applyBrakes, decideBrake, sendRechecks } from '../shared/reconcile/repairs';
import { closeReconciliation } from '../shared/reconcile/report';
import { StaleRun } from '../shared/storage/audit';
import { StoreUnavailable } from '../shared/storage/storage-port';
import { lockOf } from '../shared/storage/worker-locks';
import type { Services } from './services';

/** Every activity that an orchestration calls, in the order of a run: its contract and the use case that it calls. */
export function registerActivities(services: Services): void {
  const { config } = services;
  const registerActivity = activityRegistrar(services);

  registerActivity(activities.beginRun, async (execution) => {
    const started = await startAttempt(services, execution);
    if (!started) return { outcome: STALE };
    const { ended, ...begun } = started;
    const { run } = begun;
    const chain = ended && (await recordEndedRequest(services, run, ended));
    return { outcome: { kind: 'done', ...begun, timeouts: config.timeouts }, chain };
  });

  const { known, ensure } = createPackageEnsurer(services);
  const planServices = { ...services, gate: createGate(services), knownPackage: known };
  registerActivity(activities.planAccess, async (input, _, log) => ({
    outcome: await planUnderLock(planServices, input, log),
  }));

  registerActivity(activities.ensurePackage, ensure);

  registerActivity(activities.submitRequest, async (input, guard) => ({
    chain: input.intentRecorded ? input.chain : await recordRequest(services, input),
    outcome: await guard(() => submitAndRelease(services, input)),
  }));

  registerActivity(activities.releaseLock, async ({ run, fencingToken }) => {
    await services.workerLocks.release(lockOf(run, fencingToken));
    return { outcome: { kind: 'done' } };
  });

  const board = createRequestBoard(services.graph, {
    everyMs: config.graph.boardSeconds * 1000,
    lagMs: config.graph.lagSeconds * 1000,
  });
  registerActivity(activities.pollRequests, async ({ requests }, _, log) => {
    const outcome = await pollRequests({ ...services, board }, requests);
    for (const line of board.takeNews()) log(line);
    return { outcome };
  });

  registerActivity(activities.settleStep, (input) => settleStep(services, input));

  registerActivity(activities.recordWait, async (input) => ({
    chain: await recordWait(services, input),
    outcome: { kind: 'done' },
  }));

  // A fencing token is used once, so each try to close brings the next one.
  registerActivity(activities.closeRun, async (closing, _, log) => {
    const closed = await closeAttempt(services, closing, log);
    if (closed === 'stale') return { outcome: STALE };
    return { outcome: closed === 'closed' ? { kind: 'done' } : LOCK_HELD };
  });
}

/** Those of the orchestration `reconcile`. */
export function registerReconciliation(services: Services): void {
  const registerActivity = activityRegistrar(services);
  const of = reconcileActivities;

  registerActivity(of.beginReconciliation, async (execution, _, log) => {
    const { outcome, chain } = await beginReconciliation(services, execution, log);
    if (outcome.kind !== 'done') return { outcome };
    return { outcome: { ...outcome, timeouts: services.config.timeouts }, chain };
  });

  registerActivity(of.prepareStaging, async ({ run }) => ({
    outcome: await prepareStaging(services, run),
  }));

  registerActivity(of.readScope, async (input) => ({ outcome: await readScope(services, input) }));

  registerActivity(of.readRoster, async (input, _, log) => ({
    outcome: await readRoster(services, input, log),
  }));

  registerActivity(of.readExpected, async ({ run, from }) => ({
    outcome: await readExpected(services, run, from),
  }));

  registerActivity(of.readOpenRuns, async ({ run }) => ({
    outcome: await readOpenRuns(services, run),
  }));

  registerActivity(of.compareShards, async ({ run, from }) => ({
    outcome: await compareShards(services, run, from),
  }));

  registerActivity(of.applyBrakes, async ({ run }, _, log) => ({
    outcome: await applyBrakes(services, run, log),
  }));

  registerActivity(of.sendRechecks, async ({ run, from }) => ({
    outcome: await sendRechecks(services, run, from),
  }));

  registerActivity(of.decideBrake, async ({ run, from }) => ({
    outcome: await decideBrake(services, run, from),
  }));

  registerActivity(of.closeReconciliation, async (input, _, log) => ({
    outcome: await closeReconciliation(services, input, log),
  }));
}

const STALE: Rejected = { kind: 'rejected', reason: 'stale' };
const DEFECT: Later = { kind: 'later', afterSeconds: 5, why: 'defect' };

/** Runs the work after an audit row. Turns an exception into an outcome, so that the new end of the chain is answered. */
type Guard = <Done extends object>(act: () => Promise<Outcome<Done>>) => Promise<Outcome<Done>>;

/**
 * Registers one activity by its contract. An unavailable store and a stale run are outcomes. Any other exception is a
 * defect. It is rethrown without its text, because the durable history keeps exceptions.
 */
const activityRegistrar =
  ({ permissions }: Pick<Services, 'permissions'>) =>
  <Input, Done extends object>(
    { name, input }: Activity<Input, Done>,
    act: (input: Input, guard: Guard, log: Log) => Promise<Answer<Done>>,
  ): void => {
    df.app.activity(name, {
      handler: async (raw: unknown, context: InvocationContext): Promise<Answer<Done>> => {
        const logError = logTo((line) => context.error(line));
        const knownOutcome = (error: unknown): Later | Rejected | undefined => {
          const outcome = outcomeOf(error);
          if (!outcome) logError({ what: 'defect', activity: name, ...traceOf(error) });
          return outcome;
        };
        const guard: Guard = (guarded) =>
          guarded().catch((error: unknown) => knownOutcome(error) ?? DEFECT);
        const execute = async () =>
          act(
            input.parse(raw),
            guard,
            logTo((line) => context.log(line)),
          );
        return execute()
          .catch((error: unknown) => {
            const outcome = knownOutcome(error);
            if (!outcome) throw new Error(`${name}: defect`);
            return { outcome };
          })
          .finally(() => {
            // Alerts read the log: what Graph begins to refuse is said at once, and once.
            for (const line of permissions.takeNews()) logError(line);
          });
      },
    });
  };

function outcomeOf(error: unknown): Later | Rejected | undefined {
  if (error instanceof StaleRun) return STALE;
  if (error instanceof StoreUnavailable) {
    return { kind: 'later', afterSeconds: 5, why: 'store-unavailable' };
  }
  return undefined;
}
