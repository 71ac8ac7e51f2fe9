import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Exchange } from './exchange';
import type { Services } from '../../../../functions/services';
import { GraphError } from '../../../../shared/graph/errors';

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

type Graph = Services['graph'];
type Fault = { before?: Error; after?: Error };

export const unclear = (): Error =>
  new GraphError('test', { code: 'no-answer-in-time', ambiguous: true });
export const refusal = (status: number, code: string): Error =>
  new GraphError('test', { status, code, ambiguous: false });

/**
 * The operations of a dialect whose client binds and records, over a receiver in memory. `log` has each write that reached
 * it; `hide` makes so many reads of requests or assignments miss them, as an outdated replica does.
 */
export function startReceiver() {
  const requests: { id: string; justification: string; packageId?: string }[] = [];
  const assignments: { id: string; packageId: string; userId: string; status?: string }[] = [];
  /** The packages that the receiver calls incompatible with every other. */
  const incompatible: string[] = [];
  const log: string[] = [];
  const hidden = { requests: 0, assignments: 0 };
  const faults: Record<string, Fault[]> = {};

  const writing = <Answer>(name: string, write: () => Answer): Promise<Answer> => {
    const fault = faults[name]?.shift() ?? {};
    if (fault.before) return Promise.reject(fault.before);
    log.push(name);
    const answer = write();
    return fault.after ? Promise.reject(fault.after) : Promise.resolve(answer);
  };
  const seen = <Item>(kind: keyof typeof hidden, items: Item[]): Item[] =>
    hidden[kind]-- > 0 ? [] : items;
  const asRequest = (request: (typeof requests)[number]) => ({
    ...{
      requestStatus: 'open' as const,
      state: 'Submitted',
      graphRequestId: 'g-1',
      packageId: undefined,
    },
    ...request,
  });

  const graph: Partial<Graph> = {
    assignmentsOf: (userId) =>
      Promise.resolve(
        seen('assignments', assignments)
          .filter((one) => one.userId === userId)
          .map((one) => ({ status: 'delivered', ...one })) as never,
      ),
    findRequest: (_, justification) => {
      const [found] = seen('requests', requests).filter(
        (one) => one.justification === justification,
      );
      return Promise.resolve((found && asRequest(found)) as never);
    },
    findOpenRequest: () => Promise.resolve(undefined),
    listIncompatible: () => Promise.resolve(incompatible.map((id) => ({ id })) as never),
    findOwnAssignment: () => Promise.resolve(undefined),
    getAssignmentRequest: (id) => {
      const [request] = seen('requests', requests).filter((one) => one.id === id);
      return request
        ? Promise.resolve(asRequest(request) as never)
        : Promise.reject(refusal(404, 'ResourceNotFound'));
    },
    submitAssignmentRequest: ({ justification }) =>
      writing('003', () => {
        const request = { id: `r-${requests.length + 1}`, justification };
        requests.push(request);
        return asRequest(request) as never;
      }),
    bindRequest: (id) =>
      writing('000', () => {
        const request = requests.find((one) => one.id === id);
        if (request) request.packageId = 'p-1';
      }),
    prepareAssignment: ({ packageId, userId }) =>
      Promise.resolve(() =>
        writing('004', () => {
          const assignment = { id: `a-${assignments.length + 1}`, packageId, userId };
          assignments.push(assignment);
          return assignment as never;
        }),
      ),
  };
  return { graph, requests, assignments, incompatible, log, hidden, faults };
}
