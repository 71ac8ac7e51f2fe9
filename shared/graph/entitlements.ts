import type { TokenCredential } from '@azure/identity';
import type { AssignmentRequest, CatalogResource } from './answers';
import { createCaller } from './call';
import { checkRoot } from './graph-root';
import type {
  NewCatalog,
  NewRequest,
  NewPackage,
  NewPolicy,
  NewResource,
  NewRoleScope,
} from './definitions';
import type { Dialect } from './dialects';
import { dialects } from './dialects';
import { isOpen } from './states';
import { boundedCredential } from './token';
import type { TransportOptions } from './transport';
import { createTransport } from './transport';

export type EntitlementsOptions = {
  /** `https://graph.microsoft.com` or another cloud's; http only for this machine. */
  root: string;
  dialect: Dialect;
  /** Required over https, never used over http. */
  credential?: TokenCredential;
  /** The scope of the token; unless given, the root's host with `/.default`. */
  scope?: string;
  /** How long one call, and one token, may take. */
  deadlineMs?: number;
  appVersion: string;
};

/** Which requests of a package are looked for; absent members do not restrict. */
export type RequestSearch = { justification?: string; userId?: string; open?: boolean };

/**
 * The verbs of entitlement management, the same in every dialect. Each is one call (a list: one per page), never
 * repeated here, and throws `GraphError`. Throws at once if the root is not one that a token may be sent to.
 */
export function createEntitlements(options: EntitlementsOptions) {
  const { root, secure } = checkRoot(options.root, options.credential !== undefined);
  const deadlineMs = options.deadlineMs ?? 30_000;
  const send = createTransport(transportOptions(options, secure));
  const { one, all } = createCaller(root, dialects[options.dialect], send);

  return {
    /** How long one call may take at most: what a lease must have left before a write. */
    deadlineMs,

    findUsers: (attribute: string, value: string) => all('findUsers', { attribute, value }),

    findCatalogs: (displayName: string) => all('findCatalogs', { displayName }),
    getCatalog: (id: string) => one('getCatalog', { id }),
    createCatalog: (catalog: NewCatalog) => one('createCatalog', catalog),

    findCatalogResources: (catalogId: string, originId: string) =>
      all('findCatalogResources', { catalogId, originId }),
    /** The roles of one resource where its own expansion leaves them out, as for applications. */
    findResourceRoles: (catalogId: string, resource: CatalogResource) =>
      all('findResourceRoles', { catalogId, resource }),
    addResourceToCatalog: (resource: NewResource) => one('addResourceToCatalog', resource),

    findAccessPackages: (catalogId: string, displayName: string) =>
      all(
        'findAccessPackages',
        { displayName },
        // Graph documents no filter by catalog.
        (found) => found.catalogId === catalogId,
      ),
    getAccessPackage: (id: string) => one('getAccessPackage', { id }),
    createAccessPackage: (accessPackage: NewPackage) => one('createAccessPackage', accessPackage),
    addResourceRoleScope: (roleScope: NewRoleScope) => one('addResourceRoleScope', roleScope),

    listAssignmentPolicies: (packageId: string) => all('listAssignmentPolicies', { packageId }),
    createAssignmentPolicy: (policy: NewPolicy) => one('createAssignmentPolicy', policy),

    listIncompatible: (packageId: string) => all('listIncompatible', { packageId }),
    /** Holders of `otherId` can then not be given `packageId`; the other direction is a call of its own. */
    addIncompatible: (packageId: string, otherId: string) =>
      one('addIncompatible', { packageId, otherId }),

    /** All assignments of the package to the person, expired and unfinished ones too. */
    findAssignments: (packageId: string, userId: string) =>
      all('findAssignments', { packageId, userId }),
    getAssignment: (id: string) => one('getAssignment', { id }),
    submitAssignmentRequest: (request: NewRequest) => one('submitAssignmentRequest', request),
    getAssignmentRequest: (id: string) => one('getAssignmentRequest', { id }),
    /**
     * Requests of a package. Graph documents no filter by person, so every request of the package is read: for use
     * after an ambiguous answer or `existing-open-request`, not once per person.
     */
    findAssignmentRequests: (packageId: string, search: RequestSearch = {}) =>
      all('findAssignmentRequests', { packageId }, (request) => answers(request, search)),
  };
}

export type Entitlements = ReturnType<typeof createEntitlements>;

function transportOptions(options: EntitlementsOptions, secure: boolean): TransportOptions {
  const { appVersion, credential, deadlineMs = 30_000 } = options;
  if (!secure || !credential) return { appVersion, deadlineMs };
  const scope = options.scope ?? `${new URL(options.root).origin}/.default`;
  const auth = { credential: boundedCredential(credential, deadlineMs), scope };
  return { appVersion, deadlineMs, auth };
}

function answers(request: AssignmentRequest, search: RequestSearch): boolean {
  return (
    (search.justification === undefined || request.justification === search.justification) &&
    (search.userId === undefined || request.userId === search.userId) &&
    (search.open === undefined || isOpen(request.phase) === search.open)
  );
}
