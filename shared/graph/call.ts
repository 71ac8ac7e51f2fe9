import { items } from './pages';
import { readAnswer, readShape, requestIdOf } from './read-answer';
import type { AnswerOf, InputOf, Operation, Route, Routes } from './routes';
import type { Call, Transport } from './transport';

/** `graphRequestId` goes into the audit row: with it the support and the logs of Entra find the call. */
export type Traced<Answer> = Answer & { graphRequestId: string };

export type Caller = ReturnType<typeof createCaller>;

/** Turns operations into calls by one dialect: `one` reads a single answer, `all` every wanted item of a list. */
export function createCaller(root: string, routes: Routes, send: Transport) {
  const one = async <Name extends Operation>(
    operation: Name,
    input: InputOf<Name>,
  ): Promise<Traced<AnswerOf<Name>>> => {
    const route: Route<InputOf<Name>, AnswerOf<Name>> = routes[operation];
    const call = callOf(root, operation, route, input);
    const response = await send(call);
    const answer = readShape(call, response, route.answer, readAnswer(call, response));
    return { ...answer, graphRequestId: requestIdOf(response) };
  };

  const all = async <Name extends Operation>(
    operation: Name,
    input: InputOf<Name>,
    wanted: (item: AnswerOf<Name>) => boolean = () => true,
  ): Promise<AnswerOf<Name>[]> => {
    const route: Route<InputOf<Name>, AnswerOf<Name>> = routes[operation];
    const call = callOf(root, operation, route, input);
    const version = /^\/[^/]+/.exec(route.path(input))?.[0] ?? '';
    const found: AnswerOf<Name>[] = [];
    for await (const item of items(send, call, `${root}${version}`, route.answer)) {
      if (wanted(item)) found.push(item);
    }
    return found;
  };

  return { one, all };
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
    ...(route.body && { body: route.body(input, root) }),
  };
}
