import { bindRequest } from '../services/bind-request';
import { requirePackageNamed } from '../services/packages';
import { submitUnbound } from '../services/requests';
import { notSimulated } from '../errors';
import type { Answer, Call } from '../http/call';
import { list, one, present, type Listing } from '../odata/entities';
import { optionalText, text } from '../odata/read';
import { plain } from '../odata/shape';
import { requestAt } from '../published/requests';
import type { AssignmentRequest } from '../state/rows';
import { documentedBody, draft, refuseId, requireMembers, requireValue } from './documented';
import { request } from './entities';
import { typeNames } from './type-names';

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

export const listRequests = (call: Call): Answer => list(draft, request, requests, call);

export const readRequest = (call: Call): Answer =>
  one(draft, request, requestAt(call, call.view), call);

/** Document 003: a request of no person, package or policy. */
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
  const made = submitUnbound(call.tenant, text(body, 'justification'), {
    completedDate: optionalText(body, 'completedDate'),
    expirationDateTime: optionalText(body, 'expirationDateTime'),
  });
  return { status: 201, body: present(draft, request, made, call, plain) };
}

/** Document 000. Its table has no id, so the name alone says which package is meant. */
export function postPackageOfRequest(call: Call): Answer {
  const body = documentedBody(call, 'describedAccessPackage', typeNames.accessPackage);
  const requested = requestAt(call, call.view);
  const named = requirePackageNamed(call.tenant, call.view, text(body, 'displayName'));
  bindRequest(call.tenant, requested.id, named);
  return { status: 204 };
}
