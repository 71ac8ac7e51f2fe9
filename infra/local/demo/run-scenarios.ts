import { setTimeout as wait } from 'node:timers/promises';
import { ServiceBusClient } from '@azure/service-bus';
import { assertOutcome, type Records, type Assertion } from './assertion';
import type { ScenarioMessages } from './scenarios';

const deadlineMs = 100_000;
const pollEveryMs = 500;

type RunOptions = {
  scenarios: ScenarioMessages[];
  bus: Bus;
  read: () => Promise<Records>;
  /** Called once for each scenario, when all its messages have ended. */
  onEnd: (messages: ScenarioMessages, assertion: Assertion) => void;
};

export type Result = { messages: ScenarioMessages; assertion: Assertion };

/**
 * Sends every message when it is due and polls the records until all have ended or a deadline has passed. A scenario that
 * has not ended by then is compared as it is.
 */
export async function runScenarios(
  options: RunOptions,
): Promise<{ results: Result[]; records: Records }> {
  const { scenarios, bus, read, onEnd } = options;
  const sent = new Set<Buffer>();
  const reported = new Set<ScenarioMessages>();
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const records = await read();
    const results = scenarios.map((messages) => ({
      messages,
      assertion: assertOutcome(messages, records),
    }));
    for (const { messages, assertion } of results) {
      if (!assertion.ended || reported.has(messages)) continue;
      reported.add(messages);
      onEnd(messages, assertion);
    }
    if (reported.size === scenarios.length || Date.now() > deadline) return { results, records };
    const due = dueNow(results).filter((message) => !sent.has(message));
    if (due.length > 0) await bus.send(due);
    for (const message of due) sent.add(message);
    await wait(pollEveryMs);
  }
}

function dueNow(results: Result[]): Buffer[] {
  const ended = new Set(
    results
      .filter(({ assertion }) => assertion.firstEnded)
      .map(({ messages }) => messages.scenario.worker),
  );
  return results.flatMap(({ messages, assertion }) => {
    const { after } = messages.scenario;
    const first = after === undefined || ended.has(after) ? [messages.first] : [];
    return messages.second && assertion.firstEnded ? [...first, messages.second] : first;
  });
}

/** The HR system's side of the queue, with the official SDK. */
type Bus = {
  send: (messages: readonly Buffer[]) => Promise<void>;
  /** The number of dead letters, at most 100. */
  deadLetters: () => Promise<number>;
  close: () => Promise<void>;
};

export function openBus(connectionString: string, queue: string): Bus {
  const client = new ServiceBusClient(connectionString);
  const sender = client.createSender(queue);
  return {
    send: (messages) =>
      sender.sendMessages(messages.map((body) => ({ body, contentType: 'application/json' }))),
    deadLetters: async () => {
      // A receiver continues to peek after its last message; a new one starts at the first.
      const receiver = client.createReceiver(queue, { subQueueType: 'deadLetter' });
      const messages = await receiver.peekMessages(100);
      await receiver.close();
      return messages.length;
    },
    close: () => client.close(),
  };
}
