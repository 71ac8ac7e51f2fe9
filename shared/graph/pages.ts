import { z } from 'zod';
import { GraphError } from './graph-error';
import { readAnswer, readShape, requestIdOf } from './read-answer';
import type { Call, Transport } from './transport';

const mostPages = 200;

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
  const visited = new Set<string>();
  let url: string | undefined = call.url;
  while (url) {
    visited.add(url);
    const response = await send({ ...call, url });
    const page = readShape(call, response, Page, readAnswer(call, response));
    for (const item of page.value) yield readShape(call, response, schema, item);
    url = page['@odata.nextLink'] ?? undefined;
    const code = url && fault(url, base, visited);
    if (code) {
      const requestId = requestIdOf(response);
      throw new GraphError(call.operation, { code, requestId, ambiguous: false });
    }
  }
}

function fault(url: string, base: string, visited: ReadonlySet<string>): string | undefined {
  if (!isBelow(url, base)) return 'foreign-next-link';
  if (visited.has(url) || visited.size >= mostPages) return 'endless-pages';
  return undefined;
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
