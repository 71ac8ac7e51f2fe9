import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { AppFunction } from '../app/function-table';
import type { Invocation, Invoke } from '../app/invoke';
import type { Log } from '../log';
import { expandSettings } from '../settings';
import { parseSchedule, type Schedule } from './ncrontab';

/** When a timer ran last and is due next; ISO texts, as an app sees them. */
type Status = { Last: string; Next: string; LastUpdated: string };

export type Stoppable = { stop: () => Promise<void> };

type Timer = {
  name: string;
  schedule: Schedule;
  /** Whether the status is kept over a restart of the host. */
  monitored: boolean;
};

const NEVER = '0001-01-01T00:00:00';
const LONGEST = 2 ** 31 - 1;

export type TimerParts = {
  functions: readonly AppFunction[];
  statusFile: string;
  invoke: Invoke;
  inputs: NonNullable<Invocation['inputs']>;
  log: Log;
};

/**
 * Runs timer functions on their schedules. A timer that came due while the host was down runs once at the start, marked
 * as past due; one run ends before the next is planned.
 */
export function startTimers(parts: TimerParts): Stoppable {
  const statuses = readStatuses(parts.statusFile);
  const state: State = {
    ...parts,
    statuses,
    alarms: new Map(),
    running: new Set(),
    stopped: false,
  };
  for (const entry of parts.functions) {
    const timer = readTimer(entry);
    const now = new Date();
    const kept = timer.monitored ? statuses[timer.name] : undefined;
    if (kept && new Date(kept.Next) < now) run(state, timer, true);
    else if (entry.trigger['runOnStartup'] === true) run(state, timer, false);
    else plan(state, timer, kept?.Last ?? NEVER);
  }
  return {
    async stop() {
      state.stopped = true;
      for (const alarm of state.alarms.values()) clearTimeout(alarm);
      await Promise.all(state.running);
    },
  };
}

type State = TimerParts & {
  statuses: Record<string, Status>;
  alarms: Map<string, NodeJS.Timeout>;
  running: Set<Promise<void>>;
  stopped: boolean;
};

/** Throws on a schedule that is none. */
function readTimer({ name, trigger }: AppFunction): Timer {
  const expression = expandSettings(String(trigger['schedule']), process.env);
  const schedule = parseSchedule(expression);
  const next = schedule(new Date());
  const frequent = schedule(next).getTime() - next.getTime() < 60_000;
  return { name, schedule, monitored: trigger['useMonitor'] !== false && !frequent };
}

function plan(state: State, timer: Timer, last: string): void {
  if (state.stopped) return;
  const now = new Date();
  const next = timer.schedule(now);
  if (timer.monitored) {
    state.statuses[timer.name] = {
      Last: last,
      Next: next.toISOString(),
      LastUpdated: now.toISOString(),
    };
    writeStatuses(state.statusFile, state.statuses);
  }
  const wait = (): void => {
    const left = next.getTime() - Date.now();
    if (left <= 0) run(state, timer, false);
    else state.alarms.set(timer.name, setTimeout(wait, Math.min(left, LONGEST)));
  };
  wait();
}

function run(state: State, timer: Timer, isPastDue: boolean): void {
  const running = fire(state, timer, isPastDue);
  state.running.add(running);
  void running.finally(() => state.running.delete(running));
}

async function fire(state: State, timer: Timer, isPastDue: boolean): Promise<void> {
  const began = new Date();
  const kept = state.statuses[timer.name] ?? { Last: NEVER, Next: NEVER, LastUpdated: NEVER };
  const json = JSON.stringify({
    Schedule: { AdjustForDST: true },
    ...(timer.monitored
      ? { ScheduleStatus: { ...kept, Next: timer.schedule(began).toISOString() } }
      : {}),
    IsPastDue: isPastDue,
  });
  const result = await state.invoke(timer.name, { trigger: { json }, inputs: state.inputs });
  if (result.ok) state.log('information', `${timer.name}: succeeded`);
  else state.log('error', `${timer.name}: failed: ${result.error.message}`);
  plan(state, timer, began.toISOString());
}

function readStatuses(file: string): Record<string, Status> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Status>;
  } catch {
    return {}; // absent, or torn by a crash: a schedule can always be planned anew
  }
}

function writeStatuses(file: string, statuses: Record<string, Status>): void {
  writeFileSync(`${file}.next`, JSON.stringify(statuses));
  renameSync(`${file}.next`, file);
}
