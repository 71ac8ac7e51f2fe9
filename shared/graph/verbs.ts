import type { CatalogResource } from './answers';
import type { Caller } from './call';
import type {
  ChangedCatalog,
  ChangedPackage,
  ChangedPolicy,
  ExcludedPackage,
  NewAssignment,
  NewCatalog,
  NewPackage,
  NewPolicy,
  NewRequest,
  NewResource,
  NewRoleScope,
  PackageText,
} from './definitions';
import { GraphError } from './graph-error';
import { endUnder } from './lifetime';

export const directoryVerbs = ({ all }: Caller) => ({
  findUsers: (attribute: string, value: string) => all('findUsers', { attribute, value }),
});

export const catalogVerbs = ({ one, all }: Caller) => ({
  findCatalogs: (displayName: string) => all('findCatalogs', { displayName }),
  getCatalog: (id: string) => one('getCatalog', { id }),
  createCatalog: (catalog: NewCatalog) => one('createCatalog', catalog),
  /** Names it as said, and publishes it. */
  updateCatalog: (catalog: ChangedCatalog) => one('updateCatalog', catalog),
  findCatalogResources: (catalogId: string, originId: string) =>
    all('findCatalogResources', { catalogId, originId }),
  /** The roles of one resource where its own expansion leaves them out, as for applications. */
  findResourceRoles: (catalogId: string, resource: CatalogResource) =>
    all('findResourceRoles', { catalogId, resource }),
  addResourceToCatalog: (resource: NewResource) => one('addResourceToCatalog', resource),
});

export const packageVerbs = ({ one, all, further }: Caller) => ({
  /** Graph documents no filter by catalog, so that is left to us; where the list does not tell the catalog, all are given. */
  findAccessPackages: (catalogId: string, displayName: string) =>
    all('findAccessPackages', { displayName }, (found) => isIn(found, catalogId)),
  getAccessPackage: (id: string) => one('getAccessPackage', { id }),
  createAccessPackage: (accessPackage: NewPackage) => one('createAccessPackage', accessPackage),
  updateAccessPackage: (accessPackage: ChangedPackage) => one('updateAccessPackage', accessPackage),
  addResourceRoleScope: (roleScope: NewRoleScope) => one('addResourceRoleScope', roleScope),
  listAssignmentPolicies: (packageId: string) => all('listAssignmentPolicies', { packageId }),
  createAssignmentPolicy: (policy: NewPolicy) => one('createAssignmentPolicy', policy),
  replaceAssignmentPolicy: (policy: ChangedPolicy) => one('replaceAssignmentPolicy', policy),
  listIncompatible: (packageId: string) => all('listIncompatible', { packageId }),
  /** What must be known of a package before another can exclude it; nothing is asked where its id is enough. */
  describeAccessPackage: async (id: string): Promise<ExcludedPackage> =>
    (await further('describeAccessPackage')?.({ id })) ?? { id },
  /** Holders of `other` can then not be given `packageId`; the other direction is a call of its own. */
  addIncompatible: (packageId: string, other: ExcludedPackage) =>
    one('addIncompatible', { packageId, other }),
});

/** Whether a package is in the catalog, as far as the answer tells. */
export const isIn = (found: { catalogId: string | undefined }, catalogId: string): boolean =>
  found.catalogId === undefined || found.catalogId === catalogId;

export const assignmentVerbs = ({ one, all, further }: Caller) => ({
  /** All assignments of the package to the person, expired and unfinished ones too. */
  findAssignments: (packageId: string, userId: string) =>
    all('findAssignments', { packageId, userId }),
  submitAssignmentRequest: (request: NewRequest) => one('submitAssignmentRequest', request),
  getAssignmentRequest: (id: string) => one('getAssignmentRequest', { id }),
  /**
   * Requests among which those with our `justification` are, and where Graph tells, all others of the package too. Graph
   * documents no filter by person, so every request of the package is read: for use after an ambiguous answer or
   * `existing-open-request`, not once per person.
   */
  findAssignmentRequests: (packageId: string, justification: string) =>
    all('findAssignmentRequests', { packageId, justification }),
  /** Gives a request its package where the request itself could not name it; nothing is sent elsewhere. */
  bindRequest: async (requestId: string, accessPackage: PackageText): Promise<void> => {
    await further('bindRequest')?.({ requestId, accessPackage });
  },
  /**
   * The POST that records the assignment of a delivered request, where Graph leaves that to the client; undefined where
   * Graph makes assignments itself. Reads the policy, without which the end of the access is unknown.
   */
  prepareAssignment: async (assignment: NewAssignment) => {
    const record = further('recordAssignment');
    if (!record) return undefined;
    const policies = await all('listAssignmentPolicies', { packageId: assignment.packageId });
    const policy = policies.find(({ id }) => id === assignment.policyId);
    if (!policy) {
      throw new GraphError('recordAssignment', { code: 'not-yet-visible', ambiguous: false });
    }
    const expiredDateTime = endUnder(policy, assignment.from);
    return () => record({ ...assignment, expiredDateTime });
  },
});
