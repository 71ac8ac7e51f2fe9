import { once } from 'node:events';
import { connect } from 'node:net';
import { portsOf } from './parts';
import type { PartName } from './parts';
import { memberOf, readStack } from './stack-file';

/**
 * Throws if one of the parts already runs on this folder: two processes on one journal would ruin it. A process id alone
 * proves nothing, since it may have been given to another program; it must also answer on the part's port.
 */
export async function refuseRunning(dataDir: string, parts: readonly PartName[]): Promise<void> {
  const stack = readStack(dataDir);
  for (const part of parts) {
    const entry = stack[memberOf[part]];
    if (entry === undefined || !isAlive(entry.pid)) continue;
    const [port] = Object.values(portsOf(part, entry));
    if (port === undefined || !(await answers(Number(port)))) continue;
    throw new Error(
      `${part}: already runs on ${dataDir} (process ${entry.pid}); stop it first, or choose another folder with --data`,
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
