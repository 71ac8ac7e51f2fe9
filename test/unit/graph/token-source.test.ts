import type { HttpClient } from '@azure/core-rest-pipeline';
import { createHttpHeaders } from '@azure/core-rest-pipeline';
import type { AccessToken, TokenCredential } from '@azure/identity';
import { classify } from '../../../shared/graph/errors';
import { createTokenSource } from '../../../shared/graph/token-source';
import { createTransport } from '../../../shared/graph/transport';

const call = {
  operation: 'getCatalog',
  method: 'GET',
  url: 'https://graph.example/v1.0/x',
} as const;
const scope = 'https://graph.example/.default';

/** A token that is valid for so many seconds yet. */
const token = (name: string, seconds = 3_600): AccessToken => ({
  token: name,
  expiresOnTimestamp: Date.now() + seconds * 1000,
});
const silence = () => new Promise<never>(() => undefined);

/** A credential that answers with these in turn, and counts how often it was asked. */
function credentialOf(...answers: (AccessToken | Error | Promise<never>)[]) {
  const scopes: unknown[] = [];
  const getToken: TokenCredential['getToken'] = (asked) => {
    const answer = answers[scopes.length] ?? new Error('asked too often');
    scopes.push(asked);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { scopes, getToken };
}

/** Accepts only the tokens given, and keeps what it was sent. */
function graphAccepting(...accepted: string[]): HttpClient & { sent: (string | undefined)[] } {
  const sent: (string | undefined)[] = [];
  return {
    sent,
    sendRequest: (request) => {
      const bearer = request.headers.get('authorization')?.replace('Bearer ', '');
      sent.push(bearer);
      const status = bearer !== undefined && accepted.includes(bearer) ? 200 : 401;
      return Promise.resolve({ request, status, headers: createHttpHeaders(), bodyAsText: '{}' });
    },
  };
}

const transport = (credential: TokenCredential, client: HttpClient) =>
  createTransport(
    { tokens: createTokenSource(credential, scope, 1_000), deadlineMs: 1_000, appVersion: '1' },
    client,
  );

const outcomeOf = (current: Promise<unknown>) =>
  current.then(
    () => 'a token',
    (error: unknown) => classify(error),
  );

test('a token is asked for once, for the scope of the cloud, and used again', async () => {
  const credential = credentialOf(token('one'));
  const graph = graphAccepting('one');
  const send = transport(credential, graph);
  await Promise.all([send(call), send(call)]);
  await send(call);
  expect(graph.sent).toEqual(['one', 'one', 'one']);
  expect(credential.scopes).toEqual([scope]);
});

test('a refused token is replaced once, and the new one stays', async () => {
  const graph = graphAccepting('two');
  const send = transport(credentialOf(token('one'), token('two')), graph);
  expect((await send(call)).status).toBe(200);
  expect((await send(call)).status).toBe(200);
  expect(graph.sent).toEqual(['one', 'two', 'two']);
});

test('a second refusal is the answer', async () => {
  const graph = graphAccepting();
  const send = transport(credentialOf(token('one'), token('two')), graph);
  expect((await send(call)).status).toBe(401);
  expect(graph.sent).toEqual(['one', 'two']);
});

test('while the replacement of a refused token is refused too, no further one is asked for', async () => {
  const credential = credentialOf(token('one'), token('two'));
  const graph = graphAccepting();
  const send = transport(credential, graph);
  await send(call);
  expect((await send(call)).status).toBe(401);
  expect((await send(call)).status).toBe(401);
  expect(graph.sent).toEqual(['one', 'two', 'two', 'two']);
  expect(credential.scopes).toHaveLength(2);
});

test('both tries share one deadline, so that a write ends within what its lease has left', async () => {
  const signals: unknown[] = [];
  const graph = graphAccepting('two');
  const watched: HttpClient = {
    sendRequest: (request) => {
      signals.push(request.abortSignal);
      return graph.sendRequest(request);
    },
  };
  await transport(credentialOf(token('one'), token('two')), watched)(call);
  expect(signals).toHaveLength(2);
  expect(signals[1]).toBe(signals[0]);
});

test('a write that continues after its abort counts as one that may have happened', async () => {
  const deaf: HttpClient = { sendRequest: () => new Promise(() => undefined) };
  const send = createTransport({ deadlineMs: 10, appVersion: '1' }, deaf);
  const sent = send({ ...call, method: 'POST' });
  await expect(sent).rejects.toMatchObject({
    fault: { code: 'no-answer-in-time', ambiguous: true },
  });
});

test('a token never leaves over plain http', async () => {
  const graph = graphAccepting('one');
  const send = transport(credentialOf(token('one')), graph);
  const plain = { ...call, url: 'http://127.0.0.1:1/v1.0/x' };
  await expect(send(plain)).rejects.toThrow('non-TLS');
  expect(graph.sent).toEqual([]);
});

test('an identity endpoint that does not answer is waited for until the deadline at most', async () => {
  const { current } = createTokenSource(credentialOf(silence(), token('late')), scope, 20);
  expect(await outcomeOf(current())).toMatchObject({
    kind: 'later',
    why: 'identity-unavailable',
    evidence: { errorCode: 'no-token/TimeoutError' },
  });
  expect(await current()).toBe('late');
});

test('a failing identity means waiting, and its text is not passed on', async () => {
  const failing = credentialOf(new Error('secret text'));
  const outcome = await outcomeOf(createTokenSource(failing, scope, 1_000).current());
  expect(outcome).toMatchObject({ kind: 'later', why: 'identity-unavailable' });
  expect(JSON.stringify(outcome)).not.toContain('secret');
});

test('a token that ends soon is replaced before it does', async () => {
  const { current } = createTokenSource(credentialOf(token('old', 60), token('new')), scope, 1_000);
  expect(await current()).toBe('old');
  expect(await current()).toBe('new');
});

test('while identity is down, a token that is still valid is used without asking each time', async () => {
  const credential = credentialOf(token('old', 60), new Error('down'), token('new'));
  const { current } = createTokenSource(credential, scope, 1_000);
  expect(await current()).toBe('old');
  expect(await current()).toBe('old');
  expect(await current()).toBe('old');
  expect(credential.scopes).toHaveLength(2);
});

test('an expired token is never used', async () => {
  const credential = credentialOf(token('old', -1), new Error('down'));
  const { current } = createTokenSource(credential, scope, 1_000);
  expect(await current()).toBe('old');
  expect(await outcomeOf(current())).toMatchObject({ why: 'identity-unavailable' });
});
