import type { ServerResponse } from 'node:http';
import { badQuery } from '../errors';
import type { Parts } from '../http/handle';
import { jsonOf, type Received } from '../http/received';
import { refusalReply, replyOf, send, type RequestIds } from '../http/reply';
import { Refusal } from '../refusal';
import { controlRoutes, type ControlCall } from './routes';

const noIds: RequestIds = { requestId: '', clientRequestId: '' };

/** Answers a call of the control endpoint: for tests, seen by no fault, no lag and no request log. */
export function answerControl(parts: Parts, received: Received, response: ServerResponse): void {
  try {
    const call: ControlCall = { parts, query: received.query, body: jsonOf(received), ids: [] };
    const body = dispatch(received, call);
    parts.store.commit();
    send(response, replyOf({ status: 200, body }, noIds));
  } catch (error) {
    parts.store.commit();
    const refusal = error instanceof Refusal ? error : badQuery(String(error));
    send(response, refusalReply(refusal, noIds));
  }
}

function dispatch({ method, path }: Received, call: ControlCall): object {
  const segments = path.split('/').slice(2).map(decodeURIComponent);
  for (const route of controlRoutes) {
    const [routeMethod, routePath] = route.at;
    const pattern = routePath.split('/');
    if (routeMethod !== method || pattern.length !== segments.length) continue;
    const fits = pattern.every((part, place) => part === '{}' || part === segments[place]);
    const ids = segments.filter((_, place) => pattern[place] === '{}');
    if (fits) return route.act({ ...call, ids });
  }
  const known = controlRoutes.map(({ at }) => at.join(' /_control/')).join(', ');
  throw new Refusal(404, 'NotFound', `The control endpoint has: ${known}.`);
}
