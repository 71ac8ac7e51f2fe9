import type { IncomingHttpHeaders } from 'node:http';
import type { View } from '../state/lag';
import type { Tenant } from '../tenant/tenant';

/** A request as an operation sees it, with the replica that answers it. */
export type Call = {
  tenant: Tenant;
  view: View;
  /** `http://127.0.0.1:7080`, as the caller addressed the simulator: absolute links start with it. */
  origin: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The variable segments of the path, in order. */
  ids: readonly string[];
  /** The body as JSON; undefined when none was sent. */
  body: unknown;
  pageSize: number;
};

/** What an operation answers. Without a body the answer has none. */
export type Answer = { status: number; body?: object };

export type Operation = (call: Call) => Answer | Promise<Answer>;

/** The variable segment at this place of the path. Throws on a route that has none: a mistake in the route table. */
export function idAt(call: Call, place: number): string {
  const id = call.ids[place];
  if (id === undefined) throw new Error(`The route of ${call.path} has no id ${place}`);
  return id;
}
