import { invalidModel, noToken, notSimulated, resourceNotFound, wrongContentType } from '../errors';
import { assignmentAt, findAssignments } from '../entitlements/assignments';
import { requestAt } from '../entitlements/requests';
import type { Answer, Call, Operation } from '../http/routes';
import { flag, guidAt, id, optionalText, text } from '../odata/body';
import { list, type Filters, type Listing } from '../odata/list';
import type { Body } from '../odata/model';
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
import { documentedBody, requireFuture, type Reading } from './body';
import { accessPackage, assignment, describedPackage, request } from './model';

/** An operation of the documents. All five require an Authorization and a Content-Type header. */
export const documented =
  (operation: Operation): Operation =>
  (call) => {
    const { authorization = '', 'content-type': type = '' } = call.headers;
    if (!/^Bearer \S+$/.test(authorization)) throw noToken();
    if (!/^application\/json\s*(;|$)/i.test(type)) throw wrongContentType(type);
    return operation(call);
  };

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
 * Document 001. 000 could not find a package without a name, so one is required in either reading. The service sets the
 * dates itself and ignores given ones.
 */
export const postPackage =
  (reading: Reading): Operation =>
  (call) => {
    const body = documentedBody(call, '001', reading);
    const accessPackage = createPackage(call.tenant, call.view, {
      displayName: text(body, 'displayName'),
      description: optionalText(body, 'description'),
      isHidden: flag(body, 'isHidden', false),
      catalogId: undefined,
    });
    return { status: 201, body: describedPackage(accessPackage) };
  };

/** Document 002. Its example has no id, so there the display name identifies the package, as in 000. */
export const postIncompatible =
  (reading: Reading): Operation =>
  (call) => {
    const { tenant, view } = call;
    const body = documentedBody(call, '002', reading);
    const other =
      reading.members === 'table'
        ? requirePackage(tenant, view, id(body, 'id'))
        : requirePackageNamed(tenant, view, text(body, 'displayName'));
    const { catalogId } = requirePackage(tenant, undefined, other.id);
    const isThere = catalogId === undefined || catalogId === id(body, 'catalogId');
    if (!isThere) throw resourceNotFound('access package in the catalog');
    addIncompatible(tenant, view, guidAt(call), other.id);
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
export const postRequest =
  (reading: Reading): Operation =>
  (call) => {
    const { tenant } = call;
    const body = documentedBody(call, '003', reading);
    if (body['requestType'] !== 'AdminAdd') {
      throw notSimulated('requests of the draft documents of another type than AdminAdd');
    }
    requireValue(body, 'requestState', 'Submitted');
    requireValue(body, 'requestStatus', 'Accepted');
    requireFuture(body, 'expirationDateTime', tenant.now());
    if (body['isValidationOnly'] === true) throw notSimulated('validation without a request');
    const given = {
      completedDate: optionalText(body, 'completedDate'),
      expirationDateTime: optionalText(body, 'expirationDateTime'),
    };
    const submitted = submitUnbound(tenant, text(body, 'justification'), given, idIn(body));
    return { status: 201, body: present(request, submitted, call) };
  };

/** Only the tables have an id: there the client gives it. */
const idIn = (body: Body): string | undefined => ('id' in body ? id(body, 'id') : undefined);

/** Document 000. Its table has no id, so the display name identifies the package. */
export const postPackageOfRequest =
  (reading: Reading): Operation =>
  (call) => {
    const body = documentedBody(call, '000', reading);
    const requested = requestAt(call, call.view);
    const named = requirePackageNamed(call.tenant, call.view, text(body, 'displayName'));
    bindRequest(call.tenant, requested.id, named);
    return { status: 204 };
  };

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
export const postAssignment =
  (reading: Reading): Operation =>
  (call) => {
    const { tenant, view } = call;
    const body = documentedBody(call, '004', reading);
    requireValue(body, 'assignmentStatus', 'Delivered');
    requireValue(body, 'assignmentState', 'Delivered');
    requireFuture(body, 'expiredDateTime', tenant.now());
    const recorded = recordAssignment(tenant, view, {
      id: idIn(body),
      catalogId: id(body, 'catalogId'),
      packageId: id(body, 'accessPackageId'),
      policyId: id(body, 'assignmentPolicyId'),
      targetId: id(body, 'targetId'),
      isExtended: flag(body, 'isExtended', false),
      expiredDateTime: optionalText(body, 'expiredDateTime'),
    });
    return { status: 201, body: present(assignment, recorded, call) };
  };
