import {
  orchestratorPayload,
  type OrchestratorReply,
} from '../../infra/local/functions-host/durable/protocol/messages';
import {
  EventType,
  eventText,
  playedText,
  type HistoryEvent,
} from '../../infra/local/functions-host/durable/protocol/history';
import {
  mirror,
  type Mirrored,
} from '../../infra/local/functions-host/durable/replayer/replay-history';
import type { Handler } from './orchestrator-handler';

const dice = [0.000_001, 0.999_999];

/**
 * Re-executes an orchestrator on a history whose last turn is the one being run, and plays its actions against it.
 * Throws NonDeterminismError where the two disagree in kind, name or input.
 */
export async function executeTurn(
  handler: Handler,
  history: readonly HistoryEvent[],
): Promise<{ reply: OrchestratorReply; mirrored: Mirrored }> {
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
  return { reply, mirrored: mirror({ name, executionId, history, reply, compareInputs: true }) };
}
