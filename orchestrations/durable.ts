import type { OrchestrationContext, Task } from 'durable-functions';
import type { Activity, Answer } from '../shared/domain/workflow/activities';

/** What an orchestration yields to its host. The result of each yield is `unknown`. */
export type WorkflowGenerator<Result> = Generator<Task, Result, unknown>;

/** One execution of an orchestration. `tasks`: how many it has added to the history of this generation. */
export type DurableContext = { context: OrchestrationContext; tasks: number };

/** Calls one activity and parses its answer, the same in every replay. Throws what the activity threw. */
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

/** The time of this execution, the same in every replay. */
export const now = ({ context }: DurableContext): Date => context.df.currentUtcDateTime;

export const secondsFrom = (time: Date, seconds: number): Date =>
  new Date(time.getTime() + seconds * 1000);

/** Seconds that have passed since `time`; 0 if there is none. */
export const secondsSince = (durable: DurableContext, time: string | undefined): number =>
  time ? (now(durable).getTime() - Date.parse(time)) / 1000 : 0;

/**
 * The version that an instance was started under: the first number of `defaultVersion` in host.json at that time, `1` for
 * "1.0". It does not change for the lifetime of the instance, even after a deployment. See docs/versioning.md.
 */
export function versionOf({ df }: OrchestrationContext): number {
  return Number.parseInt(df.version ?? '', 10) || 1;
}
