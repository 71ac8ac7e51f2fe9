import { createHash } from 'node:crypto';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { GraphError, retryAfterSeconds, safeCode } from './errors';
import type { Call, Transport } from './transport';

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

/** The answer to a refused or failed call as an error. */
export function refusal(call: Call, response: PipelineResponse): GraphError {
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

/** So many pages without an item follow each other in no list that ends. */
const mostEmptyPages = 100;

/** The items are read one by one by a schema of their own: one made for each list would be compiled for each call. */
const Page = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().nullish() });

/**
 * The items of a list, page after page. A `@odata.nextLink` is followed as it is, but only below `base` (root and
 * version): anywhere else our token has no business.
 * Source: https://learn.microsoft.com/graph/paging
 */
export async function* items<Item>(
  send: Transport,
  call: Call,
  base: string,
  schema: z.ZodType<Item>,
): AsyncGenerator<Item, void, undefined> {
  // How long a list is says nothing: a tenant may have any number of requests. One that comes back to a page is endless.
  const visited = new Set<string>();
  let emptyPages = 0;
  let url: string | undefined = call.url;
  while (url) {
    const page: RawPage = await readPage(
      send,
      url === call.url ? call : { ...call, url, goesOn: true },
    );
    const { values, next, begin } = page;
    emptyPages = begin === undefined ? emptyPages + 1 : 0;
    const isSeen = begin !== undefined && visited.has(begin);
    if (isSeen || emptyPages > mostEmptyPages) throw page.fault('endless-pages');
    visited.add(url);
    if (begin !== undefined) visited.add(begin);
    for (const value of values) yield page.read(schema, value);
    url = next;
    if (url && !isBelow(url, base)) throw page.fault('foreign-next-link');
    if (url && visited.has(url)) throw page.fault('endless-pages');
  }
}

type RawPage = {
  values: unknown[];
  /** The first item as text; undefined on an empty page. */
  begin: string | undefined;
  /** The address of the next page. */
  next: string | undefined;
  read: <Item>(schema: z.ZodType<Item>, value: unknown) => Item;
  fault: (code: string) => GraphError;
};

/** One page of a list. Whoever follows `next` checks that it is below the base. */
async function readPage(send: Transport, call: Call): Promise<RawPage> {
  const response = await send(call);
  const page = readShape(call, response, Page, readAnswer(call, response));
  const fault = (code: string): GraphError =>
    new GraphError(call.operation, { code, requestId: requestIdOf(response), ambiguous: false });
  const next = page['@odata.nextLink'] ?? undefined;
  const values = page.value;
  return {
    ...{ values, next, fault },
    begin: values.length === 0 ? undefined : JSON.stringify(values[0]),
    read: (schema, value) => readShape(call, response, schema, value),
  };
}

/** A page of a list; `next`: the address of the page after it. `mark` is equal for pages that begin with the same item. */
export type ListPage<Item> = {
  items: Item[];
  next: string | undefined;
  mark: string | undefined;
};

/**
 * One page of a list, for a reader that goes on in another process: the first page, or the one that a `next` named. Tells no
 * endless list: the reader does, by the marks.
 */
export async function onePage<Item>(
  send: Transport,
  call: Call,
  base: string,
  schema: z.ZodType<Item>,
): Promise<ListPage<Item>> {
  const { values, next, begin, read, fault } = await readPage(send, call);
  if (next !== undefined && !isBelow(next, base)) throw fault('foreign-next-link');
  const mark = begin && createHash('sha256').update(begin).digest('hex').slice(0, 16);
  return { items: values.map((value) => read(schema, value)), next, mark };
}

/** Whether an absolute URL stays within a base: same scheme, host and port, and a path below its path. */
export function isBelow(url: string, base: string): boolean {
  if (!URL.canParse(url)) return false;
  const [target, allowed] = [new URL(url), new URL(base)];
  return (
    target.origin === allowed.origin &&
    target.username === '' &&
    target.password === '' &&
    target.pathname.startsWith(`${allowed.pathname.replace(/\/+$/, '')}/`)
  );
}
