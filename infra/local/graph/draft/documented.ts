import { invalidModel, noToken, wrongContentType } from '../errors';
import type { Call, Operation } from '../http/call';
import { checkBody, type Body } from '../odata/check-body';
import type { Dialect } from '../odata/entities';
import { model } from './model';

export const draft: Dialect = { model };

/** An operation of the documents: all five require an Authorization and a Content-Type header. */
export const documented =
  (operation: Operation): Operation =>
  (call) => {
    const { authorization = '', 'content-type': type = '' } = call.headers;
    if (!/^Bearer \S+$/.test(authorization)) throw noToken();
    if (!/^application\/json\s*(;|$)/i.test(type)) throw wrongContentType(type);
    return operation(call);
  };

/** The body of a call, held to the table of its document. `@odata.type` is in the examples alone: it may be left out. */
export function documentedBody(call: Call, type: string, typeName: string): Body {
  const { '@odata.type': named = typeName, ...members } = (call.body ?? {}) as Body;
  if (named !== typeName) throw invalidModel(`@odata.type must be ${typeName}.`);
  return checkBody(model, type, members);
}

/** Refuses a body that leaves out, or gives null for, what its document calls required. */
export function requireMembers(body: Body, members: readonly string[]): void {
  for (const member of members) {
    const given = body[member] !== undefined && body[member] !== null;
    if (!given) throw invalidModel(`'${member}' is required.`);
  }
}

/** Refuses an id in a body that creates something. */
export function refuseId(body: Body): void {
  if ('id' in body) throw invalidModel("'id' is given by the service.");
}

/** Refuses a value that no new object of this kind can have. */
export function requireValue(body: Body, member: string, value: string): void {
  if (body[member] !== value) throw invalidModel(`'${member}' of a new object is '${value}'.`);
}
