import type { TokenCredential } from '@azure/identity';
import type { HttpClient, Pipeline, PipelineResponse } from '@azure/core-rest-pipeline';
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
import { GraphError, safeCode } from './graph-error';

export type Call = { operation: string; method: 'GET' | 'POST'; url: string; body?: object };

/** Sends one call and gives its response, whatever its status. Throws `GraphError` if none came in time. */
export type Transport = (call: Call) => Promise<PipelineResponse>;

export type TransportOptions = {
  /** Absent: no token is sent (loopback http only). */
  auth?: { credential: TokenCredential; scope: string };
  deadlineMs: number;
  appVersion: string;
};

/** The pipeline is put together here, because the ready-made one retries by itself and follows redirects. */
export function createTransport(
  options: TransportOptions,
  client: HttpClient = createDefaultHttpClient(),
): Transport {
  let pipeline = createPipeline(options);

  const send = async (call: Call, through: Pipeline): Promise<PipelineResponse> => {
    const signal = AbortSignal.timeout(options.deadlineMs);
    const request = createPipelineRequest({
      url: call.url,
      method: call.method,
      headers: createHttpHeaders({ Accept: 'application/json' }),
      abortSignal: signal,
      allowInsecureConnection: !options.auth,
    });
    if (call.body) {
      request.headers.set('Content-Type', 'application/json');
      request.body = JSON.stringify(call.body);
    }
    try {
      return await through.sendRequest(client, request);
    } catch (error) {
      throw unanswered(error, call, signal, request.requestId);
    }
  };

  return async (call) => {
    const used = pipeline;
    const response = await send(call, used);
    if (response.status !== 401 || !options.auth) return response;
    // The pipeline holds the refused token; a new one asks the credential again.
    if (pipeline === used) pipeline = createPipeline(options);
    return send(call, pipeline);
  };
}

function createPipeline({ auth, appVersion }: TransportOptions): Pipeline {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(userAgentPolicy({ userAgentPrefix: `joinery/${appVersion}` }));
  pipeline.addPolicy(setClientRequestIdPolicy('client-request-id'));
  pipeline.addPolicy(decompressResponsePolicy());
  if (auth) {
    // Only what leaves this machine may need the proxy of the environment.
    pipeline.addPolicy(proxyPolicy());
    pipeline.addPolicy(
      bearerTokenAuthenticationPolicy({ credential: auth.credential, scopes: auth.scope }),
    );
  }
  return pipeline;
}

/** Codes with which no byte of the request can have reached Graph. */
const notSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function unanswered(error: unknown, call: Call, signal: AbortSignal, requestId: string): unknown {
  if (error instanceof GraphError) return error;
  const write = call.method !== 'GET';
  if (signal.aborted) {
    const code = 'no-answer-in-time';
    return new GraphError(call.operation, { code, requestId, ambiguous: write });
  }
  if (!isRestError(error)) return error;
  return new GraphError(call.operation, {
    code: 'no-connection',
    detailCodes: [safeCode(error.code)],
    requestId,
    ambiguous: write && !notSent.has(error.code ?? ''),
  });
}
