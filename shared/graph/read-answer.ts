import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { GraphError, safeCode } from './graph-error';
import { retryAfterSeconds } from './retry-after';
import type { Call } from './transport';

const InnerError = z.object({
  code: z.string().nullish(),
  get innerError() {
    return InnerError.nullish();
  },
  get innererror() {
    return InnerError.nullish();
  },
});
type InnerError = z.infer<typeof InnerError>;
const ErrorBody = z.object({
  error: InnerError.extend({
    details: z.array(z.object({ code: z.string().nullish() })).nullish(),
  }),
});

/** The request's id at Graph, by which its support finds it. */
export function requestIdOf(response: PipelineResponse): string {
  const id = response.headers.get('request-id') ?? '';
  return /^[\w-]{1,64}$/.test(id) ? id : response.request.requestId;
}

/**
 * The JSON of a successful answer, undefined if it has no body. Throws `GraphError` for every other answer, and for
 * one that cannot be read: after a write that means that the write happened.
 */
export function readAnswer(call: Call, response: PipelineResponse): unknown {
  if (response.status < 200 || response.status >= 300) throw refusal(call, response);
  if (response.status === 204 || !response.bodyAsText) return undefined;
  const body = parseJson(response.bodyAsText);
  if (body === undefined) throw unreadable(call, response);
  return body;
}

/** Reads an answer by its schema; what does not fit is `unreadable-answer`. */
export function readShape<Answer>(
  call: Call,
  response: PipelineResponse,
  schema: z.ZodType<Answer>,
  body: unknown,
): Answer {
  const shape = schema.safeParse(body);
  if (shape.success) return shape.data;
  throw unreadable(call, response);
}

function unreadable(call: Call, response: PipelineResponse): GraphError {
  return new GraphError(call.operation, {
    status: response.status,
    code: 'unreadable-answer',
    requestId: requestIdOf(response),
    ambiguous: call.method !== 'GET',
  });
}

function refusal(call: Call, response: PipelineResponse): GraphError {
  const body = ErrorBody.safeParse(parseJson(response.bodyAsText ?? ''));
  const error = body.data?.error;
  const details = error?.details?.map((detail) => detail.code) ?? [];
  return new GraphError(call.operation, {
    status: response.status,
    code: safeCode(error?.code),
    detailCodes: [...details, ...innerCodes(error)].map(safeCode).filter((code) => code !== ''),
    retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after'), Date.now()),
    requestId: requestIdOf(response),
    ambiguous: call.method !== 'GET' && (response.status >= 500 || response.status === 408),
  });
}

function innerCodes(error: InnerError | undefined | null): (string | null | undefined)[] {
  const inner = error?.innerError ?? error?.innererror;
  return inner ? [inner.code, ...innerCodes(inner)] : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
