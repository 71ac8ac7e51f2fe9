import type { OrchestrationContext, Task } from 'durable-functions';
import type { Activity, Answer } from '../shared/domain/workflow/activities';

/** What an orchestration yields to its host, and gets back as `unknown`. */
export type Leg<Result> = Generator<Task, Result, unknown>;

/** One execution of an orchestration: its context, and how many tasks this generation has put into its history. */
export type Telling = { context: OrchestrationContext; tasks: number };

/** Calls one activity and parses what the history hands back, in every replay alike. Throws what the activity threw. */
export function* call<Input, Done extends object>(
  telling: Telling,
  { name, output }: Activity<Input, Done>,
  input: Input,
): Leg<Answer<Done>> {
  telling.tasks += 1;
  return output.parse(yield telling.context.df.callActivity(name, input));
}

/** Waits on a durable timer. */
export function* sleepUntil(telling: Telling, time: Date): Leg<void> {
  telling.tasks += 1;
  yield telling.context.df.createTimer(time);
}
