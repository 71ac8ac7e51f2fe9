import type { OrchestrationContext, Task } from 'durable-functions';
import type { Activity, Answer } from '../shared/domain/workflow/activities';

/** What an orchestration yields to its host, and gets back as `unknown`. */
export type WorkflowGenerator<Result> = Generator<Task, Result, unknown>;

/** One execution of an orchestration: its context, and how many tasks this generation has put into its history. */
export type DurableContext = { context: OrchestrationContext; tasks: number };

/** Calls one activity and parses what the history hands back, in every replay alike. Throws what the activity threw. */
export function* call<Input, Done extends object>(
  durable: DurableContext,
  { name, output }: Activity<Input, Done>,
  input: Input,
): WorkflowGenerator<Answer<Done>> {
  durable.tasks += 1;
  return output.parse(yield durable.context.df.callActivity(name, input));
}

/** Waits on a durable timer. */
export function* sleepUntil(durable: DurableContext, time: Date): WorkflowGenerator<void> {
  durable.tasks += 1;
  yield durable.context.df.createTimer(time);
}
