import { createEntitlements } from '../../../shared/graph/entitlements';
import { GraphError, type GraphFault } from '../../../shared/graph/errors';
import { json, startFaultyGraph, type FaultyGraph } from './faulty-graph';

let graph: FaultyGraph;
beforeAll(async () => {
  graph = await startFaultyGraph();
});
afterAll(() => graph.stop());

const client = (deadlineMs = 5_000) =>
  createEntitlements({ root: graph.url, dialect: 'v1.0', deadlineMs, appVersion: '1.2.3' });

const read = (deadlineMs?: number) => client(deadlineMs).getCatalog('c-1');
const write = (deadlineMs?: number) =>
  client(deadlineMs).createCatalog({ displayName: 'a', description: 'b' });

async function faultOf(call: Promise<unknown>): Promise<GraphFault> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GraphError) return error.fault;
  throw new Error(`expected a GraphError, got ${String(error)}`);
}

describe('no answer', () => {
  test('a silent Graph ends at the deadline, and a write may have happened', async () => {
    graph.answer(() => undefined);
    expect(await faultOf(read(100))).toMatchObject({ code: 'no-answer-in-time', ambiguous: false });
    expect(await faultOf(write(100))).toMatchObject({ code: 'no-answer-in-time', ambiguous: true });
  });

  test('an answer that trickles ends at the deadline too', async () => {
    graph.answer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    });
    expect(await faultOf(read(150))).toMatchObject({ code: 'no-answer-in-time' });
  });

  test('a connection reset after a write leaves open whether it happened', async () => {
    graph.answer((request) => request.socket.destroy());
    expect(await faultOf(write())).toMatchObject({ code: 'no-connection', ambiguous: true });
    expect(await faultOf(read())).toMatchObject({ code: 'no-connection', ambiguous: false });
  });

  test('a truncated answer to a write leaves open nothing but its id', async () => {
    graph.answer((_, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': '500' });
      response.write('{"id":');
      setImmediate(() => response.destroy());
    });
    expect(await faultOf(write())).toMatchObject({ code: 'no-connection', ambiguous: true });
  });

  test('a refused connection cannot have written anything', async () => {
    const gone = await startFaultyGraph();
    await gone.stop();
    const { createCatalog } = createEntitlements({
      root: gone.url,
      dialect: 'v1.0',
      appVersion: '1',
    });
    const fault = await faultOf(createCatalog({ displayName: 'a', description: 'b' }));
    expect(fault).toMatchObject({
      code: 'no-connection',
      detailCodes: ['ECONNREFUSED'],
      ambiguous: false,
    });
  });

  test('without an answer, the error carries the id of the call', async () => {
    graph.answer((request) => request.socket.destroy());
    const { requestId } = await faultOf(read());
    expect(requestId).toBe(graph.requests[0]?.headers['client-request-id']);
  });
});

describe('answers that cannot be read', () => {
  test('a page of HTML with status 200', async () => {
    graph.answer((_, response) => response.writeHead(200).end('<html>Sign in</html>'));
    expect(await faultOf(read())).toMatchObject({ status: 200, code: 'unreadable-answer' });
    expect(await faultOf(write())).toMatchObject({ ambiguous: true });
  });

  test('a page of HTML with status 502 is an outage', async () => {
    graph.answer((_, response) => response.writeHead(502).end('<html>Bad gateway</html>'));
    expect(await faultOf(write())).toMatchObject({ status: 502, code: '', ambiguous: true });
  });

  test('a list without its value', async () => {
    graph.answer((_, response) => json(response, 200, { id: 'x' }));
    expect(await faultOf(client().findCatalogs('a'))).toMatchObject({ code: 'unreadable-answer' });
  });

  test('a package of which only a part of its roles is shown', async () => {
    graph.answer((_, response) =>
      json(response, 200, {
        id: 'p-1',
        resourceRoleScopes: [],
        'resourceRoleScopes@odata.nextLink': `${graph.url}/v1.0/x`,
      }),
    );
    expect(await faultOf(client().getAccessPackage('p-1'))).toMatchObject({
      code: 'unreadable-answer',
    });
  });

  test('an object without an id', async () => {
    graph.answer((_, response) => json(response, 200, { displayName: 'x' }));
    expect(await faultOf(read())).toMatchObject({ code: 'unreadable-answer' });
  });
});

describe('refusals', () => {
  test('codes are taken from the error, its details and its inner errors, texts never', async () => {
    graph.answer((_, response) => {
      response.setHeader('request-id', 'r-17');
      json(response, 400, {
        error: {
          code: 'InvalidRequest',
          message: 'Ada Lovelace has an open request.',
          details: [{ code: 'ExistingOpenRequest', message: 'Ada' }, { code: 'for ada@x.example' }],
          innerError: { code: 'Outer', innererror: { code: 'Innermost' } },
        },
      });
    });
    const call = write();
    expect(await faultOf(call)).toEqual({
      status: 400,
      code: 'InvalidRequest',
      detailCodes: ['ExistingOpenRequest', 'Outer', 'Innermost'],
      retryAfterSeconds: undefined,
      requestId: 'r-17',
      ambiguous: false,
    });
    await expect(call).rejects.not.toThrow(/Ada|ada/);
  });

  test('the client does not retry, and passes Retry-After on', async () => {
    graph.answer((_, response) => {
      response.setHeader('Retry-After', '7');
      json(response, 503, { error: { code: 'ServiceUnavailable', message: '' } });
    });
    expect(await faultOf(write())).toMatchObject({ retryAfterSeconds: 7, ambiguous: true });
    expect(graph.requests).toHaveLength(1);
  });

  test('a throttled write did not happen', async () => {
    graph.answer((_, response) => json(response, 429, { error: { code: 'TooManyRequests' } }));
    expect(await faultOf(write())).toMatchObject({ status: 429, ambiguous: false });
    expect(graph.requests).toHaveLength(1);
  });

  test('a redirect is not followed', async () => {
    graph.answer((_, response) => response.writeHead(307, { Location: `${graph.url}/x` }).end());
    expect(await faultOf(read())).toMatchObject({ status: 307 });
    expect(graph.requests).toHaveLength(1);
  });
});

