import { GraphError } from './errors';

/** A string literal of an OData filter: quoted, inner quotes doubled. Text with control characters is refused. */
export function literal(value: string): string {
  if (value.length > 1024 || /\p{Cc}/u.test(value)) {
    throw new GraphError('filter', { code: 'invalid-value', ambiguous: false });
  }
  return `'${value.replaceAll("'", "''")}'`;
}

/** A property path of a filter, such as `employeeId` or `onPremisesExtensionAttributes/extensionAttribute1`. */
export function propertyPath(path: string): string {
  if (!/^[A-Za-z]\w{0,127}(\/[A-Za-z]\w{0,63})?$/.test(path)) {
    throw new GraphError('filter', { code: 'invalid-attribute', ambiguous: false });
  }
  return path;
}

/** An id as one path segment. Ids are GUIDs or pairs of them; anything that could leave its segment is refused. */
export function segment(id: string): string {
  if (!/^[\w-]{1,150}$/.test(id)) {
    throw new GraphError('path', { code: 'invalid-id', ambiguous: false });
  }
  return id;
}

/** The text at a property path of an answer; undefined if it is absent, empty or no text. */
export function textAt(answer: object, path: string): string | undefined {
  const value = path
    .split('/')
    .reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), answer);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
