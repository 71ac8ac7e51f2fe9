import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { startWallTimer } from '../../clock/wall-timer';
import type { AppFunction } from '../app/function-table';
import type { Invocation, Invoke } from '../app/invoke';
import { parseTimeSpan } from '../host-json';
import type { Log } from '../log';
import { expandSettings } from '../settings';

/** When a timer ran last and is due next; ISO texts, as for the app. */
type Status = { Last: string; Next: string; LastUpdated: string };

type Stoppable = { stop: () => Promise<void> };

type Timer = {
  name: string;
  schedule: Schedule;
  /** Whether the status is kept across restarts of the host. */
  monitored: boolean;
  runOnStartup: boolean;
};

const NEVER = '0001-01-01T00:00:00';

type TimerOptions = {
  functions: readonly Timer[];
  statusFile: string;
  invoke: Invoke;
  inputs: NonNullable<Invocation['inputs']>;
  log: Log;
};

/**
 * Runs timer functions on their schedules. A timer that was due while the host was down runs once at the start, marked as
 * past due. A run ends before the next is scheduled.
 */
export function startTimers(options: TimerOptions): Stoppable {
  const statuses = readStatuses(options.statusFile);
  const state: State = {
    ...options,
    statuses,
    cancels: new Map(),
    running: new Set(),
    stopped: false,
  };
  for (const timer of options.functions) {
    const now = new Date();
    const kept = timer.monitored ? statuses[timer.name] : undefined;
    if (kept && new Date(kept.Next) < now) run(state, timer, true);
    else if (timer.runOnStartup) run(state, timer, false);
    else plan(state, timer, kept?.Last ?? NEVER);
  }
  return {
    async stop() {
      state.stopped = true;
      for (const cancel of state.cancels.values()) cancel();
      await Promise.all(state.running);
    },
  };
}

type State = TimerOptions & {
  statuses: Record<string, Status>;
  cancels: Map<string, () => void>;
  running: Set<Promise<void>>;
  stopped: boolean;
};

/** Reads the trigger of a timer function. Throws on an invalid schedule. */
export function readTimer({ name, trigger }: AppFunction): Timer {
  const expression = expandSettings(String(trigger['schedule']), process.env);
  const schedule = parseSchedule(expression);
  const next = schedule(new Date());
  const frequent = schedule(next).getTime() - next.getTime() < 60_000;
  const monitored = trigger['useMonitor'] !== false && !frequent;
  return { name, schedule, monitored, runOnStartup: trigger['runOnStartup'] === true };
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
  state.cancels.set(
    timer.name,
    startWallTimer(next.getTime(), () => run(state, timer, false)),
  );
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
    return {}; // absent or damaged: the schedule is computed again
  }
}

function writeStatuses(file: string, statuses: Record<string, Status>): void {
  writeFileSync(`${file}.next`, JSON.stringify(statuses));
  renameSync(`${file}.next`, file);
}

/** Returns when a timer is next due after a time. */
type Schedule = (after: Date) => Date;

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const days = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/**
 * Reads an NCRONTAB expression in UTC: `{second} {minute} {hour} {day} {month} {day-of-week}` (the second is optional), or a
 * TimeSpan such as `00:05:00`. Throws on anything else.
 */
export function parseSchedule(expression: string): Schedule {
  const interval = parseTimeSpan(expression);
  if (interval) return (after) => new Date(after.getTime() + interval);
  const parts = expression.trim().split(/\s+/);
  const [seconds, minutes, hours, monthDays, monthNumbers, weekDays] =
    parts.length === 5 ? ['0', ...parts] : parts;
  if (weekDays === undefined || parts.length > 6) {
    throw new Error(`"${expression}" is not an NCRONTAB expression: it needs five or six fields`);
  }
  const fits = {
    second: field(seconds, 0, 59),
    minute: field(minutes, 0, 59),
    hour: field(hours, 0, 23),
    day: field(monthDays, 1, 31),
    month: field(monthNumbers, 1, 12, months),
    weekDay: field(weekDays, 0, 6, days),
  };
  return (after) => nextFit(fits, after, expression);
}

type Fits = Record<'second' | 'minute' | 'hour' | 'day' | 'month' | 'weekDay', ReadonlySet<number>>;

/** Four years and a day contain every date, the 29th of February too. */
const HORIZON = 1_461;

function nextFit(fits: Fits, after: Date, expression: string): Date {
  const first = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
  const day = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate()));
  for (let i = 0; i <= HORIZON; i++) {
    if (fitsDay(fits, day)) {
      const found = timeOfDay(fits, day, i === 0 ? first : day);
      if (found) return found;
    }
    day.setUTCDate(day.getUTCDate() + 1);
  }
  throw new Error(`"${expression}" is never due`);
}

function fitsDay(fits: Fits, day: Date): boolean {
  return (
    fits.month.has(day.getUTCMonth() + 1) &&
    fits.day.has(day.getUTCDate()) &&
    fits.weekDay.has(day.getUTCDay())
  );
}

function timeOfDay(fits: Fits, day: Date, from: Date): Date | undefined {
  for (const hour of fits.hour) {
    for (const minute of fits.minute) {
      for (const second of fits.second) {
        const time = new Date(day.getTime() + ((hour * 60 + minute) * 60 + second) * 1000);
        if (time >= from) return time;
      }
    }
  }
  return undefined;
}

function field(text = '', low: number, high: number, names: readonly string[] = []): Set<number> {
  const number = (name: string): number => {
    const index = names.indexOf(name.toUpperCase().slice(0, 3));
    const value = index < 0 ? Number(name) : index + low;
    const known = value === 7 && names === days ? 0 : value; // Sunday has two numbers
    if (Number.isInteger(known) && known >= low && known <= high && name !== '') return known;
    throw new Error(
      `"${name}" is not a value from ${low} to ${high} in the schedule field "${text}"`,
    );
  };
  const found = text.split(',').flatMap((part) => {
    const [range = '', step] = part.split('/');
    const [first = '', last] = range.split('-');
    const from = range === '*' ? low : number(first);
    const to =
      range === '*' || (step !== undefined && last === undefined) ? high : number(last ?? first);
    const by = step === undefined ? 1 : Number(step);
    if (!(by >= 1))
      throw new Error(`"${step ?? ''}" is not a step in the schedule field "${text}"`);
    return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
  });
  return new Set(found.sort((a, b) => a - b));
}
