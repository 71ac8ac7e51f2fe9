import type { AppFunction } from '../../app/function-table';
import type { Invocation, InvocationResult, Invoke } from '../../app/invoke';
import { failedReply, replyFromError, type OrchestratorReply } from '../protocol/actions';
import { eventText, EventType, type EventMark } from '../protocol/history';
import type { Instance } from '../store/instance';
import { orchestratorStarted } from '../protocol/make-event';
import { mirror, type Mirrored } from '../replayer/mirror';
import { orchestratorPayload } from '../protocol/payload';
import { UnsupportedActionError } from '../replayer/perform-action';
import { NonDeterminismError } from '../replayer/schedule';

/** What one execution of an orchestrator function came to. `taken` events of the inbox were part of it. */
export type Turn = { at: number; taken: number; mirrored: Mirrored; customStatus: unknown };

/** Runs the orchestrator function of an instance on its history and the whole of its inbox. */
export async function takeTurn(
  instance: Instance,
  orchestrator: AppFunction | undefined,
  invoke: Invoke,
): Promise<Turn> {
  const arrived = [...instance.inbox];
  const at = turnTime(instance);
  const started = orchestratorStarted(at);
  const newTexts = [eventText(started), ...arrived.map(({ text }) => text)];
  const reply = orchestrator
    ? await execute(instance, newTexts, (payload) => invoke(orchestrator.name, payload))
    : failedReply(`The function '${instance.record.name}' is no orchestrator, or is disabled.`);
  const history = [...instance.marks, started, ...arrived.map(({ event }) => event)];
  const mirrored = play(instance, reply, history);
  return { at, taken: arrived.length, mirrored, customStatus: reply.customStatus };
}

async function execute(
  { record, turns }: Instance,
  newTexts: readonly string[],
  invoke: (invocation: Invocation) => Promise<InvocationResult>,
): Promise<OrchestratorReply> {
  const payload = orchestratorPayload({
    instanceId: record.id,
    parentInstanceId: record.parent?.instanceId,
    input: record.input,
    events: [...turns, ...newTexts],
    isReplaying: turns.length > 0,
  });
  const result = await invoke({ trigger: { string: payload } });
  if (!result.ok) return replyFromError(result.error.message);
  const text = result.response.returnValue?.json;
  if (text === undefined) return failedReply('It answered no actions; is it a durable function?');
  return JSON.parse(text) as OrchestratorReply;
}

function play(instance: Instance, reply: OrchestratorReply, history: EventMark[]): Mirrored {
  const { name, executionId } = instance.record;
  try {
    return mirror({ name, executionId, history, reply });
  } catch (error) {
    const reason = failure(error, name);
    return {
      commands: [],
      completion: { status: 'Failed', reason },
      suspended: false,
      carried: [],
    };
  }
}

function failure(error: unknown, name: string): string {
  if (error instanceof NonDeterminismError) {
    return `Non-Deterministic workflow detected: ${error.message}`;
  }
  if (error instanceof UnsupportedActionError) {
    return `Orchestrator function '${name}' failed: ${error.message}`;
  }
  throw error;
}

/** The clock of an instance never goes back, whatever the machine's clock does. */
function turnTime({ marks }: Instance): number {
  const last = marks.findLast((mark) => mark.EventType === EventType.OrchestratorStarted);
  return Math.max(Date.now(), last?.Timestamp ? Date.parse(last.Timestamp) : 0);
}
