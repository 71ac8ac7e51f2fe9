import type { AssignmentRequest, CatalogResource } from './answers';
import type { Caller } from './call';
import type {
  NewCatalog,
  NewPackage,
  NewPolicy,
  NewRequest,
  NewResource,
  NewRoleScope,
} from './definitions';
import { isOpen } from './states';

/** Which requests of a package are looked for; absent members do not restrict. */
export type RequestSearch = { justification?: string; userId?: string; open?: boolean };

export const directoryVerbs = ({ all }: Caller) => ({
  findUsers: (attribute: string, value: string) => all('findUsers', { attribute, value }),
});

export const catalogVerbs = ({ one, all }: Caller) => ({
  findCatalogs: (displayName: string) => all('findCatalogs', { displayName }),
  getCatalog: (id: string) => one('getCatalog', { id }),
  createCatalog: (catalog: NewCatalog) => one('createCatalog', catalog),
  findCatalogResources: (catalogId: string, originId: string) =>
    all('findCatalogResources', { catalogId, originId }),
  /** The roles of one resource where its own expansion leaves them out, as for applications. */
  findResourceRoles: (catalogId: string, resource: CatalogResource) =>
    all('findResourceRoles', { catalogId, resource }),
  addResourceToCatalog: (resource: NewResource) => one('addResourceToCatalog', resource),
});

export const packageVerbs = ({ one, all }: Caller) => ({
  /** Graph documents no filter by catalog, so that is left to us. */
  findAccessPackages: (catalogId: string, displayName: string) =>
    all('findAccessPackages', { displayName }, (found) => found.catalogId === catalogId),
  getAccessPackage: (id: string) => one('getAccessPackage', { id }),
  createAccessPackage: (accessPackage: NewPackage) => one('createAccessPackage', accessPackage),
  addResourceRoleScope: (roleScope: NewRoleScope) => one('addResourceRoleScope', roleScope),
  listAssignmentPolicies: (packageId: string) => all('listAssignmentPolicies', { packageId }),
  createAssignmentPolicy: (policy: NewPolicy) => one('createAssignmentPolicy', policy),
  listIncompatible: (packageId: string) => all('listIncompatible', { packageId }),
  /** Holders of `otherId` can then not be given `packageId`; the other direction is a call of its own. */
  addIncompatible: (packageId: string, otherId: string) =>
    one('addIncompatible', { packageId, otherId }),
});

export const assignmentVerbs = ({ one, all }: Caller) => ({
  /** All assignments of the package to the person, expired and unfinished ones too. */
  findAssignments: (packageId: string, userId: string) =>
    all('findAssignments', { packageId, userId }),
  getAssignment: (id: string) => one('getAssignment', { id }),
  submitAssignmentRequest: (request: NewRequest) => one('submitAssignmentRequest', request),
  getAssignmentRequest: (id: string) => one('getAssignmentRequest', { id }),
  /**
   * Requests of a package. Graph documents no filter by person, so every request of the package is read: for use after
   * an ambiguous answer or `existing-open-request`, not once per person.
   */
  findAssignmentRequests: (packageId: string, search: RequestSearch = {}) =>
    all('findAssignmentRequests', { packageId }, (request) => answers(request, search)),
});

function answers(request: AssignmentRequest, search: RequestSearch): boolean {
  return (
    (search.justification === undefined || request.justification === search.justification) &&
    (search.userId === undefined || request.userId === search.userId) &&
    (search.open === undefined || isOpen(request.phase) === search.open)
  );
}
