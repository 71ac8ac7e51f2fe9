import { invalidModel, noToken, notSimulated, wrongContentType } from '../errors';
import { assignmentAt, findAssignments } from '../entitlements/assignments';
import { requestAt } from '../entitlements/requests';
import type { Answer, Call, Operation } from '../http/routes';
import { flag, guidAt, id, optionalText, text } from '../odata/body';
import { list, type Filters, type Listing } from '../odata/list';
import { checkBody, type Body } from '../odata/model';
import { one, present } from '../odata/present';
import {
  addIncompatible,
  createPackage,
  requirePackage,
  requirePackageNamed,
} from '../services/packages';
import { bindRequest, recordAssignment, submitUnbound } from '../services/requests';
import type { AccessPackage, Assignment, AssignmentRequest } from '../state/rows';
import { folded } from '../state/tables';
import {
  accessPackage,
  assignment,
  describedPackage,
  draftModel,
  request,
  typeNames,
} from './model';

/** An operation of the documents. All five require an Authorization and a Content-Type header. */
export const documented =
  (operation: Operation): Operation =>
  (call) => {
    const { authorization = '', 'content-type': type = '' } = call.headers;
    if (!/^Bearer \S+$/.test(authorization)) throw noToken();
    if (!/^application\/json\s*(;|$)/i.test(type)) throw wrongContentType(type);
    return operation(call);
  };

/** Checks a body against the table of its document. Only the examples have `@odata.type`, so it is optional. */
function documentedBody(call: Call, type: string, typeName: string): Body {
  const { '@odata.type': named = typeName, ...members } = (call.body ?? {}) as Body;
  if (named !== typeName) throw invalidModel(`@odata.type must be ${typeName}.`);
  return checkBody(draftModel, type, members);
}

/** Refuses a body that lacks a member that its document requires, or has null there. */
function requireMembers(body: Body, members: readonly string[]): void {
  for (const member of members) {
    const given = body[member] !== undefined && body[member] !== null;
    if (!given) throw invalidModel(`'${member}' is required.`);
  }
}

/** Refuses an id in a body that creates something. */
function refuseId(body: Body): void {
  if ('id' in body) throw invalidModel("'id' is given by the service.");
}

/** Refuses a value that no new object of this kind can have. */
function requireValue(body: Body, member: string, value: string): void {
  if (body[member] !== value) throw invalidModel(`'${member}' of a new object is '${value}'.`);
}

export const packageFilters: Filters<AccessPackage> = {
  id: { is: 'guid', value: (row) => row.id },
  displayName: { is: 'text', value: (row) => row.displayName },
};

const packages: Listing<AccessPackage> = {
  filterable: packageFilters,
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    return name === undefined
      ? tenant.tables.accessPackages.all(view)
      : tenant.tables.accessPackages.find('displayName', folded(name), view);
  },
};

export const listPackages = (call: Call): Answer => list(accessPackage, packages, call);

export const readPackage = (call: Call): Answer =>
  one(accessPackage, requirePackage(call.tenant, call.view, guidAt(call)), call);

/**
 * Document 001. It calls all properties optional, but 000 could not find a package without a name. The service sets the
 * dates itself and ignores given ones.
 */
export function postPackage(call: Call): Answer {
  const body = documentedBody(call, 'describedAccessPackage', typeNames.accessPackage);
  const accessPackage = createPackage(call.tenant, call.view, {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    isHidden: flag(body, 'isHidden', false),
    catalogId: undefined,
  });
  return { status: 201, body: describedPackage(accessPackage) };
}

/**
 * Document 002. It requires every member that a read of the package shows. A catalog that came with the first role is
 * optional, because an earlier read may not have shown it.
 */
