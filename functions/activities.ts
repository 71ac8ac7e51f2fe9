import { planAccess } from '../shared/assignments/plan';
import { pollRequests } from '../shared/assignments/poll';
import { settleStep } from '../shared/assignments/settle';
import { submitRequest } from '../shared/assignments/submit';
import { activities } from '../shared/domain/workflow/activities';
import { recordIntent } from '../shared/events/audit-context';
import { createPackageEnsurer } from '../shared/packages/ensure';
import { registerActivity } from './activities/activity';
import { registerBeginRun } from './activities/begin-run';
import { registerCloseRun } from './activities/close-run';
import { registerWorkerLocks } from './activities/worker-locks';
import type { Services } from './services';

/** Everything that an orchestration can call, in the order of a run: a contract and the use case that keeps it. */
export function registerActivities(services: Services): void {
  registerBeginRun(services);
  registerWorkerLocks(services);
  registerActivity(activities.planAccess, async ({ run }) => ({
    outcome: await planAccess(services, run),
  }));
  registerActivity(activities.ensurePackage, createPackageEnsurer(services));
  registerActivity(activities.submitRequest, async (input, guard) => ({
    chain: input.intentRecorded ? input.chain : await recordIntent(services, input, 'assign'),
    outcome: await guard(() => submitRequest(services, input)),
  }));
  registerActivity(activities.pollRequests, async ({ requestIds }) => ({
    outcome: await pollRequests(services.graph, requestIds),
  }));
  registerActivity(activities.settleStep, (input) => settleStep(services, input));
  registerCloseRun(services);
}
