import type { Reach } from '../services/entitlement-roles';
import { callerNotResourceOwner, notAuthorized } from '../errors';
import type { Call } from '../http/call';
import type { Body } from '../odata/check-body';
import { optionalObject } from '../odata/read';
import { catalogOf } from './catalog-of';
import { hasAny, makesCatalogs, reachesIn } from './held';

/**
 * Throws UnAuthorized if the caller may not. An application needs the permission of the tenant or a role in the catalog
 * that the call is about; a list that names none is not for those who have a role only.
 * docs: the permissions of each page, and https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
export function requireEntitlement(call: Call, path: string, method: string): void {
  const { tenant } = call;
  const mayAll = hasAny(
    tenant,
    method === 'GET'
      ? ['EntitlementManagement.Read.All', 'EntitlementManagement.ReadWrite.All']
      : ['EntitlementManagement.ReadWrite.All'],
  );
  const place = publishedName(path);
  const makes = place === '/catalogs' && method === 'POST' && makesCatalogs(tenant);
  const catalogId = mayAll || makes ? undefined : catalogOf(call, place);
  const mayHere = catalogId !== undefined && reachesIn(tenant, catalogId, reachOf(place, method));
  if (!mayAll && !makes && !mayHere) throw notAuthorized();
  if (place === '/resourceRequests' && method === 'POST') requireResourceOwner(call);
}

/** The address as v1.0 names it: beta says accessPackageCatalogs, v1.0 catalogs. */
const publishedName = (path: string): string =>
  path.replace(/\/accessPackage([A-Z])/g, (_, letter: string) => `/${letter.toLowerCase()}`);

function reachOf(place: string, method: string): Reach {
  if (method === 'GET') return 'read';
  if (/^\/assignment(Request)?s/.test(place)) return 'assign';
  return /^\/(catalogs|resourceRequests)/.test(place) ? 'catalog' : 'packages';
}

/** An application adds only groups and applications that it may change anyway. */
function requireResourceOwner({ tenant, body }: Call): void {
  const asked = (body ?? {}) as Body;
  const resource =
    optionalObject(asked, 'resource') ?? optionalObject(asked, 'accessPackageResource');
  const system = resource?.['originSystem'];
  const owns =
    system === 'AadApplication'
      ? hasAny(tenant, ['Application.ReadWrite.All'])
      : system !== 'AadGroup' || hasAny(tenant, ['Group.ReadWrite.All', 'Directory.ReadWrite.All']);
  if (!owns) throw callerNotResourceOwner();
}
