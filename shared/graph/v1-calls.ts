import type { z } from 'zod';
import { items } from './pages';
import { readAnswer, readShape } from './read-answer';
import type { Call, Transport } from './transport';

export type V1Calls = ReturnType<typeof v1Calls>;

/** Calls of v1.0 that no dialect has a route for; paths begin below the version. Each throws `GraphError`. */
export function v1Calls(root: string, send: Transport) {
  const base = `${root}/v1.0`;
  const callOf = (
    operation: string,
    method: Call['method'],
    path: string,
    body?: object,
  ): Call => ({
    operation,
    method,
    url: `${base}/${path}`,
    ...(body && { body }),
  });
  return {
    /** The bare answer to a GET. */
    get: (operation: string, path: string) => send(callOf(operation, 'GET', path)),
    ask: async <Answer>(
      operation: string,
      [method, path]: readonly [Call['method'], string],
      answer: z.ZodType<Answer>,
      body?: object,
    ): Promise<Answer> => {
      const call = callOf(operation, method, path, body);
      const response = await send(call);
      return readShape(call, response, answer, readAnswer(call, response));
    },
    /** All pages. */
    list: async <Item>(operation: string, path: string, item: z.ZodType<Item>): Promise<Item[]> => {
      const found: Item[] = [];
      for await (const one of items(send, callOf(operation, 'GET', path), base, item))
        found.push(one);
      return found;
    },
  };
}
