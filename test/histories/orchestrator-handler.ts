import { app } from '@azure/functions';
import * as df from 'durable-functions';
import {
  failedReply,
  type OrchestratorReply,
  replyFromError,
} from '../../infra/local/functions-host/durable/protocol/messages';

/** Runs an orchestrator once from its first line on one payload text. */
export type Handler = (payload: string, dice: number) => Promise<OrchestratorReply>;

/**
 * The handler that the Functions host would call, caught on its way through the public registration. Chance is loaded:
 * `Math.random()` answers `dice`, so that a branch on it turns differently in the next execution.
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
