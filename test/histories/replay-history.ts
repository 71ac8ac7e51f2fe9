import { app } from '@azure/functions';
import * as df from 'durable-functions';
import {
  EventType,
  eventText,
  playedText,
  type HistoryEvent,
} from '../../infra/local/functions-host/durable/protocol/history';
import {
  completionText,
  executionCompleted,
} from '../../infra/local/functions-host/durable/protocol/make-event';
import {
  failedReply,
  orchestratorPayload,
  replyFromError,
  type OrchestratorReply,
} from '../../infra/local/functions-host/durable/protocol/messages';
import {
  replayHistory as replay,
  type ReplayResult,
} from '../../infra/local/functions-host/durable/replayer/replay-history';
import {
  describe as nameOf,
  NonDeterminismError,
} from '../../infra/local/functions-host/durable/replayer/schedule';

/**
 * Executes an orchestrator again on the frozen history of one generation, turn by turn, and compares its actions (kind,
 * name, input, end) with those in the history. Throws a NonDeterminismError that names the step.
 */
export async function replayHistory(
  orchestrator: df.OrchestrationHandler,
  history: readonly HistoryEvent[],
): Promise<void> {
  const name = history.find((event) => event.EventType === EventType.ExecutionStarted)?.Name;
  if (name === undefined) throw new Error('the history holds no ExecutionStarted event');
  const handler = orchestratorHandler(name, orchestrator);
  for (const [i, event] of history.entries()) {
    if (event.EventType !== EventType.OrchestratorCompleted) continue;
    const { replayed } = await executeLatest(handler, history.slice(0, i + 1));
    compareEnd(replayed, history[i - 1]);
  }
}

function compareEnd({ commands, completion }: ReplayResult, last: HistoryEvent | undefined): void {
  const [extra] = commands;
  if (extra) {
    throw new NonDeterminismError(`the orchestrator now also schedules ${nameOf(extra)}`);
  }
  const kept = last?.EventType === EventType.ExecutionCompleted ? last : undefined;
  const made = completion && executionCompleted(0, -1, completion);
  if (kept?.OrchestrationStatus !== made?.OrchestrationStatus) {
    throw new NonDeterminismError(
      `in history this turn ${kept ? 'ended' : 'did not end'} the generation, now it is ${completion?.status ?? 'still open'}`,
    );
  }
  if (completion?.status === 'ContinuedAsNew' && completionText(completion) !== kept?.Result) {
    throw new NonDeterminismError('the input of continueAsNew differs from history');
  }
}

const dice = [0.000_001, 0.999_999];

/**
 * Executes an orchestrator again on a history that ends with the current turn, and compares its actions with it. Throws
 * NonDeterminismError if the two differ in kind, name or input.
 */
export async function executeLatest(
  handler: Handler,
  history: readonly HistoryEvent[],
): Promise<{ reply: OrchestratorReply; replayed: ReplayResult }> {
  const started = history.find((event) => event.EventType === EventType.ExecutionStarted);
  const turnStart = history.findLastIndex(
    (event) => event.EventType === EventType.OrchestratorStarted,
  );
  const turns = history.filter((event) => event.EventType === EventType.OrchestratorStarted).length;
  const texts = history.map((event, i) =>
    i < turnStart ? playedText(eventText(event)) : eventText(event),
  );
  const instance = started?.OrchestrationInstance;
  const name = started?.Name ?? '';
  const payload = orchestratorPayload({
    instanceId: instance?.InstanceId ?? name,
    parentInstanceId: started?.ParentInstance?.OrchestrationInstance.InstanceId,
    input: started?.Input ?? null,
    events: texts,
    isReplaying: turnStart > 0,
  });
  const reply = await handler(payload, dice[turns % 2] ?? 0);
  const executionId = instance?.ExecutionId ?? name;
  return { reply, replayed: replay({ name, executionId, history, reply, compareInputs: true }) };
}

/** Runs an orchestrator once from its first line on one payload text. */
export type Handler = (payload: string, dice: number) => Promise<OrchestratorReply>;

/**
 * The handler that the Functions host would call, taken from the public registration. `Math.random()` answers `dice`, so
 * that a branch on it differs in the next execution.
 */
export function orchestratorHandler(name: string, orchestrator: df.OrchestrationHandler): Handler {
  const spy = jest.spyOn(app, 'generic').mockImplementation(() => undefined);
  df.app.orchestration(name, orchestrator);
  const registered = spy.mock.calls.at(-1)?.[1].handler;
  spy.mockRestore();
  if (!registered) throw new Error('durable-functions did not register the orchestrator');

  return async (payload, dice) => {
    const context = new df.DummyOrchestrationContext(name, 'virtual', () => undefined);
    const random = jest.spyOn(Math, 'random').mockReturnValue(dice);
    try {
      const reply: unknown = await registered(JSON.parse(payload), context);
      return JSON.parse(JSON.stringify(reply)) as OrchestratorReply;
    } catch (error) {
      return error instanceof Error ? replyFromError(error.message) : failedReply(String(error));
    } finally {
      random.mockRestore();
    }
  };
}