export const postIncompatible =
  (shown: (row: AccessPackage, call: Call) => Record<string, unknown>): Operation =>
  (call) => {
    const body = documentedBody(call, 'accessPackage', typeNames.accessPackage);
    const other = requirePackage(call.tenant, call.view, id(body, 'id'));
    const required = Object.entries(shown(other, call))
      .filter(([member, value]) => value !== null && !member.startsWith('@'))
      .map(([member]) => member)
      .filter((member) => member !== 'catalogId' || other.catalogByRole !== true);
    requireMembers(body, required);
    addIncompatible(call.tenant, call.view, guidAt(call), other.id);
    return { status: 204 };
  };

const requests: Listing<AssignmentRequest> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    justification: { is: 'text', value: (row) => row.justification ?? undefined },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
  },
  candidates: ({ tenant, view }, equals) => {
    const { requests: table } = tenant.tables;
    const justification = equals('justification');
    if (justification !== undefined) return table.find('justification', justification, view);
    const packageId = equals('accessPackage/id');
    return packageId === undefined ? table.all(view) : table.find('accessPackage', packageId, view);
  },
};

export const listRequests = (call: Call): Answer => list(request, requests, call);

export const readRequest = (call: Call): Answer => one(request, requestAt(call, call.view), call);

/** Document 003: a request that names no person, package or policy. */
export function postRequest(call: Call): Answer {
  const body = documentedBody(call, 'accessPackageAssignmentRequest', typeNames.request);
  refuseId(body);
  requireMembers(body, [
    'requestType',
    'requestState',
    'requestStatus',
    'isValidationOnly',
    'justification',
  ]);
  if (body['requestType'] !== 'AdminAdd') {
    throw notSimulated('requests of the draft documents of another type than AdminAdd');
  }
  requireValue(body, 'requestState', 'Submitted');
  requireValue(body, 'requestStatus', 'Accepted');
  if (body['isValidationOnly'] === true) throw notSimulated('validation without a request');
  const submitted = submitUnbound(call.tenant, text(body, 'justification'), {
    completedDate: optionalText(body, 'completedDate'),
    expirationDateTime: optionalText(body, 'expirationDateTime'),
  });
  return { status: 201, body: present(request, submitted, call) };
}

/** Document 000. Its table has no id, so the display name identifies the package. */
export function postPackageOfRequest(call: Call): Answer {
  const body = documentedBody(call, 'describedAccessPackage', typeNames.accessPackage);
  const requested = requestAt(call, call.view);
  const named = requirePackageNamed(call.tenant, call.view, text(body, 'displayName'));
  bindRequest(call.tenant, requested.id, named);
  return { status: 204 };
}

const assignments: Listing<Assignment> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    accessPackageId: { is: 'guid', value: ({ packageId }) => packageId },
    assignmentPolicyId: { is: 'guid', value: ({ policyId }) => policyId },
    targetId: { is: 'guid', value: ({ targetId }) => targetId },
  },
  candidates: (call, equals) =>
    findAssignments(call, equals('accessPackageId'), equals('targetId')),
};

export const listAssignments = (call: Call): Answer => list(assignment, assignments, call);

export const readAssignment = (call: Call): Answer =>
  one(assignment, assignmentAt(call, call.view), call);

/** Document 004. */
export function postAssignment(call: Call): Answer {
  const body = documentedBody(call, 'accessPackageAssignment', typeNames.assignment);
  refuseId(body);
  requireMembers(body, [
    'catalogId',
    'accessPackageId',
    'assignmentPolicyId',
    'targetId',
    'assignmentStatus',
    'assignmentState',
    'isExtended',
  ]);
  requireValue(body, 'assignmentStatus', 'Delivered');
  requireValue(body, 'assignmentState', 'Delivered');
  const recorded = recordAssignment(call.tenant, call.view, {
    catalogId: id(body, 'catalogId'),
    packageId: id(body, 'accessPackageId'),
    policyId: id(body, 'assignmentPolicyId'),
    targetId: id(body, 'targetId'),
    isExtended: flag(body, 'isExtended', false),
    expiredDateTime: optionalText(body, 'expiredDateTime'),
  });
  return { status: 201, body: present(assignment, recorded, call) };
}
