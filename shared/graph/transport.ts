import type {
  HttpClient,
  Pipeline,
  PipelinePolicy,
  PipelineRequest,
  PipelineResponse,
} from '@azure/core-rest-pipeline';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  decompressResponsePolicy,
  isRestError,
  proxyPolicy,
  setClientRequestIdPolicy,
  userAgentPolicy,
} from '@azure/core-rest-pipeline';
import { withDeadline } from '../promises';
import { SOONEST_SECONDS, UNSAID_SECONDS } from './answer-table';
import { GraphError, retryAfterSeconds, safeCode } from './errors';
import type { Kind, RateBudget } from './rate-budget';
import type { TokenSource } from './token-source';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
export type Call = {
  operation: string;
  method: Method;
  url: string;
  headers?: Record<string, string>;
  body?: object;
  /** The address of the object that the call concerns, where only the body has its id. */
  object?: string;
  /** Whether it is a further page of a list that has begun. */
  goesOn?: boolean;
};

/** Sends one call and returns its response, with any status. Throws `GraphError` if none comes in time. */
export type Transport = (call: Call) => Promise<PipelineResponse>;

export type TransportOptions = {
  /** Absent: no token is sent (loopback http only). */
  tokens?: TokenSource;
  /** Sent as the Authorization header when there is no token but the dialect requires the header. */
  placeholderToken?: string;
  deadlineMs: number;
  appVersion: string;
};

/** The pipeline is built here, because the default one retries and follows redirects. */
export function createTransport(
  options: TransportOptions,
  client: HttpClient = createDefaultHttpClient(),
): Transport {
  const pipeline = createPipeline(options);
  const { tokens, deadlineMs } = options;

  const sendWithin = async (signal: AbortSignal, call: Call): Promise<PipelineResponse> => {
    const send = () => sendOnce(signal, pipeline, client, call, options);
    const response = await send();
    const token = bearerOf(response.request);
    // A 403 may come from a token that is older than a permission.
    if ((response.status !== 401 && response.status !== 403) || !tokens || !token) return response;
    return tokens.refuse(token) ? send() : response;
  };

  // One deadline for both tries: leases rely on it.
  return (call) =>
    withDeadline(deadlineMs, (signal) => sendWithin(signal, call)).catch((error: unknown) => {
      throw isTimeout(error) ? late(call) : error;
    });
}

/** The token that a request was sent with. */
export const bearerOf = ({ headers }: PipelineRequest): string | undefined =>
  headers.get('authorization')?.replace(/^Bearer /, '');

async function sendOnce(
  signal: AbortSignal,
  pipeline: Pipeline,
  client: HttpClient,
  call: Call,
  { tokens, placeholderToken }: TransportOptions,
): Promise<PipelineResponse> {
  const request = createPipelineRequest({
    url: call.url,
    method: call.method,
    headers: createHttpHeaders({ Accept: 'application/json', ...call.headers }),
    abortSignal: signal,
    allowInsecureConnection: !tokens,
  });
  if (!tokens && placeholderToken !== undefined) {
    request.headers.set('Authorization', `Bearer ${placeholderToken}`);
  }
  if (call.body) {
    request.headers.set('Content-Type', 'application/json');
    request.body = JSON.stringify(call.body);
  }
  try {
    return await pipeline.sendRequest(client, request);
  } catch (error) {
    throw unanswered(error, call, signal, request.requestId);
  }
}

function createPipeline({ tokens, appVersion }: TransportOptions): Pipeline {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(userAgentPolicy({ userAgentPrefix: `joinery/${appVersion}` }));
  pipeline.addPolicy(setClientRequestIdPolicy('client-request-id'));
  pipeline.addPolicy(decompressResponsePolicy());
  if (tokens) {
    // Only calls that leave this machine may need the proxy of the environment.
    pipeline.addPolicy(proxyPolicy());
    pipeline.addPolicy(bearerPolicy(tokens));
  }
  return pipeline;
}

