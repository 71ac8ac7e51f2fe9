import type { TokenCredential } from '@azure/identity';
import type { CatalogResource } from './answers';
import { createCaller, type Caller } from './call';
import { betaRoutes } from './dialect-beta';
import { draftRoots, draftRoutes, type DraftRoots } from './dialect-draft';
import { v1Routes } from './dialect-v1';
import { GraphError } from './errors';
import { checkRoot } from './graph-root';
import { endUnder } from './lifetime';
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
  Routes,
} from './operations';
import { throttled, type Throttle } from './throttle';
import { createTokenSource } from './token-source';
import { createTransport, type TransportOptions } from './transport';

const DEFAULT_DEADLINE_MS = 30_000;

/** The dialects of Graph that the client speaks, by the name that the settings use. */
export type Dialect = 'v1.0' | 'beta' | 'draft';

export type EntitlementsOptions = {
  /** `https://graph.microsoft.com` or another cloud's; http only for this machine. */
  root: string;
  dialect: Dialect;
  /** Where the documents of the draft dialect are sent to, unless it is where their examples say. */
  draftRoots?: DraftRoots;
  /** Required over https, never used over http. */
  credential?: TokenCredential;
  /** The scope of the token; unless given, the root's host with `/.default`. */
  scope?: string;
  /** How long one call, and one token, may take. */
  deadlineMs?: number;
  /** What all who act in this tenant know of its throttling; without it each call finds out by itself. */
  throttle?: Throttle;
  appVersion: string;
};

/**
 * The verbs of entitlement management, the same in every dialect. Each is one call (a list: one per page), never
 * repeated here, and throws `GraphError`. Throws at once if the root is not one that a token may be sent to.
 */
export function createEntitlements(options: EntitlementsOptions) {
  const { root, routes, send } = openDialect(options);
  const caller = createCaller(root, routes, send);
  return {
    /** How long one call may take at most, asking the throttle included: what a lease must have left before a write. */
    deadlineMs: (options.deadlineMs ?? DEFAULT_DEADLINE_MS) + (options.throttle?.withinMs ?? 0),
    ...directoryVerbs(caller),
    ...catalogVerbs(caller),
    ...packageVerbs(caller),
    ...assignmentVerbs(caller),
  };
}

/** The way to Graph and the table of the dialect. Throws if the root is not one that a token may be sent to. */
export function openDialect(options: EntitlementsOptions) {
  const { root, secure } = checkRoot(options.root, options.credential !== undefined);
  const { routes, placeholderToken } = dialectTable(
    options.dialect,
    options.draftRoots ?? draftRoots,
  );
  const direct = createTransport(transportOptions(options, secure, placeholderToken));
  const send = options.throttle ? throttled(direct, options.throttle) : direct;
  return { root, routes, send };
}

export type Entitlements = ReturnType<typeof createEntitlements>;

function transportOptions(
  options: EntitlementsOptions,
  secure: boolean,
  placeholderToken: string | undefined,
): TransportOptions {
  const { appVersion, credential, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  if (!secure || !credential) {
    return { appVersion, deadlineMs, ...(placeholderToken !== undefined && { placeholderToken }) };
  }
  const scope = options.scope ?? `${new URL(options.root).origin}/.default`;
  return { appVersion, deadlineMs, tokens: createTokenSource(credential, scope, deadlineMs) };
}

type DialectTable = {
  routes: Routes;
  /** Sent over loopback http, where no real token may go, by a dialect whose documents require the header. */
  placeholderToken?: string;
};

/** The table of a dialect. Throws if a root of the draft dialect is not a path segment. */
function dialectTable(dialect: Dialect, roots: DraftRoots): DialectTable {
  switch (dialect) {
    case 'v1.0':
      return { routes: v1Routes };
    case 'beta':
      return { routes: betaRoutes };
    case 'draft':
      return { routes: draftRoutes(roots), placeholderToken: 'loopback-placeholder' };
  }
}

const directoryVerbs = ({ all }: Caller) => ({
  findUsers: (attribute: string, value: string) => all('findUsers', { attribute, value }),
});

const catalogVerbs = ({ one, all }: Caller) => ({
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

const packageVerbs = ({ one, all, further }: Caller) => ({
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

const assignmentVerbs = ({ one, all, further }: Caller) => ({
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
