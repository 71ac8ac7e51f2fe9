import { isDeepStrictEqual } from 'node:util';
import { EventType, type EventMark } from '../protocol/history';
import { openStep, settle, type Outcome, type Step } from './step';

/** Work that an orchestrator asked for, under the id that history will know it by. */
export type Command =
  | { kind: 'activity'; id: number; name: string; input: unknown }
  | { kind: 'timer'; id: number; fireAt: number }
  | {
      kind: 'sub-orchestration';
      id: number;
      name: string;
      input: unknown;
      instanceId: string;
      version: string | undefined;
    };

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** History and the actions just replayed disagree. The message names the step. */
export class NonDeterminismError extends Error {
  override name = 'NonDeterminismError';
}

const kinds: Record<number, Command['kind']> = {
  [EventType.TaskScheduled]: 'activity',
  [EventType.SubOrchestrationInstanceCreated]: 'sub-orchestration',
  [EventType.TimerCreated]: 'timer',
};

/**
 * Hands out ids in the order of scheduling (the SDK counts the same way, which is all that keeps the two in step) and
 * knows which commands history has not confirmed yet, and which are still running.
 */
export function createSchedule(compareInputs = false) {
  let nextId = 0;
  const planned = new Map<number, Command>();
  const parked = new Map<number, Command>();
  const open = new Map<number, Step>();

  return {
    nextId: () => nextId,
    commands: () => [...planned.values()].sort((a, b) => a.id - b.id),
    hasOpen: () => open.size > 0,

    start(command: WithoutId<Command>): Step {
      const id = nextId++;
      const step = openStep();
      planned.set(id, { id, ...command });
      open.set(id, step);
      return step;
    },

    /** A timer that is created already cancelled: history has it, nobody waits for it. */
    startCancelled(fireAt: number): void {
      planned.set(nextId, { kind: 'timer', id: nextId, fireAt });
      nextId++;
    },

    confirm(event: EventMark): void {
      const command = planned.get(event.EventId);
      if (!command || !matches(command, event)) {
        throw new NonDeterminismError(disagreement(event, command));
      }
      if (compareInputs && !sameInput(command, event)) {
        throw new NonDeterminismError(
          `the ${describe(command)} had another input when history was written`,
        );
      }
      planned.delete(event.EventId);
    },

    end(id: number | undefined, outcome: Outcome): void {
      const step = id === undefined ? undefined : open.get(id);
      if (id === undefined || !step) return;
      open.delete(id);
      settle(step, outcome);
    },

    /** While an instance is suspended its new commands wait. */
    park(): void {
      move(planned, parked);
    },
    unpark(): void {
      move(parked, planned);
    },
  };
}

export type Schedule = ReturnType<typeof createSchedule>;

function matches(command: Command, event: EventMark): boolean {
  if (command.kind !== kinds[event.EventType]) return false;
  if (command.kind === 'timer') return true;
  return command.name.toLowerCase() === event.Name?.toLowerCase();
}

/** A timer's input is its time. History without inputs (an activity's is kept elsewhere) is not compared. */
function sameInput(command: Command, event: EventMark): boolean {
  if (command.kind === 'timer') {
    return event.FireAt === undefined || Date.parse(event.FireAt) === command.fireAt;
  }
  if (event.Input === undefined || event.Input === null) return true;
  const now: unknown = command.kind === 'activity' ? [command.input] : command.input;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(now)), JSON.parse(event.Input));
}

/** A command as a person would name it: `activity 'appendAudit' with id 3`. */
export function describe(command: Command): string {
  return `${command.kind}${command.kind === 'timer' ? '' : ` '${command.name}'`} with id ${command.id}`;
}

function disagreement(event: EventMark, command: Command | undefined): string {
  const kind = kinds[event.EventType] ?? 'event';
  const kept = `${kind}${event.Name ? ` '${event.Name}'` : ''} with id ${event.EventId}`;
  const made = command ? describe(command) : 'nothing in its place';
  return `history has ${kept}, but the orchestrator now schedules ${made}; does it depend on chance, time or isReplaying, or was it changed under a running instance?`;
}

function move(from: Map<number, Command>, to: Map<number, Command>): void {
  for (const [id, command] of from) to.set(id, command);
  from.clear();
}
