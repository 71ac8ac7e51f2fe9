import { invalidModel, invalidRequest, unrecognizedGuid } from '../errors';
import { type Call, idAt } from '../http/routes';
import { isGuid, type Body } from './model';

/*
 * Readers of a checked body. Every member has its declared type already, so these only check which members an operation
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