/** The SDK's policy is used because it refuses all but https; its own token cache would renew in the background. */
function bearerPolicy(tokens: TokenSource): PipelinePolicy {
  return bearerTokenAuthenticationPolicy({
    scopes: [],
    challengeCallbacks: {
      authorizeRequest: async ({ request }) => {
        request.headers.set('Authorization', `Bearer ${await tokens.current()}`);
      },
    },
  });
}

/** Codes that mean that no byte of the request reached Graph. */
const notSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function unanswered(error: unknown, call: Call, signal: AbortSignal, requestId: string): unknown {
  if (error instanceof GraphError) return error;
  if (signal.aborted) return late(call, requestId);
  if (!isRestError(error)) return error;
  return new GraphError(call.operation, {
    code: 'no-connection',
    detailCodes: [safeCode(error.code)],
    requestId,
    ambiguous: isWrite(call) && !notSent.has(error.code ?? ''),
  });
}

const isWrite = ({ method }: Call): boolean => method !== 'GET';

const late = (call: Call, requestId?: string): GraphError =>
  new GraphError(call.operation, {
    code: 'no-answer-in-time',
    requestId,
    ambiguous: isWrite(call),
  });

/** The client ignored the abort signal too. */
const isTimeout = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'TimeoutError';

/** The time until which no process may call Graph in this tenant, shared by all processes. */
export type Throttle = {
  /** How long each of the two operations may take, in milliseconds. */
  withinMs: number;
  /** Milliseconds until calls may be made again; 0 if they may be made now. */
  waitMs: () => Promise<number>;
  /** Makes all processes wait for so many milliseconds from now. `kind`: of a call that was one too many. */
  learn: (ms: number, kind?: Kind) => Promise<void>;
};

/** Requests that a run has taken a write for before it planned them. */
const PREPAID = ['submitAssignmentRequest', 'submitRemoval', 'submitUpdate', 'reprocessRequest'];

/**
 * Sends nothing during a throttling: the call ends as `throttled` without reaching Graph, because refused calls count
 * against the limit too. A wait that Graph asks for is shared with all processes.
 * Source: https://learn.microsoft.com/graph/throttling
 */
export function throttled(
  send: Transport,
  throttle: Throttle,
  budget?: Pick<RateBudget, 'takeRead' | 'spendWrite'>,
): Transport {
  return async (call) => {
    const waitMs = await throttle.waitMs();
    if (waitMs > 0) {
      const retryAfter = spread(waitMs / 1000, Math.random());
      const fault = { code: 'throttled', retryAfterSeconds: retryAfter, ambiguous: false };
      throw new GraphError(call.operation, fault);
    }
    const budgetWait = isWrite(call) ? 0 : (budget?.takeRead(call.goesOn) ?? 0);
    if (budgetWait > 0) {
      const retryAfter = spread(budgetWait, Math.random());
      const fault = { code: 'rate-budget', retryAfterSeconds: retryAfter, ambiguous: false };
      throw new GraphError(call.operation, fault);
    }
    if (isWrite(call) && !PREPAID.includes(call.operation)) budget?.spendWrite();
    const response = await send(call);
    const seconds = askedToWait(response);
    const kind = isWrite(call) ? 'write' : 'read';
    if (seconds > 0)
      await throttle.learn(seconds * 1000, response.status === 429 ? kind : undefined);
    return response;
  };
}

/** Seconds for which an answer stops all calls; an outage that names no time stops none. */
function askedToWait({ status, headers }: PipelineResponse): number {
  if (status !== 429 && status !== 503) return 0;
  const asked = retryAfterSeconds(headers.get('retry-after'), Date.now());
  // A time that is over by our clock may not be over by that of Graph.
  return status === 429 ? Math.max(SOONEST_SECONDS, asked ?? UNSAID_SECONDS) : (asked ?? 0);
}

const WIDEST_SPREAD = 30;

/** Seconds to wait, plus up to a tenth and a second, so that waiting calls do not all return at once. `dice`: from 0 to 1. */
export const spread = (seconds: number, dice: number): number =>
  Math.ceil(10 * (seconds + dice * Math.min(1 + seconds / 10, WIDEST_SPREAD))) / 10;
