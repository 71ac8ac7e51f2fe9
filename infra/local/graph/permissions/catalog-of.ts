import type { Call } from '../http/call';
import type { Body } from '../odata/check-body';
import { parseFilter } from '../odata/filter';
import { optionalObject } from '../odata/read';

/** The catalog that a call is about, as it truly is: what a role in a catalog is held against. */
export function catalogOf(call: Call, place: string): string | undefined {
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

/** What a call names in its body or its filter, in the spelling of v1.0 or of beta. */
function namedIn({ body, query }: Call): Named {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Body;
  const filter = query.get('$filter') ?? query.get('filter');
  const filtered = filter === null ? [] : parseFilter(filter);
  const assignment =
    optionalObject(said, 'assignment') ?? optionalObject(said, 'accessPackageAssignment') ?? {};
  const inFilter = (...paths: string[]): unknown =>
    filtered.find(({ path }) => paths.includes(path))?.value;
  const idIn = (member: string): unknown => optionalObject(said, member)?.['id'];
  return {
    catalog: first(
      idIn('catalog'),
      idIn('accessPackageCatalog'),
      said['catalogId'],
      inFilter('catalog/id', 'catalogId', 'accessPackageCatalog/id'),
    ),
    accessPackage: first(
      idIn('accessPackage'),
      said['accessPackageId'],
      assignment['accessPackageId'],
      inFilter('accessPackage/id', 'accessPackageId'),
    ),
    assignment: first(assignment['id']),
    resource: first(idIn('resource'), idIn('accessPackageResource')),
  };
}

const first = (...values: unknown[]): string | undefined =>
  values.find((value): value is string => typeof value === 'string')?.toLowerCase();
