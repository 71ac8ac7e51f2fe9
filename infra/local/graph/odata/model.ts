import { invalidModel, notSimulated } from '../errors';

/**
 * Types as the metadata declares them. The type of a member is a primitive of OData, an enumeration or a type of this
 * model. `[x]` is a collection of x, and `!` after a type forbids null.
 */
export type EntityModel = {
  types: Record<string, TypeModel>;
  enums: Record<string, readonly string[]>;
};

export type TypeModel = {
  base?: string;
  abstract?: true;
  properties: Record<string, string>;
  /** Members that are other entities. They appear only if they are expanded. */
  navigation?: Record<string, string>;
};

/** All members of a type, inherited ones included. */
export function membersOf(model: EntityModel, name: string): Record<string, string> {
  const { base, properties, navigation } = typeOf(model, name);
  const inherited = base === undefined ? {} : membersOf(model, base);
  return { ...inherited, ...properties, ...navigation };
}

function typeOf(model: EntityModel, name: string): TypeModel {
  const type = model.types[name];
  if (type === undefined) throw new Error(`The model has no type ${name}`);
  return type;
}

/** Whether a type is the other or inherits from it. */
function isA(model: EntityModel, name: string, ancestor: string): boolean {
  if (name === ancestor) return true;
  const base = model.types[name]?.base;
  return base !== undefined && isA(model, base, ancestor);
}

/** The JSON body of a call. */
export type Body = Record<string, unknown>;

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)$/;
const duration = /^-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/;

export const isGuid = (value: unknown): value is string =>
  typeof value === 'string' && guid.test(value);

const primitives: Record<string, (value: unknown) => boolean> = {
  String: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Int32: (value) => Number.isInteger(value),
  Guid: isGuid,
  Duration: (value) => typeof value === 'string' && duration.test(value),
  DateTimeOffset: (value) =>
    typeof value === 'string' && instant.test(value) && !Number.isNaN(Date.parse(value)),
};

/**
 * Checks a body against a type of the model. Throws InvalidModel with the place of an undeclared member, a wrong primitive,
 * a name outside the enumeration or a missing name of a derived type. Every declared member is optional.
 */
export function checkBody(model: EntityModel, type: string, body: unknown): Body {
  check(model, type, body, type);
  return body as Body;
}

function check(model: EntityModel, type: string, value: unknown, place: string): void {
  const required = type.endsWith('!');
  const name = required ? type.slice(0, -1) : type;
  if (value === null) {
    if (required) throw invalidModel(`${place} must not be null.`);
    return;
  }
  if (name.startsWith('[')) {
    if (!Array.isArray(value)) throw invalidModel(`${place} must be a collection.`);
    for (const item of value as unknown[]) check(model, name.slice(1, -1), item, place);
    return;
  }
  const primitive = primitives[name];
  const members = model.enums[name];
  if (primitive !== undefined) {
    if (!primitive(value)) throw invalidModel(`${place} must be of type Edm.${name}.`);
  } else if (members !== undefined) {
    if (!members.includes(value as string)) throw invalidModel(`${place} is not a ${name}.`);
  } else if (model.types[name] === undefined) {
    throw notSimulated(`${name} (${place})`);
  } else checkObject(model, name, value, place);
}

function checkObject(model: EntityModel, name: string, value: unknown, place: string): void {
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw invalidModel(`${place} must be an object.`);
  }
  const { '@odata.type': annotation, ...members } = value as Body;
  const actual = annotation === undefined ? name : named(model, annotation, name, place);
  if (typeOf(model, actual).abstract === true) {
    throw invalidModel(`${place} needs @odata.type to name a kind of ${name}.`);
  }
  const declared = membersOf(model, actual);
  for (const [member, inner] of Object.entries(members)) {
    const type = Object.hasOwn(declared, member) ? declared[member] : undefined;
    if (type === undefined) throw invalidModel(`${actual} does not declare '${member}'.`);
    check(model, type, inner, `${place}.${member}`);
  }
}

function named(model: EntityModel, annotation: unknown, expected: string, place: string): string {
  const name =
    typeof annotation === 'string' ? annotation.replace(/^#?microsoft\.graph\./, '') : '';
  const known = Object.hasOwn(model.types, name) && isA(model, name, expected);
  if (!known) throw invalidModel(`${place} has an @odata.type that is not a ${expected}.`);
  return name;
}
