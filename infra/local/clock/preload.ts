/**
 * Loaded before anything else by each service whose clock can be moved (JOINERY_SERVICE names it), and by the command
 * line. A service follows its file while it runs. The command line has the clock of the host that it finds.
 */
import { watchFile } from 'node:fs';
import { moveClock, replaceDate } from './clock';
import { type ClockService, clockServices, readOffset, wishFile, writeAnswer } from './clock-files';

/** How often a service checks its file, in milliseconds. */
const CHECK_EVERY = 50;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

const { env } = process;
const service = clockServices.find((name) => name === env['JOINERY_SERVICE']);
const dataDir = env['JOINERY_DATA_DIR'] ?? '.joinery';

/** What works on a real tenant has the time of the real world: an app with another Graph than that of the stack never gets another. */
function whyFixed(): string | undefined {
  if (service !== 'host') return undefined;
  const graph = env['GRAPH_URL'] ?? '';
  const isLocal = URL.canParse(graph) && LOOPBACK.test(new URL(graph).hostname);
  return isLocal ? undefined : 'GRAPH_URL is not an address of this machine';
}

function follow(own: ClockService): void {
  const fixed = whyFixed();
  const apply = (): void => {
    const offsetMs = readOffset(dataDir, own) ?? 0;
    moveClock(offsetMs);
    writeAnswer(dataDir, own, { pid: process.pid, offsetMs });
  };
  if (fixed === undefined) {
    apply();
    replaceDate();
    watchFile(wishFile(dataDir, own), { interval: CHECK_EVERY, persistent: false }, apply);
    return;
  }
  if ((readOffset(dataDir, own) ?? 0) !== 0) {
    console.error(`${own}: does not run with a moved clock, because ${fixed}`);
    process.exit(1);
  }
  writeAnswer(dataDir, own, { pid: process.pid, offsetMs: 0, fixed });
}

/** Whether the settings are of an app in Azure: one of its addresses is there, as for the commands. */
const isOfAzure = ['ServiceBus', 'ServiceBus__fullyQualifiedNamespace', 'RECORDS_STORAGE'].some(
  (name) => env[name],
);

if (service !== undefined) {
  follow(service);
} else if (!isOfAzure) {
  moveClock(readOffset(dataDir, 'host') ?? 0);
  replaceDate();
}
