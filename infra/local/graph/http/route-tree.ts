import { noSuchRoute, notSimulated, wrongMethod } from '../errors';
import type { Operation } from './call';

/** A path with its variable segments as `{}`, and its operations by method. */
export type Routes = Record<string, Partial<Record<string, Operation>>>;

type Node = {
  fixed: Map<string, Node>;
  variable: Node | undefined;
  methods: Partial<Record<string, Operation>>;
};

export type Found = { operation: Operation; ids: string[] };
export type RouteTree = (method: string, path: string) => Found;

/** Published, and left out here: refused in words, so that nobody takes it for a refusal of Graph. */
export const leftOut =
  (what: string): Operation =>
  () => {
    throw notSimulated(what);
  };

/** Several tables as one; where two have an operation at one place, the later wins. */
export function merged(...tables: readonly Routes[]): Routes {
  const all: Routes = {};
  for (const [path, methods] of tables.flatMap((table) => Object.entries(table))) {
    all[path] = { ...all[path], ...methods };
  }
  return all;
}

/** Finds operations by path, one step per segment; a fixed segment wins over a variable one, and `$ref` is never an id. */
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
