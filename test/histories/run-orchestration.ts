import type { OrchestrationHandler } from 'durable-functions';
import type { HistoryEvent } from '../../infra/local/functions-host/durable/protocol/history';
import { jsonText } from '../../infra/local/functions-host/durable/protocol/make-event';
import { orchestratorHandler } from './orchestrator-handler';
import {
  deliverNext,
  startInstance,
  type Activity,
  type Call,
  type Instance,
  type VirtualHost,
} from './virtual-host';

export type RunOptions = {
  orchestrators: Record<string, OrchestrationHandler>;
  start: string;
  input: unknown;
  /** Of the started instance; `virtual` unless set. */
  instanceId?: string;
  activities: Record<string, Activity>;
  startAt?: Date;
  version?: string;
  /** Executions of all generators together before the run counts as endless; 10,000 unless set. */
  maxTurns?: number;
  onTurn?: (turn: { instanceId: string; now: Date; customStatus: unknown }) => void;
};

export type RunResult = {
  status: 'Completed' | 'Failed';
  output: unknown;
  error?: string;
  calls: Call[];
  now: Date;
  generations: number;
  turns: number;
  /** Most events in the history of one generation. */
  largestHistory: number;
  /** The started orchestration's histories, one per generation; can be frozen as JSON. */
  histories: HistoryEvent[][];
  customStatus: unknown;
};

/**
 * Plays the host on a virtual clock: each event that arrives re-executes its orchestrator from the first line against
 * the whole history, timers fire at once in the order of their time, and every value crosses as JSON. Throws
 * NonDeterminismError when a replay asks for something else than history holds, and an Error when the orchestration
 * waits for what never comes or does not end within `maxTurns`.
 */
export async function runOrchestration(options: RunOptions): Promise<RunResult> {
  const { start, version = '', instanceId = 'virtual', maxTurns = 10_000 } = options;
  const host: VirtualHost = {
    handlers: new Map(
      Object.entries(options.orchestrators).map(([name, orchestrator]) => [
        name,
        orchestratorHandler(name, orchestrator),
      ]),
    ),
    activities: options.activities,
    instances: new Map(),
    arrivals: [],
    calls: [],
    now: (options.startAt ?? new Date('2026-01-01T00:00:00Z')).getTime(),
    turns: 0,
  };
  const run = { id: instanceId, name: start, version, parent: undefined };
  const root = startInstance(host, run, jsonText(options.input));
  while (!root.completion) {
    const instance = await deliverNext(host);
    if (!instance) throw new Error(`${start} waits for something that never comes`);
    if (host.turns >= maxTurns) throw new Error(`${start} did not end within ${maxTurns} turns`);
    const { id, customStatus } = instance;
    options.onTurn?.({ instanceId: id, now: new Date(host.now), customStatus });
  }
  return summary(host, root);
}

function summary(host: VirtualHost, root: Instance): RunResult {
  const { completion, histories, customStatus } = root;
  const ending =
    completion?.status === 'Completed'
      ? { status: 'Completed' as const, output: completion.output }
      : { status: 'Failed' as const, output: undefined, error: reasonOf(root) };
  return {
    ...ending,
    calls: host.calls,
    now: new Date(host.now),
    generations: histories.length,
    turns: host.turns,
    largestHistory: Math.max(...histories.map((history) => history.length)),
    histories,
    customStatus,
  };
}

function reasonOf({ completion }: Instance): string {
  return completion && 'reason' in completion ? completion.reason : '';
}
