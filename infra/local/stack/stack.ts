import { setTimeout as wait } from 'node:timers/promises';
import { refuseRunning } from './already-running';
import { appSettings } from './app-settings';
import { startProcess } from './part-process';
import type { PartProcess } from './part-process';
import { partNames, portsOf } from './parts';
import type { PartName } from './parts';
import { memberOf, readStack, recordPart } from './stack-file';
import type { StackFile } from './stack-file';

export type StackOptions = {
  /** Absolute path of the folder that holds every part's data. */
  dataDir: string;
  /** One part, beside others that run already; all parts unless named. */
  only?: PartName;
  /** Whether a part that dies is started again on its ports and data. */
  restart: boolean;
  env: NodeJS.ProcessEnv;
  /** What the host's app is told of the other parts, where something is to stand between it and them. */
  between?: (stack: StackFile) => StackFile;
  print: (part: PartName, line: string) => void;
};

/** The running local stack, or the one part of it that was asked for. */
export type Stack = {
  /** Addresses and process ids as they are now. */
  now: () => StackFile;
  /** Starts a part that has died again, on its ports and data. */
  start: (part: PartName) => Promise<void>;
  /** Resolves when the process that runs the part now is gone. */
  exited: (part: PartName) => Promise<void>;
  /** Ends every part in order, the host first. */
  stop: () => Promise<void>;
};

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** A part that lived this long was well; its next death starts from the first pause again. */
const steadyMs = 30_000;

/**
 * Starts the parts, records them in `<dataDir>/stack.json` and looks after them. If one cannot start, all are stopped
 * again and the reason is thrown.
 */
export async function bringUp(options: StackOptions): Promise<Stack> {
  const { dataDir, only, print } = options;
  const wanted = partNames.filter((part) => only === undefined || only === part);
  await refuseRunning(dataDir, wanted);
  // A single part comes back where the others expect it; a whole stack takes the ports of its settings.
  const known = only === undefined ? {} : readStack(dataDir);
  const processes = new Map<PartName, PartProcess>();
  const pauses = new Map<PartName, number>();
  const stopping = new AbortController();

  const start = async (part: PartName): Promise<void> => {
    const env = environment(part, options, known);
    const running = startProcess(part, env, (line) => print(part, line));
    const since = Date.now();
    processes.set(part, running);
    const entry = { ...(await running.ready), pid: running.pid, ...settingsOf(part, env) };
    Object.assign(known, { [memberOf[part]]: entry });
    recordPart(dataDir, part, entry);
    void running.exited.then((how) => died(part, how, Date.now() - since));
  };
  const died = (part: PartName, how: string, livedMs: number): void => {
    if (stopping.signal.aborted) return;
    print(part, `ended (${how})${options.restart ? '' : `; start it with --only ${part}`}`);
    if (options.restart) void revive(part, livedMs);
  };
  const revive = async (part: PartName, livedMs: number): Promise<void> => {
    const pause = livedMs > steadyMs ? firstPauseMs : (pauses.get(part) ?? firstPauseMs);
    pauses.set(part, Math.min(pause * 2, longestPauseMs));
    try {
      await wait(pause, undefined, { signal: stopping.signal });
      await start(part);
      print(part, 'started again');
    } catch (error) {
      died(part, error instanceof Error ? error.message : String(error), 0);
    }
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (const part of partNames.toReversed()) {
      const running = processes.get(part);
      if (running === undefined) continue;
      await running.stop();
      recordPart(dataDir, part, undefined);
    }
  };

  try {
    const first = wanted.filter((part) => part !== 'host');
    const outcomes = await Promise.allSettled(first.map(start));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if (wanted.includes('host')) await start('host');
  } catch (error) {
    await stop();
    throw error;
  }
  const exited = async (part: PartName): Promise<void> => {
    await processes.get(part)?.exited;
  };
  return { now: () => readStack(dataDir), start, exited, stop };
}

function environment(part: PartName, options: StackOptions, known: StackFile): NodeJS.ProcessEnv {
  const { dataDir, env, between = (stack: StackFile) => stack } = options;
  return {
    ...env,
    ...portsOf(part, known[memberOf[part]] ?? {}),
    JOINERY_DATA_DIR: dataDir,
    ...(part === 'host' ? appSettings(between(readStack(dataDir)), env) : {}),
  };
}

/** Settings of the host's app that a command beside it needs to know. */
const TOLD = [
  ...['EVENT_SOURCES', 'PROVISIONING_QUEUE', 'ACCESS_MODEL', 'MATCH_ATTRIBUTE', 'PACKAGES'],
  ...['GRAPH_DIALECT', 'GRAPH_DRAFT_ROOTS', 'GRAPH_DEADLINE', 'GRAPH_LAG', 'AZURE_CLIENT_ID'],
];

function settingsOf(part: PartName, env: NodeJS.ProcessEnv) {
  const told = TOLD.filter((name) => env[name]).map((name) => [name, env[name]]);
  return part === 'host' ? { settings: Object.fromEntries(told) as object } : {};
}
