import { addResource, removeResource } from '../../services/resources';
import { notSimulated, resourceNotFound } from '../../errors';
import type { Answer, Call } from '../../http/call';
import { list, made, one, type Listing } from '../../odata/entities';
import { flag, guidAt, id, object, text } from '../../odata/read';
import type { OriginSystem, ResourceRequest } from '../../state/rows';
import { beta, bodyOf } from '../dialect';
import { resourceRequest } from '../entities/resources';
import { camel } from '../words';

const requests: Listing<ResourceRequest> = {
  filterable: { catalogId: { is: 'guid', value: ({ catalogId }) => catalogId } },
  candidates: ({ tenant, view }) => tenant.tables.resourceRequests.all(view),
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackageresourcerequests?view=graph-rest-beta */
export const listResourceRequests = (call: Call): Answer =>
  list(beta, resourceRequest, requests, call);

export function readResourceRequest(call: Call): Answer {
  const found = call.tenant.tables.resourceRequests.get(guidAt(call), call.view);
  if (found === undefined) throw resourceNotFound('resource request');
  return one(beta, resourceRequest, found, call);
}

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackageresourcerequests?view=graph-rest-beta */
export function postResourceRequest(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageResourceRequest');
  if (flag(body, 'isValidationOnly', false)) throw notSimulated('validation without a request');
  const resource = object(body, 'accessPackageResource');
  const requestType = camel(text(body, 'requestType'), 'requestType');
  if (requestType === 'adminRemove') {
    const removed = removeResource(call.tenant, call.view, id(resource, 'id'));
    return made(beta, resourceRequest, removed, call);
  }
  if (requestType !== 'adminAdd') throw notSimulated(`resource requests of type ${requestType}`);
  const origin = {
    originSystem: knownSystem(text(resource, 'originSystem')),
    originId: id(resource, 'originId'),
  };
  const added = addResource(call.tenant, call.view, id(body, 'catalogId'), origin);
  return made(beta, resourceRequest, added, call);
}

function knownSystem(system: string): OriginSystem {
  if (system === 'AadGroup' || system === 'AadApplication') return system;
  throw notSimulated(`resources of the system ${system}`);
}
