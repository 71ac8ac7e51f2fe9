import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends a request byte by byte as written, and answers with all bytes that come back. */
export async function exchange(
  url: string,
  requestLine: string,
  headers: readonly string[],
  body: string,
): Promise<{ head: string; body: string }> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = [requestLine, `Host: ${host}`, ...headers, 'Connection: close'];
  socket.write(
    `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const answer = Buffer.concat(chunks).toString('utf8');
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.slice(0, end), body: answer.slice(end + 4) };
}
