import { invalidModel } from '../errors';
import type { Call } from '../http/routes';
import { checkBody, type Body } from '../odata/model';
import { draftModel, typeNames } from './model';

/** How strictly which reading of the documents is checked: their examples, or their tables. */
export type Reading = { members: 'example' | 'table'; nulls: 'accept' | 'refuse' };

type Document = {
  type: string;
  typeName: string;
  /** The members of the example request: all of them are required, and no others taken. */
  example: readonly string[];
  /** The members that the table calls required. */
  table: readonly string[];
  /** The members that the table calls optional. */
  optional: readonly string[];
};

const describedPackage = {
  type: 'describedAccessPackage',
  typeName: typeNames.accessPackage,
  example: ['displayName', 'description', 'isHidden'],
  table: [],
  optional: ['displayName', 'description', 'isHidden', 'createdDateTime', 'modifiedDateTime'],
};

const documents = {
  '000': describedPackage,
  '001': describedPackage,
  '002': {
    type: 'accessPackage',
    typeName: typeNames.accessPackage,
    example: [
      ...['catalogId', 'createdBy', 'description', 'displayName'],
      ...['isHidden', 'isRoleScopesVisible', 'modifiedBy'],
    ],
    table: [
      ...['catalogId', 'createdBy', 'createdDateTime', 'description', 'displayName', 'id'],
      ...['isHidden', 'isRoleScopesVisible', 'modifiedBy', 'modifiedDateTime'],
    ],
    optional: [],
  },
  '003': {
    type: 'accessPackageAssignmentRequest',
    typeName: typeNames.request,
    example: [
      ...['requestType', 'requestState', 'requestStatus', 'isValidationOnly'],
      ...['completedDate', 'expirationDateTime', 'justification'],
    ],
    table: [
      ...['id', 'requestType', 'requestState', 'requestStatus', 'isValidationOnly'],
      ...['createdDateTime', 'completedDate', 'expirationDateTime', 'justification'],
    ],
    optional: [],
  },
  '004': {
    type: 'accessPackageAssignment',
    typeName: typeNames.assignment,
    example: [
      ...['catalogId', 'accessPackageId', 'assignmentPolicyId', 'targetId'],
      ...['assignmentStatus', 'assignmentState', 'isExtended', 'expiredDateTime'],
    ],
    table: [
      ...['id', 'catalogId', 'accessPackageId', 'assignmentPolicyId', 'targetId'],
      ...['assignmentStatus', 'assignmentState', 'isExtended', 'expiredDateTime'],
    ],
    optional: [],
  },
} satisfies Record<string, Document>;

/** What a client may have no value for: a time that has not come, an end that there is none of, who wrote a package. */
const nullable = new Set([
  ...['createdDateTime', 'modifiedDateTime', 'completedDate', 'expirationDateTime'],
  ...['expiredDateTime', 'createdBy', 'modifiedBy', 'isRoleScopesVisible'],
]);

/**
 * Checks a body against one reading of its document: every member that the reading requires is there, and no other. Only
 * the examples have `@odata.type`, so it is optional.
 */
export function documentedBody(
  call: Call,
  number: keyof typeof documents,
  { members: which, nulls }: Reading,
): Body {
  const document: Document = documents[number];
  const { '@odata.type': named = document.typeName, ...members } = (call.body ?? {}) as Body;
  if (named !== document.typeName) throw invalidModel(`@odata.type must be ${document.typeName}.`);
  const body = checkBody(draftModel, document.type, members);
  const required = document[which];
  const allowed = new Set([...required, ...(which === 'table' ? document.optional : [])]);
  for (const member of required) {
    if (body[member] === undefined) throw invalidModel(`'${member}' is required.`);
  }
  for (const [member, value] of Object.entries(body)) {
    if (!allowed.has(member))
      throw invalidModel(`'${member}' is not in the ${which} of ${number}.`);
    const mayBeNull = nulls === 'accept' && nullable.has(member);
    if (value === null && !mayBeNull) throw invalidModel(`'${member}' must have a value.`);
  }
  return body;
}

/** Refuses access that would be over before it begins. */
export function requireFuture(body: Body, member: string, now: number): void {
  const end = body[member];
  if (typeof end === 'string' && Date.parse(end) <= now) {
    throw invalidModel(`'${member}' is in the past.`);
  }
}
