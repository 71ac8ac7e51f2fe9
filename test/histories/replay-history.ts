import type { OrchestrationHandler } from 'durable-functions';
import {
  EventType,
  type HistoryEvent,
} from '../../infra/local/functions-host/durable/protocol/history';
import {
  completionText,
  executionCompleted,
} from '../../infra/local/functions-host/durable/protocol/make-event';
import type { Mirrored } from '../../infra/local/functions-host/durable/replayer/replay-history';
import {
  describe as nameOf,
  NonDeterminismError,
} from '../../infra/local/functions-host/durable/replayer/schedule';
import { executeTurn } from './execute-turn';
import { orchestratorHandler } from './orchestrator-handler';

/**
 * Executes an orchestrator again on one generation's frozen history, turn by turn, and compares what it asks for (kind,
 * name, input, how it ends) with what history says it asked for then. Throws NonDeterminismError naming the step.
 */
export async function replayHistory(
  orchestrator: OrchestrationHandler,
  history: readonly HistoryEvent[],
): Promise<void> {
  const name = history.find((event) => event.EventType === EventType.ExecutionStarted)?.Name;
  if (name === undefined) throw new Error('the history holds no ExecutionStarted event');
  const handler = orchestratorHandler(name, orchestrator);
  for (const [i, event] of history.entries()) {
    if (event.EventType !== EventType.OrchestratorCompleted) continue;
    const { mirrored } = await executeTurn(handler, history.slice(0, i + 1));
    compareEnd(mirrored, history[i - 1]);
  }
}

function compareEnd({ commands, completion }: Mirrored, last: HistoryEvent | undefined): void {
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
