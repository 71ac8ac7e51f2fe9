import type { z } from 'zod';
import { GraphError } from './errors';
import {
  isBelow,
  items,
  onePage,
  readAnswer,
  readShape,
  requestIdOf,
  type ListPage,
} from './read-answer';
import type {
  AnswerOf,
  CommonOperation,
  CommonRoutes,
  FurtherOperation,
  FurtherRoutes,
  InputOf,
  Operation,
  Route,
  RouteOf,
  Routes,
} from './operations';
import type { Call, Transport } from './transport';

/** `graphRequestId` goes into the audit row: with it the support and the logs of Entra find the call. */
export type Traced<Answer> = Answer & { graphRequestId: string };

export type Caller = ReturnType<typeof createCaller>;

/**
 * Turns operations into calls by one dialect: `one` reads a single answer, `all` every wanted item of a list, `each`
 * item after item, `page` one page, `first` the list no further than to the first wanted item. `further` is the call of an operation
 * that not every dialect has, and `furtherEach` such a list.
 */
export function createCaller(root: string, routes: Routes, send: Transport) {
  const common: CommonRoutes = routes;
  const furtherRoutes: FurtherRoutes = routes;

  const ask = async <Name extends Operation>(
    operation: Name,
    route: RouteOf<Name>,
    input: InputOf<Name>,
  ): Promise<Traced<AnswerOf<Name>>> => {
    const call = callOf(root, operation, route, input);
    const response = await send(call);
    const answer = readShape(call, response, route.answer, readAnswer(call, response));
    return { ...answer, graphRequestId: requestIdOf(response) };
  };

  const one = <Name extends CommonOperation>(operation: Name, input: InputOf<Name>) =>
    ask(operation, common[operation], input);

  const further = <Name extends FurtherOperation>(
    operation: Name,
  ): ((input: InputOf<Name>) => Promise<Traced<AnswerOf<Name>>>) | undefined => {
    const route = furtherRoutes[operation];
    return route && ((input: InputOf<Name>) => ask(operation, route, input));
  };

  const listOf = <Name extends Operation>(
    operation: Name,
    route: RouteOf<Name>,
    input: InputOf<Name>,
  ) => {
    const version = /^\/[^/]+/.exec(route.path(input))?.[0] ?? '';
    return { route, call: callOf(root, operation, route, input), base: `${root}${version}` };
  };

  const each = <Name extends CommonOperation>(operation: Name, input: InputOf<Name>) => {
    const { route, call, base } = listOf(operation, common[operation], input);
    return items(send, call, base, route.answer);
  };

  const furtherEach = <Name extends FurtherOperation>(operation: Name, input: InputOf<Name>) => {
    const ofDialect: RouteOf<Name> | undefined = furtherRoutes[operation];
    if (!ofDialect) return undefined;
    const { route, call, base } = listOf(operation, ofDialect, input);
    return items(send, call, base, route.answer);
  };

  /** The first page, or the one at `url`, which the page before it named. */
  const page = async <Name extends CommonOperation>(
    operation: Name,
    input: InputOf<Name>,
    url?: string,
  ): Promise<ListPage<AnswerOf<Name>>> => {
    const { route, call, base } = listOf(operation, common[operation], input);
    if (url !== undefined && !isBelow(url, base))
      throw new GraphError(operation, { code: 'foreign-next-link', ambiguous: false });
    return onePage(send, url === undefined ? call : { ...call, url }, base, route.answer);
  };

  const all = async <Name extends CommonOperation>(
    operation: Name,
    input: InputOf<Name>,
    isWanted: (item: AnswerOf<Name>) => boolean = () => true,
  ): Promise<AnswerOf<Name>[]> => {
    const found: AnswerOf<Name>[] = [];
    for await (const item of each(operation, input)) if (isWanted(item)) found.push(item);
    return found;
  };

  const first = async <Name extends CommonOperation>(
    operation: Name,
    input: InputOf<Name>,
    isWanted: (item: AnswerOf<Name>) => boolean,
  ): Promise<AnswerOf<Name> | undefined> => {
    for await (const item of each(operation, input)) if (isWanted(item)) return item;
    return undefined;
  };

  return { one, all, each, page, first, further, furtherEach };
}

function callOf<Input, Answer>(
  root: string,
  operation: string,
  route: Route<Input, Answer>,
  input: Input,
): Call {
  const query = Object.entries(route.query?.(input) ?? {})
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return {
    operation,
    method: route.method,
    url: `${root}${route.path(input)}${query && '?'}${query}`,
    ...(route.headers && { headers: route.headers(input) }),
    ...(route.body && { body: route.body(input, root) }),
    ...(route.object && { object: `${root}${route.object(input)}` }),
  };
}

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
