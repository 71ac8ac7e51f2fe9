import { addResource, removeResource } from '../../services/resources';
import { notSimulated, resourceNotFound } from '../../errors';
import type { Answer, Call } from '../../http/call';
import { list, made, one, type Listing } from '../../odata/entities';
import type { OriginSystem, ResourceRequest } from '../../state/rows';
import { bodyOf, v1 } from '../dialect';
import { resourceRequest } from '../entities/catalogs';
import { guidAt, id, object, text } from '../../odata/read';

const requests: Listing<ResourceRequest> = {
  filterable: { 'catalog/id': { is: 'guid', value: ({ catalogId }) => catalogId } },
  candidates: ({ tenant, view }) => tenant.tables.resourceRequests.all(view),
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-resourcerequests */
export const listResourceRequests = (call: Call): Answer =>
  list(v1, resourceRequest, requests, call);

export function readResourceRequest(call: Call): Answer {
  const found = call.tenant.tables.resourceRequests.get(guidAt(call), call.view);
  if (found === undefined) throw resourceNotFound('resource request');
  return one(v1, resourceRequest, found, call);
}

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-resourcerequests */
export function postResourceRequest(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageResourceRequest');
  const resource = object(body, 'resource');
  const requestType = text(body, 'requestType');
  if (requestType === 'adminRemove') {
    const removed = removeResource(call.tenant, call.view, id(resource, 'id'));
    return made(v1, resourceRequest, removed, call);
  }
  if (requestType !== 'adminAdd') throw notSimulated(`resource requests of type ${requestType}`);
  const origin = {
    originSystem: knownSystem(text(resource, 'originSystem')),
    originId: id(resource, 'originId'),
  };
  const catalogId = id(object(body, 'catalog'), 'id');
  return made(v1, resourceRequest, addResource(call.tenant, call.view, catalogId, origin), call);
}

function knownSystem(system: string): OriginSystem {
  if (system === 'AadGroup' || system === 'AadApplication') return system;
  throw notSimulated(`resources of the system ${system}`);
}
