import type { IncomingHttpHeaders } from 'node:http';
import { noSuchRoute, notSimulated, wrongMethod } from '../errors';
import type { Tenant } from '../services/tenant';
import type { View } from '../state/lag';
import type { ListFault } from './list-fault';

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
  /** What is wrong with the index that answers a list. */
  listFault?: ListFault | undefined;
};

/** The answer of an operation. */
export type Answer = { status: number; body?: object };

export type Operation = (call: Call) => Answer | Promise<Answer>;

/** A variable segment of the path, counted from 0. Throws if the route has none, which is a mistake in the route table. */
export function idAt(call: Call, place: number): string {
  const id = call.ids[place];
  if (id === undefined) throw new Error(`The route of ${call.path} has no id ${place}`);
  return id;
}

/** Operations by path and method. A variable segment of a path is `{}`. */
export type Routes = Record<string, Partial<Record<string, Operation>>>;

type Node = {
  fixed: Map<string, Node>;
  variable: Node | undefined;
  methods: Partial<Record<string, Operation>>;
};

export type Found = { operation: Operation; ids: string[] };
export type RouteTree = (method: string, path: string) => Found;

/** Published, but not simulated. It is refused as such, so that nobody takes it for a refusal of Graph. */
export const notImplemented =
  (what: string): Operation =>
  () => {
    throw notSimulated(what);
  };

/** Deletes a row that the replica knows and that truly exists. Without a view, `find` returns the row as it truly is. */
export const deletion =
  <Row>(
    find: (call: Call, view: View | undefined) => Row,
    remove: (call: Call, row: Row) => void,
  ): Operation =>
  (call) => {
    find(call, call.view);
    remove(call, find(call, undefined));
    return { status: 204 };
  };

/** Merges route tables. If two have the same operation, the later one wins. */
export function merged(...tables: readonly Routes[]): Routes {
  const all: Routes = {};
  for (const [path, methods] of tables.flatMap((table) => Object.entries(table))) {
    all[path] = { ...all[path], ...methods };
  }
  return all;
}

/** Finds operations by path, one step per segment. A fixed segment wins over a variable one, and `$ref` is never an id. */
export function routeTree(routes: Routes): RouteTree {
  const root = node();
  for (const [path, methods] of Object.entries(routes)) {
    const place = path.split('/').slice(1).reduce(descend, root);
    Object.assign(place.methods, methods);
  }
  return (method, path) => {
    const ids: string[] = [];
    let place: Node | undefined = root;
    for (const segment of path.split('/').slice(1)) {
      const fixed: Node | undefined = place.fixed.get(segment);
      if (fixed === undefined) ids.push(decode(segment, path));
      place = fixed ?? (segment.startsWith('$') ? undefined : place.variable);
      if (place === undefined) throw noSuchRoute(path);
    }
    if (Object.keys(place.methods).length === 0) throw noSuchRoute(path);
    const operation = place.methods[method];
    if (operation === undefined) throw wrongMethod(method);
    return { operation, ids };
  };
}

const node = (): Node => ({ fixed: new Map(), variable: undefined, methods: {} });

function descend(from: Node, segment: string): Node {
  if (segment === '{}') return (from.variable ??= node());
  const next = from.fixed.get(segment) ?? node();
  from.fixed.set(segment, next);
  return next;
}

function decode(segment: string, path: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw noSuchRoute(path);
  }
}
