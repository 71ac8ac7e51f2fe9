import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Exchange } from './exchange';

/** A call as received, with the exact bytes of its body. */
export type Recorded = Omit<Exchange, 'answer' | 'body'> & { body?: string };

/** A server that records every call, and answers with the answers of the fixture in their order. */
export type Recorder = {
  url: string;
  recorded: Recorded[];
  /** The members of each call that fixtures do not have. */
  otherHeaders: IncomingMessage['headers'][];
  expect: (exchanges: readonly Exchange[]) => void;
  stop: () => Promise<void>;
};

export async function startRecorder(): Promise<Recorder> {
  let answers: Exchange['answer'][] = [];
  const recorded: Recorded[] = [];
  const otherHeaders: Recorder['otherHeaders'] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      recorded.push(recordOf(request, body));
      otherHeaders.push(request.headers);
      const answer = answers.shift() ?? { status: 500 };
      response.writeHead(answer.status, { 'Content-Type': 'application/json' });
      response.end(answer.body && JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recorded,
    otherHeaders,
    expect: (exchanges) => {
      recorded.length = 0;
      otherHeaders.length = 0;
      answers = exchanges.map(({ answer }) => answer);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function recordOf({ method, url = '', headers }: IncomingMessage, body: string): Recorded {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const kept = ['authorization', 'content-type'].filter((name) => headers[name] !== undefined);
  return {
    method: method === 'POST' ? 'POST' : 'GET',
    path: decodeURIComponent(pathname),
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(kept.map((name) => [name, String(headers[name])])),
    ...(body !== '' && { body }),
  };
}

/** The expected calls of the exchange. The bytes of a body are those of its JSON, with members in the order of the fixture. */
export function wireOf({ method, path, query, headers, body }: Exchange, root: string): Recorded {
  const bytes = body && JSON.stringify(body).replaceAll('{root}', root);
  return { method, path, query, headers, ...(bytes !== undefined && { body: bytes }) };
}
