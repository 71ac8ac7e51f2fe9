import { callerNotResourceOwner, notAuthorized } from '../errors';
import type { Call } from '../http/routes';
import { optionalObject } from '../odata/body';
import { parseFilter } from '../odata/filter';
import type { Body } from '../odata/model';
import {
  catalogIn,
  definitionOf,
  type Permission,
  permissionOf,
  type Reach,
  reaches,
} from '../services/permissions';
import type { Tenant } from '../services/tenant';

/** Whether the caller has any of these application permissions. */
export function hasAny({ caller, tables }: Tenant, permissions: readonly Permission[]): boolean {
  return tables.appRoleAssignments.find('principal', caller.id ?? '').some(({ row }) => {
    const name = permissionOf(row.appRoleId);
    return name !== undefined && permissions.includes(name);
  });
}

/** Whether a role of the caller in a catalog reaches far enough. */
function reachesIn({ caller, tables }: Tenant, catalogId: string, required: Reach): boolean {
  return tables.entitlementRoles.find('principal', caller.id ?? '').some(({ row }) => {
    const reach = definitionOf(row.roleDefinitionId)?.reach;
    if (reach === undefined || catalogIn(row) !== catalogId) return false;
    return reaches.indexOf(reach) >= reaches.indexOf(required);
  });
}

/** Whether the caller may create catalogs by a role instead of a permission. */
const makesCatalogs = ({ caller, tables }: Tenant): boolean =>
  tables.entitlementRoles
    .find('principal', caller.id ?? '')
    .some(({ row }) => row.directoryScopeId === '/');

/**
 * Throws UnAuthorized unless the caller may do this. An application needs a permission in the tenant or a role in the
 * catalog that the call concerns. A caller with a role alone cannot list what names no catalog.
 * docs: the permissions of each page, and https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
export function requireEntitlement(call: Call, path: string, method: string): void {
  const { tenant } = call;
  const mayEverywhere = hasAny(
    tenant,
    method === 'GET'
      ? ['EntitlementManagement.Read.All', 'EntitlementManagement.ReadWrite.All']
      : ['EntitlementManagement.ReadWrite.All'],
  );
  const place = publishedName(path);
  const makes = place === '/catalogs' && method === 'POST' && makesCatalogs(tenant);
  const catalogId = mayEverywhere || makes ? undefined : catalogOf(call, place);
  const mayHere = catalogId !== undefined && reachesIn(tenant, catalogId, reachOf(place, method));
  if (!mayEverywhere && !makes && !mayHere) throw notAuthorized();
  if (place === '/resourceRequests' && method === 'POST') requireResourceOwner(call);
}

/** The address by its v1.0 name: beta has accessPackageCatalogs where v1.0 has catalogs. */
const publishedName = (path: string): string =>
  path.replace(/\/accessPackage([A-Z])/g, (_, letter: string) => `/${letter.toLowerCase()}`);

function reachOf(place: string, method: string): Reach {
  if (method === 'GET') return 'read';
  if (/^\/assignment(Request)?s/.test(place)) return 'assign';
  return /^\/(catalogs|resourceRequests)/.test(place) ? 'catalog' : 'packages';
}

/** An application can add only groups and applications that it may change. */
function requireResourceOwner({ tenant, body }: Call): void {
  const request = (body ?? {}) as Body;
  const resource =
    optionalObject(request, 'resource') ?? optionalObject(request, 'accessPackageResource');
  const system = resource?.['originSystem'];
  const owns =
    system === 'AadApplication'
      ? hasAny(tenant, ['Application.ReadWrite.All'])
      : system !== 'AadGroup' || hasAny(tenant, ['Group.ReadWrite.All', 'Directory.ReadWrite.All']);
  if (!owns) throw callerNotResourceOwner();
}

/** The catalog that a call concerns, without replica lag. */
function catalogOf(call: Call, place: string): string | undefined {
  const { tables } = call.tenant;
  const id = call.ids[0]?.toLowerCase();
  const ofPackage = (packageId: string | undefined): string | undefined =>
    tables.accessPackages.get(packageId?.toLowerCase() ?? '')?.catalogId;
  const named = namedIn(call);

  if (place.startsWith('/catalogs')) return id;
  if (place.startsWith('/accessPackages')) {
    return id === undefined ? named.catalog : ofPackage(id);
  }
  if (place.startsWith('/resourceRequests')) {
    return named.catalog ?? tables.resources.get(named.resource ?? '')?.catalogId;
  }
  if (id === undefined) {
    const assignment = tables.assignments.get(named.assignment ?? '');
    return ofPackage(named.accessPackage ?? assignment?.packageId);
  }
  const row = tables.policies.get(id) ?? tables.requests.get(id) ?? tables.assignments.get(id);
  return ofPackage(row?.packageId);
}

type Named = Record<'catalog' | 'accessPackage' | 'assignment' | 'resource', string | undefined>;

/** The ids in the body or the filter of a call, in the spelling of v1.0 or of beta. */
function namedIn({ body, query }: Call): Named {
  const members = (typeof body === 'object' && body !== null ? body : {}) as Body;
  const filter = query.get('$filter') ?? query.get('filter');
  const filtered = filter === null ? [] : parseFilter(filter);
  const assignment =
    optionalObject(members, 'assignment') ??
    optionalObject(members, 'accessPackageAssignment') ??
    {};
  const inFilter = (...paths: string[]): unknown =>
    filtered.find(({ path }) => paths.includes(path))?.value;
  const idIn = (member: string): unknown => optionalObject(members, member)?.['id'];
  return {
    catalog: first(
      idIn('catalog'),
      idIn('accessPackageCatalog'),
      members['catalogId'],
      inFilter('catalog/id', 'catalogId', 'accessPackageCatalog/id'),
    ),
    accessPackage: first(
      idIn('accessPackage'),
      members['accessPackageId'],
      assignment['accessPackageId'],
      inFilter('accessPackage/id', 'accessPackageId'),
    ),
    assignment: first(assignment['id']),
    resource: first(idIn('resource'), idIn('accessPackageResource')),
  };
}

const first = (...values: unknown[]): string | undefined =>
  values.find((value): value is string => typeof value === 'string')?.toLowerCase();
