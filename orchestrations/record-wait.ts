import { activities } from '../shared/domain/workflow/activities';
import { RequestWait } from '../shared/domain/workflow/step-outcome';
import {
  isLasting,
  isShown,
  type Waiting,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';
import { call, now, secondsFrom, type DurableContext, type WorkflowGenerator } from './durable';
import { waitOfStep, withOpenRequest } from './settle-steps';

/**
 * Records what the run waits for in the next `pause` seconds, if that lasts: one row for each kind of wait, and the claim
 * shows the last wait. If it cannot be recorded now, the next pass tries again.
 */
export function* recordWait(
  durable: DurableContext,
  state: WorkflowState,
  pause: number,
): WorkflowGenerator<void> {
  const waiting = state.retrying ?? waitOfRequests(durable, state);
  if (!waiting || isShown(state.shownWait, waiting)) return;
  if (!isLasting(waiting, now(durable), pause)) return;
  const { run, chain } = state;
  const at = now(durable).toISOString();
  const hasRow = state.waits.includes(waiting.for);
  const { for: kind, reason, since, until } = waiting;
  const shown = { for: kind, reason, since, until };
  const input = { run, chain, at, waiting: shown, hasRow };
  try {
    const answer = yield* call(durable, activities.recordWait, input);
    if (answer.outcome.kind !== 'done') return;
    state.chain = answer.chain ?? state.chain;
    state.shownWait = shown;
    if (!hasRow) state.waits.push(kind);
  } catch {
    // A row that is missing must not end a run. The activity has logged the defect.
  }
}

/** What the open requests wait for: an approval before anything else, because a person has to act. */
function waitOfRequests(durable: DurableContext, state: WorkflowState): Waiting | undefined {
  const waits = withOpenRequest(state).map(waitOfStep);
  const kind = RequestWait.options.find((one) => waits.some((wait) => wait.for === one));
  const waited = waits.filter((wait) => wait.for === kind).map(({ seconds }) => seconds);
  if (!kind) return undefined;
  const { approval, delivery, partialGrace } = state.timeouts;
  const deadline = { approval, delivery, partial: partialGrace }[kind];
  const time = now(durable);
  return {
    for: kind,
    since: secondsFrom(time, -Math.max(...waited)).toISOString(),
    until: secondsFrom(time, deadline - Math.min(...waited)).toISOString(),
  };
}
