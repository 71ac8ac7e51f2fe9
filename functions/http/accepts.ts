import { connect } from 'node:net';

const DEADLINE_MS = 3_000;

/** Whether something takes connections there; not what it is. */
export function accepts(address: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const say = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(DEADLINE_MS);
    socket.once('connect', say(true)).once('timeout', say(false)).once('error', say(false));
  });
}
