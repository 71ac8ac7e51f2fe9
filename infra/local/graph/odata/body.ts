import { invalidModel, invalidRequest, notSimulated, unrecognizedGuid } from '../errors';
import { type Call, idAt } from '../http/routes';
import { type EntityModel, isA, membersOf, typeOf } from './model';

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

/*
 * Reading a checked body. Every member has its declared type already, so these only check which members an operation
 * requires.
 */

export function text(body: Body, member: string): string {
  const value = body[member];
  if (typeof value !== 'string' || value === '') throw invalidModel(`'${member}' is required.`);
  return value;
}

export function optionalText(body: Body, member: string): string | null {
  const value = body[member];
  return typeof value === 'string' ? value : null;
}

export function flag(body: Body, member: string, otherwise: boolean): boolean {
  const value = body[member];
  return typeof value === 'boolean' ? value : otherwise;
}

export function object(body: Body, member: string): Body {
  const value = body[member];
  if (typeof value !== 'object' || value === null) throw invalidModel(`'${member}' is required.`);
  return value as Body;
}

export function optionalObject(body: Body, member: string): Body | null {
  const value = body[member];
  return typeof value === 'object' && value !== null ? (value as Body) : null;
}

/** A GUID in lower case, as ids are stored. */
export function id(body: Body, member: string): string {
  const value = body[member];
  if (!isGuid(value)) throw invalidModel(`'${member}' must be a GUID.`);
  return value.toLowerCase();
}

/** Refuses a declared member that an operation cannot change. */
export function requireOnly(body: Body, members: readonly string[]): void {
  const other = Object.keys(body).find(
    (member) => !member.startsWith('@') && !members.includes(member),
  );
  if (other !== undefined) throw invalidRequest(`'${other}' cannot be changed.`);
}

/** A GUID of the path, in lower case as ids are stored. Its place counts from 0. */
export function guidAt(call: Call, place = 0): string {
  const text = idAt(call, place);
  if (!isGuid(text)) throw unrecognizedGuid(text);
  return text.toLowerCase();
}
