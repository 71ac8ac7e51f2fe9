import type { HttpClient } from '@azure/core-rest-pipeline';
import { createHttpHeaders } from '@azure/core-rest-pipeline';
import { classify } from '../../../shared/graph/classify';
import { boundedCredential } from '../../../shared/graph/token';
import { createTransport } from '../../../shared/graph/transport';

const call = {
  operation: 'getCatalog',
  method: 'GET',
  url: 'https://graph.example/v1.0/x',
} as const;
const scope = 'https://graph.example/.default';
const later = () => Date.now() + 3_600_000;

/** Accepts only the tokens given, and keeps what it was sent. */
function graphAccepting(...accepted: string[]): HttpClient & { sent: (string | undefined)[] } {
  const sent: (string | undefined)[] = [];
  return {
    sent,
    sendRequest: (request) => {
      const token = request.headers.get('authorization')?.replace('Bearer ', '');
      sent.push(token);
      const status = token !== undefined && accepted.includes(token) ? 200 : 401;
      return Promise.resolve({ request, status, headers: createHttpHeaders(), bodyAsText: '{}' });
    },
  };
}

function issuing(...tokens: string[]) {
  const asked: string[][] = [];
  return {
    asked,
    getToken: (scopes: string | string[]) => {
      asked.push([scopes].flat());
      const token = tokens[asked.length - 1] ?? 'none-left';
      return Promise.resolve({ token, expiresOnTimestamp: later() });
    },
  };
}

const transport = (credential: ReturnType<typeof issuing>, client: HttpClient) =>
  createTransport({ auth: { credential, scope }, deadlineMs: 1_000, appVersion: '1' }, client);

test('a token is asked for once, for the scope of the cloud, and used again', async () => {
  const credential = issuing('one');
  const graph = graphAccepting('one');
  const send = transport(credential, graph);
  await Promise.all([send(call), send(call)]);
  await send(call);
  expect(graph.sent).toEqual(['one', 'one', 'one']);
  expect(credential.asked).toEqual([[scope]]);
});

test('a refused token is replaced once, and the new one stays', async () => {
  const graph = graphAccepting('two');
  const send = transport(issuing('one', 'two'), graph);
  expect((await send(call)).status).toBe(200);
  expect((await send(call)).status).toBe(200);
  expect(graph.sent).toEqual(['one', 'two', 'two']);
});

test('a second refusal is the answer', async () => {
  const graph = graphAccepting();
  expect((await transport(issuing('one', 'two'), graph)(call)).status).toBe(401);
  expect(graph.sent).toEqual(['one', 'two']);
});

describe('a bounded credential', () => {
  const outcomeOf = (token: Promise<unknown>) =>
    token.then(
      () => 'a token',
      (error: unknown) => classify(error),
    );

  test('a silent identity endpoint is waited for no longer than the deadline', async () => {
    const silent = { getToken: () => new Promise<null>(() => undefined) };
    expect(await outcomeOf(boundedCredential(silent, 20).getToken(scope))).toMatchObject({
      kind: 'later',
      why: 'identity-unavailable',
    });
  });

  test('a failing identity is a reason to wait, and its text goes nowhere', async () => {
    const failing = { getToken: () => Promise.reject(new Error('secret text')) };
    const outcome = await outcomeOf(boundedCredential(failing, 1_000).getToken(scope));
    expect(outcome).toMatchObject({ kind: 'later', why: 'identity-unavailable' });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test('callers who come together share one acquisition; the next one is new', async () => {
    const credential = issuing('one', 'two');
    const bounded = boundedCredential(credential, 1_000);
    const together = await Promise.all([bounded.getToken(scope), bounded.getToken(scope)]);
    expect(together.map((token) => token?.token)).toEqual(['one', 'one']);
    expect((await bounded.getToken(scope))?.token).toBe('two');
  });

  test('the deadline is over once it has passed: the next acquisition may succeed', async () => {
    let calls = 0;
    const flaky = {
      getToken: () =>
        (calls += 1) === 1
          ? new Promise<null>(() => undefined)
          : Promise.resolve({ token: 'late', expiresOnTimestamp: later() }),
    };
    const bounded = boundedCredential(flaky, 20);
    await outcomeOf(bounded.getToken(scope));
    expect((await bounded.getToken(scope))?.token).toBe('late');
  });
});
