import { registerBeginRun } from './activities/begin-run';
import { registerCloseRun } from './activities/close-run';
import { registerEnsurePackage } from './activities/ensure-package';
import { registerPlanAccess } from './activities/plan-access';
import { registerPollRequests } from './activities/poll-requests';
import { registerSettleStep } from './activities/settle-step';
import { registerSubmitRequest } from './activities/submit-request';
import { registerTurns } from './activities/turns';
import type { Services } from './services';

/** All that an orchestration can have done, in the order of the story. */
export function registerActivities(services: Services): void {
  registerBeginRun(services);
  registerTurns(services);
  registerPlanAccess(services);
  registerEnsurePackage(services);
  registerSubmitRequest(services);
  registerPollRequests(services);
  registerSettleStep(services);
  registerCloseRun(services);
}
