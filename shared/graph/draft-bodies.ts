import type { ExcludedPackage, NewAssignment, NewGrant, PackageText } from './operations';
import { uuidV5 } from '../domain/events/keys';

/**
 * Which members of the documents are sent: exactly those of the example request, or every member that the table calls
 * required. `nulls`: whether JSON null is sent for what has no value, or, to a receiver that refuses it, a value that says
 * the least.
 */
export type DraftBodies = { members: 'example' | 'table'; nulls: 'send' | 'refuse' };

// The type names are the documents' own; published Graph has never heard of the first.
const PACKAGE = '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage';
const REQUEST = '#microsoft.graph.accessPackageAssignmentRequest';
const ASSIGNMENT = '#microsoft.graph.accessPackageAssignment';

/** The members of each body in the order of its document. */
const memberNames = {
  '002': {
    example: [
      ...['catalogId', 'createdBy', 'description', 'displayName'],
      ...['isHidden', 'isRoleScopesVisible', 'modifiedBy'],
    ],
    table: [
      ...['catalogId', 'createdBy', 'createdDateTime', 'description', 'displayName', 'id'],
      ...['isHidden', 'isRoleScopesVisible', 'modifiedBy', 'modifiedDateTime'],
    ],
  },
  '003': {
    example: [
      ...['requestType', 'requestState', 'requestStatus', 'isValidationOnly'],
      ...['completedDate', 'expirationDateTime', 'justification'],
    ],
    table: [
      ...['id', 'requestType', 'requestState', 'requestStatus', 'isValidationOnly'],
      ...['createdDateTime', 'completedDate', 'expirationDateTime', 'justification'],
    ],
  },
  '004': {
    example: [
      ...['catalogId', 'accessPackageId', 'assignmentPolicyId', 'targetId'],
      ...['assignmentStatus', 'assignmentState', 'isExtended', 'expiredDateTime'],
    ],
    table: [
      ...['id', 'catalogId', 'accessPackageId', 'assignmentPolicyId', 'targetId'],
      ...['assignmentStatus', 'assignmentState', 'isExtended', 'expiredDateTime'],
    ],
  },
};

/** No access ends here: the last second that every date type can hold. */
const NO_END = '9999-12-31T23:59:59Z';

/** What is sent for a member without a value where null is refused; a time that is not named is the time of the request. */
const least: Readonly<Record<string, unknown>> = {
  ...{
    createdBy: 'unknown',
    modifiedBy: 'unknown',
    description: 'none',
    isRoleScopesVisible: false,
  },
  ...{ expirationDateTime: NO_END, expiredDateTime: NO_END },
};

function bodyOf(
  document: keyof typeof memberNames,
  type: string,
  values: Readonly<Record<string, unknown>>,
  { members, nulls }: DraftBodies,
): object {
  const now = new Date().toISOString();
  const without = (name: string) => (nulls === 'send' ? null : (least[name] ?? now));
  const sent = memberNames[document][members].map((name) => [name, values[name] ?? without(name)]);
  return { '@odata.type': type, ...(Object.fromEntries(sent) as object) };
}

/** Documents 000 and 001. Their tables call every member optional, so both readings are the example. */
export const packageBody = ({ displayName, description, hidden }: PackageText): object => ({
  ...{ '@odata.type': PACKAGE, displayName, description, isHidden: hidden },
});

/** Document 002, with what a read of the package told. */
export const excludedPackageBody = (known: ExcludedPackage, bodies: DraftBodies): object =>
  bodyOf('002', PACKAGE, known, bodies);

/** Document 003: it knows no person, package or policy, so the request is known again by its justification or its id. */
export const requestBody = (
  { justification, expirationDateTime }: NewGrant,
  bodies: DraftBodies,
): object =>
  bodyOf(
    '003',
    REQUEST,
    {
      ...{ id: ownRequestId(justification), requestType: 'AdminAdd' },
      ...{ requestState: 'Submitted', requestStatus: 'Accepted', isValidationOnly: false },
      ...{ createdDateTime: new Date().toISOString(), expirationDateTime, justification },
    },
    bodies,
  );

/** Document 004. */
export const assignmentBody = (
  assignment: NewAssignment & { expiredDateTime: string | undefined },
  bodies: DraftBodies,
): object =>
  bodyOf(
    '004',
    ASSIGNMENT,
    {
      id: ownAssignmentId(assignment.justification),
      catalogId: assignment.catalogId,
      accessPackageId: assignment.packageId,
      assignmentPolicyId: assignment.policyId,
      targetId: assignment.userId,
      assignmentStatus: 'Delivered',
      assignmentState: 'Delivered',
      isExtended: false,
      expiredDateTime: assignment.expiredDateTime,
    },
    bodies,
  );

// Two namespaces, drawn at random once, so that a request and its assignment have different ids.
const REQUESTS = '6f0e2d4b-3c5a-4f0e-9d57-1a9b6c1f8e21';
const ASSIGNMENTS = 'b1c7a9d3-52e4-4a86-8f3d-7c2e9f40a6b5';

/** The ids that this client gives, by the justification, which names event, attempt and package. */
export const ownRequestId = (justification: string): string => uuidV5(REQUESTS, justification);
export const ownAssignmentId = (justification: string): string =>
  uuidV5(ASSIGNMENTS, justification);