describe('lists', () => {
  const page = (response: Parameters<typeof json>[0], id: string, nextLink?: string) =>
    json(response, 200, { value: [{ id }], ...(nextLink && { '@odata.nextLink': nextLink }) });

  test('all pages are read', async () => {
    graph.answer((request, response) => {
      const at = Number(new URL(request.url ?? '', graph.url).searchParams.get('at') ?? 0);
      page(response, `c-${at}`, at < 3 ? `${graph.url}/v1.0/x?at=${at + 1}` : undefined);
    });
    const found = await client().findCatalogs('a');
    expect(found.map(({ id }) => id)).toEqual(['c-0', 'c-1', 'c-2', 'c-3']);
  });

  test('a next link to another host is not followed', async () => {
    const other = await startFaultyGraph();
    other.answer((_, response) => page(response, 'stolen'));
    graph.answer((_, response) => page(response, 'c-0', `${other.url}/v1.0/x`));
    expect(await faultOf(client().findCatalogs('a'))).toMatchObject({ code: 'foreign-next-link' });
    expect(other.requests).toHaveLength(0);
    await other.stop();
  });

  test('a next link that leads in a circle ends', async () => {
    graph.answer((_, response) => page(response, 'c', `${graph.url}/v1.0/x?again`));
    expect(await faultOf(client().findCatalogs('a'))).toMatchObject({ code: 'endless-pages' });
    expect(graph.requests).toHaveLength(2);
  });

  test('a list that begins again under new links ends', async () => {
    let at = 0;
    graph.answer((_, response) =>
      page(response, `c-${at % 3}`, `${graph.url}/v1.0/x?at=${(at += 1)}`),
    );
    expect(await faultOf(client().findCatalogs('a'))).toMatchObject({ code: 'endless-pages' });
    expect(graph.requests).toHaveLength(4);
  });

  test('a list of empty pages without end ends', async () => {
    let at = 0;
    graph.answer((_, response) => {
      const next = `${graph.url}/v1.0/x?at=${(at += 1)}`;
      json(response, 200, { value: [], '@odata.nextLink': next });
    });
    expect(await faultOf(client().findCatalogs('a'))).toMatchObject({ code: 'endless-pages' });
    expect(graph.requests).toHaveLength(101);
  });

  test('a long list is read to its end, however many pages it has', async () => {
    graph.answer((request, response) => {
      const at = Number(new URL(request.url ?? '', graph.url).searchParams.get('at') ?? 0);
      page(response, `c-${at}`, at < 999 ? `${graph.url}/v1.0/x?at=${at + 1}` : undefined);
    });
    expect(await client().findCatalogs('a')).toHaveLength(1000);
  });
});

describe('what every call carries', () => {
  test('a new id per call, the user agent, and no token over plain http', async () => {
    graph.answer((_, response) => json(response, 200, { id: 'c-1' }));
    const credential = { getToken: () => Promise.reject(new Error('must not be asked')) };
    const root = graph.url;
    const { getCatalog } = createEntitlements({
      root,
      dialect: 'v1.0',
      credential,
      appVersion: '1.2.3',
    });
    await getCatalog('c-1');
    await getCatalog('c-1');
    const [first, second] = graph.requests.map(({ headers }) => headers);
    expect(first?.['client-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.['client-request-id']).not.toBe(first?.['client-request-id']);
    expect(first?.['user-agent']).toContain('joinery/1.2.3');
    expect(first?.authorization).toBeUndefined();
  });

  test('connections are kept alive', async () => {
    const sockets = new Set<unknown>();
    graph.answer((request, response) => {
      sockets.add(request.socket);
      json(response, 200, { id: 'c-1' });
    });
    const { getCatalog } = client();
    for (let call = 0; call < 5; call += 1) await getCatalog('c-1');
    expect(sockets.size).toBe(1);
  });

  test('a malformed request id is not passed on', async () => {
    graph.answer((_, response) => {
      response.setHeader('request-id', 'Ada Lovelace <ada@x.example>');
      json(response, 200, { id: 'c-1' });
    });
    const { graphRequestId } = await read();
    expect(graphRequestId).toBe(graph.requests[0]?.headers['client-request-id']);
  });
});

test('either spelling of a state is read, in any case', async () => {
  graph.answer((_, response) =>
    json(response, 200, {
      id: 'r-1',
      requestState: 'PartiallyDelivered',
      requestStatus: 'Whatever',
      completedDate: '2026-11-23T08:00:00Z',
      accessPackageAssignment: { id: 'a-1', target: { objectId: 'u-1' } },
    }),
  );
  expect(await client().getAssignmentRequest('r-1')).toMatchObject({
    state: 'PartiallyDelivered',
    requestStatus: 'partial',
    status: 'Whatever',
    completedDateTime: '2026-11-23T08:00:00Z',
    assignmentId: 'a-1',
    userId: 'u-1',
  });
});
