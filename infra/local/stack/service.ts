import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runTool } from '../../command-line';

/** A running local service. */
export type LocalService = {
  address: Record<string, string>;
  /** What it works on now, one object for each line of a diagnosis. */
  describe?: () => object[];
  /** Stops it in order. */
  stop: () => Promise<void>;
};

/** The folder with package.json, from the sources and from `dist` alike. */
export function projectRoot(from: string = __dirname): string {
  return existsSync(join(from, 'package.json')) ? from : projectRoot(dirname(from));
}

/** The folder of all local data: `JOINERY_DATA_DIR`, or `.joinery` in the project. Throws if the setting is empty. */
export function dataDir(): string {
  const folder = process.env['JOINERY_DATA_DIR'] ?? join(projectRoot(), '.joinery');
  if (folder.trim() !== '') return folder;
  throw new Error('JOINERY_DATA_DIR is empty: set it to a folder, or unset it');
}

/** A port from the environment; `0` asks for a free one. Throws on anything that is not a port number. */
export function portFrom(setting: string, fallback: number): number {
  const text = process.env[setting];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${setting} must be a port number from 0 to 65535, but is "${text}"`);
  }
  return port;
}

/**
 * Runs one service in this process: sends its address to the parent over the IPC channel (`{ ready: address }`), stops it
 * on SIGTERM, SIGINT or when the parent has ended, and exits 1 with one line if it cannot start. On SIGUSR2 it prints what it
 * works on. Environment variables configure it: with an argument it does not start.
 */
export function runService(name: string, start: () => Promise<LocalService>): Promise<void> {
  return runTool({
    usage: `The local service ${name}. Environment variables configure it; "npm start" starts it with the others.

usage: npm start -- --only ${name}`,
    options: {},
    read: () => undefined,
    run: async () => {
      serve(name, await start());
      return 0;
    },
    explain: (error) => explain(name, error),
  });
}

function serve(name: string, service: LocalService): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(explain(name, error));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  process.on('SIGUSR2', () => {
    for (const part of service.describe?.() ?? []) {
      console.log(`state: ${JSON.stringify(part)}`);
    }
  });
  process.send?.({ ready: service.address });
}

function explain(name: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const taken = (error as { code?: string }).code === 'EADDRINUSE';
  return `${name}: ${taken ? `${text}; stop the program on that port or choose another port` : text}`;
}
