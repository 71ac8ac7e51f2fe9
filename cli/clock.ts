import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { CliError, durationText, print } from './print';

/** In seconds, or to an instant; neither only shows the clock. */
export type ClockOptions = { advance?: number; to?: Date; json: boolean };

/** The services that have the clock of the stack, in the order in which they are moved, by their member of stack.json. */
const SERVICES = [
  { name: 'graph', member: 'graph' },
  { name: 'host', member: 'host' },
  { name: 'service-bus', member: 'serviceBus' },
] as const;
type Service = (typeof SERVICES)[number];

const Process = z.object({ pid: z.number() });
const Stack = z.object({ graph: Process, host: Process, serviceBus: Process }).partial();
const Wish = z.object({ offsetMs: z.number() });
const Answer = Wish.extend({ pid: z.number(), fixed: z.string().optional() });

const FOLLOW_WITHIN_MS = 10_000;
const CHECK_EVERY_MS = 20;
const DAY_SECONDS = 86_400;
const LONGEST_MS = 100 * 366 * DAY_SECONDS * 1000;

/** The folder of the local stack. Throws a CliError if the setting is there and empty. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  const folder = env['JOINERY_DATA_DIR'] ?? '.joinery';
  if (folder.trim() !== '') return folder;
  throw new CliError(
    `JOINERY_DATA_DIR is "${folder}": set it to the folder of the local stack, or unset it`,
    2,
  );
}

/** Shows the clock of the stack on this machine, or moves it: forward only, because stored times lie behind it. */
export async function clock(dataDir: string, { advance, to, json }: ClockOptions): Promise<void> {
  const move = advance ?? to;
  runningServices(dataDir);
  const offsetMs = move === undefined ? offsetOf(dataDir) : await moveStackClock(dataDir, move);
  const answer = {
    now: new Date(machineTime() + offsetMs).toISOString(),
    aheadSeconds: Math.round(offsetMs / 1000),
  };
  print(answer, json, ({ now, aheadSeconds }) =>
    aheadSeconds === 0
      ? `${now}, the time of this machine`
      : `${now}, ${described(aheadSeconds)} the time of this machine`,
  );
}

/** The time of the stack in a folder, in milliseconds since 1970. */
export const stackTime = (dataDir: string): number => machineTime() + offsetOf(dataDir);

/** Also right in a process that has the clock of the stack. */
const machineTime = (): number => Math.round(performance.timeOrigin + performance.now());

function described(aheadSeconds: number): string {
  const seconds = Math.abs(aheadSeconds);
  return `${durationText(seconds)} ${aheadSeconds < 0 ? 'behind' : 'ahead of'}`;
}

/**
 * Moves the clock of the running stack by seconds or to an instant, and answers how far it is ahead of this machine in
 * milliseconds once every service has followed. Throws a CliError if no stack runs, the clock would go back, or a service
 * cannot follow; then none was moved.
 */
export async function moveStackClock(dataDir: string, move: number | Date): Promise<number> {
  const running = runningServices(dataDir);
  for (const { name, pid } of running) {
    const answer = answerOf(dataDir, name);
    if (answer?.pid !== pid)
      throw new CliError(
        `the clock of ${name} cannot be moved: start the stack with "npm start" again`,
      );
    if (answer.fixed !== undefined)
      throw new CliError(`the clock of ${name} cannot be moved: ${answer.fixed}`);
  }
  const before = offsetOf(dataDir);
  const target = typeof move === 'number' ? before + move * 1000 : move.getTime() - machineTime();
  if (target < before) {
    const now = new Date(machineTime() + before).toISOString();
    throw new CliError(`the clock is at ${now} and cannot go back; give a later time`, 2);
  }
  if (target > LONGEST_MS) throw new CliError('the clock goes at most 100 years ahead', 2);
  for (const service of SERVICES) {
    writeWish(dataDir, service, target);
    if (running.some(({ name }) => name === service.name)) await followed(dataDir, service, target);
  }
  return target;
}

function runningServices(dataDir: string): { name: Service['name']; pid: number }[] {
  let stack;
  try {
    stack = Stack.parse(JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')));
  } catch {
    throw new CliError(
      `no running stack in ${join(dataDir, 'stack.json')}.\nStart one with "npm start"; "npm start -- --now <time>" starts it at a time.`,
    );
  }
  const running = SERVICES.flatMap(({ name, member }) => {
    const pid = stack[member]?.pid;
    return pid !== undefined && isAlive(pid) ? [{ name, pid }] : [];
  });
  if (running.length > 0) return running;
  throw new CliError('no service of the stack is running. Start it with "npm start".');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const fileOf = (dataDir: string, name: string): string => join(dataDir, 'clock', `${name}.json`);

function read<Content>(schema: z.ZodType<Content>, file: string): Content | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw new CliError(`${file} is damaged: stop the stack and delete it`);
  }
}

const answerOf = (dataDir: string, name: string) => read(Answer, fileOf(dataDir, `${name}.answer`));

/** The latest of all: a move that was broken off is completed by the next one. */
function offsetOf(dataDir: string): number {
  const offsets = SERVICES.flatMap(({ name }) => read(Wish, fileOf(dataDir, name))?.offsetMs ?? []);
  return offsets.length === 0 ? 0 : Math.max(...offsets);
}

function writeWish(dataDir: string, { name }: Service, offsetMs: number): void {
  const file = fileOf(dataDir, name);
  mkdirSync(join(dataDir, 'clock'), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify({ offsetMs })}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

async function followed(dataDir: string, { name }: Service, offsetMs: number): Promise<void> {
  const until = performance.now() + FOLLOW_WITHIN_MS;
  while (answerOf(dataDir, name)?.offsetMs !== offsetMs) {
    if (performance.now() > until)
      throw new CliError(
        `${name} did not follow within ${FOLLOW_WITHIN_MS / 1000} s; move the clock again when it runs`,
      );
    await wait(CHECK_EVERY_MS);
  }
}
