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
  if (!/^[A-Za-z]\w{0,63}(\/[A-Za-z]\w{0,63})?$/.test(path)) {
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
