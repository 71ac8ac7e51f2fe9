import { isDeepStrictEqual } from 'node:util';
import { type EventMark, EventType } from '../protocol/history';
import type { Command } from '../protocol/make-event';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** History and the replayed actions differ. The message names the step. */
export class NonDeterminismError extends Error {
  override name = 'NonDeterminismError';
}

const kinds: Record<number, Command['kind']> = {
  [EventType.TaskScheduled]: 'activity',
  [EventType.SubOrchestrationInstanceCreated]: 'sub-orchestration',
  [EventType.TimerCreated]: 'timer',
};

/**
 * Assigns ids in the order of scheduling (the SDK counts in the same way, and nothing else synchronises the two), and holds
 * the commands that history has not confirmed yet and the steps that have not ended.
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

    /** A timer that is cancelled when it is created: in history, but without a step. */
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

/** A timer's input is its time. History without inputs is not compared. */
function sameInput(command: Command, event: EventMark): boolean {
  if (command.kind === 'timer') {
    return event.FireAt === undefined || Date.parse(event.FireAt) === command.fireAt;
  }
  if (event.Input === undefined || event.Input === null) return true;
  const now: unknown = command.kind === 'activity' ? [command.input] : command.input;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(now)), JSON.parse(event.Input));
}

/** A command for messages: `activity 'appendAudit' with id 3`. */
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

/**
 * A scheduled action that ends when its event is read. Not a promise, whose callbacks would run too late; and plain data,
 * because every execution creates all steps again.
 */
export type Step = {
  state: 'open' | 'done' | 'failed';
  /** Set on a failure that must not be tried again. */
  nonRetriable: boolean;
  waiting: (() => void)[] | undefined;
};

type Outcome = { failed: boolean; nonRetriable?: boolean };

const DONE: Outcome = { failed: false };

export function openStep(): Step {
  return { state: 'open', nonRetriable: false, waiting: undefined };
}

export function doneStep(): Step {
  return { state: 'done', nonRetriable: false, waiting: undefined };
}

/** Ends a step once, and runs its callbacks before this returns. */
export function settle(step: Step, { failed, nonRetriable = false }: Outcome = DONE): void {
  if (step.state !== 'open') return;
  step.state = failed ? 'failed' : 'done';
  step.nonRetriable = nonRetriable;
  const { waiting } = step;
  step.waiting = undefined;
  for (const callback of waiting ?? []) callback();
}

/** Calls back at the end of the step; immediately if it has ended. */
export function whenSettled(step: Step, callback: () => void): void {
  if (step.state !== 'open') callback();
  else (step.waiting ??= []).push(callback);
}

/** The steps that wait for external events. Waiters of one name form a stack; an early event is kept. */
export function createExternalEvents() {
  const waiting = new Map<string, Step[]>();
  const early = new Map<string, number>();

  return {
    wait(eventName: string): Step {
      const name = eventName.toLowerCase();
      const step = openStep();
      const kept = early.get(name) ?? 0;
      if (kept > 0) {
        early.set(name, kept - 1);
        settle(step);
      } else {
        waiting.set(name, [...(waiting.get(name) ?? []), step]);
      }
      return step;
    },

    raise(eventName: string): void {
      const name = eventName.toLowerCase();
      const step = waiting.get(name)?.pop();
      if (step) settle(step);
      else early.set(name, (early.get(name) ?? 0) + 1);
    },
  };
}

export type ExternalEvents = ReturnType<typeof createExternalEvents>;
