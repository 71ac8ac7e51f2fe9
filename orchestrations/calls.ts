import type { OrchestrationContext, Task } from 'durable-functions';
import { z } from 'zod';
import { PackageIds, Step } from '../shared/domain/journey';
import { Evidence, outcomeOf, type Outcome } from '../shared/domain/outcome';
import { Pace } from '../shared/domain/pace';
import { ChainEnd, Run } from '../shared/domain/run';
import { RequestPhase } from '../shared/domain/settlement';
import { ClosingOutcome, StepOutcome, Verdict } from '../shared/domain/step-outcome';

/** What an activity answers. One that writes audit rows answers the chain's new end too, also with `later`. */
export type Answer<Done extends object> = { outcome: Outcome<Done>; chain?: ChainEnd | undefined };

/** The contract of one activity: its registered name, what it is handed and what comes back. */
export type Activity<Input, Done extends object> = {
  name: string;
  input: z.ZodType<Input>;
  output: z.ZodType<Answer<Done>>;
};

/** An empty shape says nothing about its members; zod infers that it has none, which no outcome would fit. */
type MembersOf<Shape extends z.ZodRawShape> = keyof Shape extends never
  ? object
  : z.infer<z.ZodObject<Shape>>;

const activity = <Input extends z.ZodRawShape, Done extends z.ZodRawShape>(
  name: string,
  input: Input,
  done: Done,
) =>
  ({
    name,
    input: z.object(input),
    output: z.object({ outcome: outcomeOf(done), chain: ChainEnd.optional() }),
  }) as unknown as Activity<z.infer<z.ZodObject<Input>>, MembersOf<Done>>;

const written = { run: Run, chain: ChainEnd, at: z.string() };
const turn = { run: Run, phase: z.number().int() };
const inTurn = { ...written, step: Step, targetId: z.string(), announced: z.boolean() };

export const calls = {
  beginRun: activity(
    'beginRun',
    {
      eventHash: z.string(),
      attempt: z.number().int(),
      instanceId: z.string(),
      token: z.string(),
      version: z.number().int().optional(),
    },
    { run: Run, pace: Pace },
  ),
  takeTurn: activity('takeTurn', turn, {}),
  releaseTurn: activity('releaseTurn', turn, {}),
  planAccess: activity('planAccess', { run: Run }, { targetId: z.string(), steps: z.array(Step) }),
  ensurePackage: activity('ensurePackage', inTurn, { ids: PackageIds }),
  submitRequest: activity(
    'submitRequest',
    { ...inTurn, ids: PackageIds },
    {
      requestId: z.string().optional(),
      verdict: Verdict.optional(),
      evidence: Evidence.optional(),
    },
  ),
  pollRequests: activity(
    'pollRequests',
    { run: Run, requestIds: z.array(z.string()) },
    {
      readings: z.array(
        z.object({
          phase: RequestPhase,
          graphState: z.string(),
          completedAt: z.string().optional(),
        }),
      ),
    },
  ),
  settleStep: activity(
    'settleStep',
    {
      ...written,
      step: Step,
      part: z.enum(['ensure', 'assign']),
      targetId: z.string(),
      verdict: Verdict,
      ids: PackageIds.optional(),
      requestId: z.string().optional(),
      submittedAt: z.string().optional(),
      completedAt: z.string().optional(),
      graphState: z.string().optional(),
      evidence: Evidence.optional(),
    },
    { outcome: StepOutcome, deliveredAt: z.string().optional() },
  ),
  closeRun: activity(
    'closeRun',
    {
      ...written,
      phase: z.number().int(),
      targetId: z.string().optional(),
      outcome: ClosingOutcome,
      reason: z.string().optional(),
      deliveredAt: z.string().optional(),
    },
    {},
  ),
};

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
