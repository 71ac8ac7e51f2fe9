import type { AppFunction } from '../app/function-table';

export type Route = {
  entry: AppFunction;
  methods: readonly string[];
  /** As func prints it: `/api/health/live`. */
  path: string;
  /** The route's parameters if the path is one of this route, decoded. */
  match: (path: string) => Record<string, string> | undefined;
};

const parameter = /^\{(\*?)(\w+)(?::[^}?]*)?(\?)?\}$/;

/** The route of an HTTP function: `{name}`, `{name?}`, `{*rest}`; constraints after a colon are not checked. */
export function httpRoute(entry: AppFunction, prefix: string): Route {
  const { route = entry.name, methods = ['GET', 'POST'] } = entry.trigger as {
    route?: string;
    methods?: string[];
  };
  const segments = [prefix, route].flatMap((part) => part.split('/')).filter(Boolean);
  const names: string[] = [];
  const pattern = segments.map((segment) => segmentPattern(segment, names)).join('');
  const whole = new RegExp(`^${pattern}/?$`, 'i');
  return {
    entry,
    methods: methods.map((method) => method.toUpperCase()),
    path: `/${segments.join('/')}`,
    match(path) {
      const values = whole.exec(path)?.slice(1);
      if (!values) return undefined;
      const given = names.map((name, i) => [name, values[i]] as const);
      return Object.fromEntries(
        given.flatMap(([name, value]) => (value ? [[name, decodeURIComponent(value)]] : [])),
      );
    },
  };
}

function segmentPattern(segment: string, names: string[]): string {
  const [whole, rest, name, optional] = parameter.exec(segment) ?? [];
  if (whole === undefined || name === undefined) {
    return `/${segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
  }
  names.push(name);
  if (rest) return '(?:/(.*))?';
  return optional ? '(?:/([^/]+))?' : '/([^/]+)';
}
