import type { TokenCredential } from '@azure/identity';
import type { RequestStatus } from '../domain/workflow/step-outcome';
import type { CatalogResource, ResourceRequest } from './answers';
import { assignmentVerbs } from './assignment-verbs';
import { createCaller, type Caller, type Traced } from './call';
import { betaRoutes } from './dialect-beta';
import { draftDefaults, draftRoutes, type DraftOptions } from './dialect-draft';
import { v1Routes } from './dialect-v1';
import { emptyOn404, GraphError, safeCode } from './errors';
import { checkRoot } from './graph-root';
import { createLookups } from './lookups';
import { textAt } from './odata';
import type {
  ChangedCatalog,
  ChangedPackage,
  ChangedPolicy,
  ExcludedPackage,
  NewCatalog,
  NewPackage,
  NewPolicy,
  NewResource,
  NewRoleScope,
  Routes,
} from './operations';
import { withPermissions, type Permissions } from './permissions';
import type { RateBudget } from './rate-budget';
import { requestStatusOf } from './states';
import { createTokenSource } from './token-source';
import { createTransport, throttled, type Throttle, type TransportOptions } from './transport';

const DEFAULT_DEADLINE_MS = 30_000;

/** The dialects of Graph that the client supports, by their names in the settings. */
export type Dialect = 'v1.0' | 'beta' | 'draft';

export type EntitlementsOptions = {
  /** `https://graph.microsoft.com` or the root of another cloud; http only on loopback. */
  root: string;
  dialect: Dialect;
  /** How the draft dialect follows the documents; as their examples unless given. */
  draft?: DraftOptions;
  /** Required over https, never used over http. */
  credential?: TokenCredential;
  /** The scope of the token; unless given, the root's host with `/.default`. */
  scope?: string;
  /** How long one call, and one token, may take. */
  deadlineMs?: number;
  /** The shared throttling state of the tenant. Without it, each call learns of throttling from its own answer. */
  throttle?: Throttle;
  /** What the app may call a second. Without it, Graph itself limits the calls. */
  budget?: Pick<RateBudget, 'takeRead' | 'spendWrite'>;
  /** The shared memory of what Graph allows. Without it, a refusal is final. */
  permissions?: Permissions;
  appVersion: string;
};

/**
 * The operations of entitlement management, the same in every dialect. Each makes one call (a list: one per page; by a
 * display name: one per Unicode form), is not
 * retried here, and throws `GraphError`. Throws at once if no token may be sent to the root.
 */
export function createEntitlements(options: EntitlementsOptions) {
  const { root, routes, send } = openDialect(options);
  const caller = createCaller(root, routes, send);
  return {
    /** Longest duration of one call in milliseconds, the checks before it included. A lease must last this long before a write. */
    deadlineMs:
      (options.deadlineMs ?? DEFAULT_DEADLINE_MS) +
      (options.throttle?.withinMs ?? 0) +
      (options.permissions?.withinMs ?? 0),
    ...directoryVerbs(caller),
    ...catalogVerbs(caller),
    ...packageVerbs(caller),
    ...assignmentVerbs(caller),
  };
}

/** The transport and the table of the dialect. Throws if no token may be sent to the root. */
export function openDialect(options: EntitlementsOptions) {
  const { root, secure } = checkRoot(options.root, options.credential !== undefined);
  const { routes, placeholderToken } = dialectTable(
    options.dialect,
    options.draft ?? draftDefaults,
  );
  const direct = createTransport(transportOptions(options, secure, placeholderToken));
  const polite = options.throttle ? throttled(direct, options.throttle, options.budget) : direct;
  const send = options.permissions ? withPermissions(polite, options.permissions) : polite;
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
  /** Sent instead of a token over loopback http, by a dialect whose documents require the header. */
  placeholderToken?: string;
};

/** The table of a dialect. Throws if a root of the draft dialect is not a path segment. */
function dialectTable(dialect: Dialect, draft: DraftOptions): DialectTable {
  switch (dialect) {
    case 'v1.0':
      return { routes: v1Routes };
    case 'beta':
      return { routes: betaRoutes };
    case 'draft':
      return { routes: draftRoutes(draft), placeholderToken: 'loopback-placeholder' };
  }
}

const directoryVerbs = ({ all, page }: Caller) => ({
  ...personLookup(all),
  /** The id of the tenant; undefined if the answer names none or several. */
  tenantId: async (): Promise<string | undefined> => {
    const [tenant, ...others] = await all('getOrganization', {});
    return others.length === 0 ? tenant?.id : undefined;
  },
  /** One page of all packages, or of all policies: how many there are. `url`: as the page before named it. */
  countPage: async (list: 'listAccessPackages' | 'listPolicies', url?: string) => {
    const { items, ...rest } = await page(list, {}, url);
    return { ...rest, count: items.length };
  },
  /** One page of everybody in the directory, without those whose attribute is empty. `url` as above. */
  usersPage: async (attribute: string, url?: string) => {
    const { items, ...rest } = await page('listUsers', { attribute }, url);
    const people = items.flatMap((user) => {
      const value = textAt(user, attribute);
      return value === undefined
        ? []
        : [{ id: user.id, isEnabled: user.accountEnabled !== false, value }];
    });
    return { ...rest, count: items.length, items: people };
  },
});

const personLookup = (all: Caller['all']) => ({
  /**
   * The people whom Graph finds by an attribute, each with its `value` as the directory has it: Graph ignores the case of
   * letters, so it may be another spelling. Whoever looks at the same moment shares a call.
   */
  findUsers: createLookups(async (attribute, values) => {
    const found = await all('findUsers', { attribute, values });
    return found.map((user) => ({
      id: user.id,
      accountEnabled: user.accountEnabled,
      value: textAt(user, attribute),
    }));
  }),
});

const catalogVerbs = ({ one, all }: Caller) => ({
  findCatalogs: (displayName: string) =>
    inEveryForm(displayName, (form) => all('findCatalogs', { displayName: form })),
  getCatalog: (id: string) => one('getCatalog', { id }),
  createCatalog: (catalog: NewCatalog) => one('createCatalog', catalog),
  /** Sets its name and description, and publishes it. */
  updateCatalog: (catalog: ChangedCatalog) => one('updateCatalog', catalog),
  findCatalogResources: (catalogId: string, originId: string) =>
    all('findCatalogResources', { catalogId, originId }),
  resourcesOfCatalog: (catalogId: string) => all('listCatalogResources', { catalogId }),
  /** The roles of one resource. Needed where the expansion of the resource omits them, as for applications. */
  findResourceRoles: (catalogId: string, resource: CatalogResource) =>
    all('findResourceRoles', { catalogId, resource }),
  /** Throws `not-carried-out` if Graph took the request and says at once that it failed. */
  addResourceToCatalog: async (resource: NewResource) =>
    carriedOut('addResourceToCatalog', 201, await one('addResourceToCatalog', resource)),
  /** How far a request to add a resource has come. Throws `not-carried-out` if it failed. */
  followResourceRequest: async (id: string): Promise<'open' | 'ended'> => {
    const [request] = await emptyOn404(one('getResourceRequest', { id }));
    if (!request) return 'ended';
    const { state } = carriedOut('getResourceRequest', 200, request);
    return requestStatusOf(state, undefined) === 'open' ? 'open' : 'ended';
  },
});

const NOT_CARRIED_OUT: readonly RequestStatus[] = ['failed', 'denied', 'canceled'];

function carriedOut(
  operation: string,
  status: number,
  request: Traced<ResourceRequest>,
): Traced<ResourceRequest> {
  const { state = '', graphRequestId: requestId } = request;
  if (!NOT_CARRIED_OUT.includes(requestStatusOf(state, undefined))) return request;
  const detailCodes = [safeCode(state)];
  throw new GraphError(operation, {
    ...{ status, code: 'not-carried-out', detailCodes, requestId, ambiguous: false },
  });
}

const packageVerbs = ({ one, all, further }: Caller) => ({
  /** Graph documents no filter by catalog, so the client filters. If the list does not show the catalog, it returns all. */
  findAccessPackages: (catalogId: string, displayName: string) =>
    inEveryForm(displayName, (form) =>
      all('findAccessPackages', { displayName: form }, (found) => isIn(found, catalogId)),
    ),
  /** All packages of a catalog, without what they grant. */
  packagesOfCatalog: (catalogId: string) =>
    all('listAccessPackages', {}, (found) => isIn(found, catalogId)),
  getAccessPackage: (id: string) => one('getAccessPackage', { id }),
  createAccessPackage: (accessPackage: NewPackage) => one('createAccessPackage', accessPackage),
  updateAccessPackage: (accessPackage: ChangedPackage) => one('updateAccessPackage', accessPackage),
  addResourceRoleScope: (roleScope: NewRoleScope) => one('addResourceRoleScope', roleScope),
  listAssignmentPolicies: (packageId: string) => all('listAssignmentPolicies', { packageId }),
  createAssignmentPolicy: (policy: NewPolicy) => one('createAssignmentPolicy', policy),
  replaceAssignmentPolicy: (policy: ChangedPolicy) => one('replaceAssignmentPolicy', policy),
  listIncompatible: (packageId: string) => all('listIncompatible', { packageId }),
  /**
   * The members that `addIncompatible` needs of a package. Makes no call in a dialect where the id is enough. A read of a
   * new package may not show its catalog yet: then `catalogId` is asked.
   */
  describeAccessPackage: async (
    id: string,
    catalogId: () => Promise<string | undefined>,
  ): Promise<ExcludedPackage> => {
    const shown = await further('describeAccessPackage')?.({ id });
    if (!shown) return { id };
    const inCatalog = shown.catalogId ?? (await catalogId());
    if (inCatalog !== undefined) return { ...shown, catalogId: inCatalog };
    throw new GraphError('describeAccessPackage', { code: 'not-yet-visible', ambiguous: false });
  },
  /** Holders of `other` can no longer get `packageId`. The other direction needs its own call. */
  addIncompatible: (packageId: string, other: ExcludedPackage) =>
    one('addIncompatible', { packageId, other }),
});

/**
 * Everything with a display name in any Unicode form, each once. Graph documents nothing about forms, so each is asked for;
 * most names have only one. The answers may have another spelling than the name.
 */
async function inEveryForm<Found extends { id: string }>(
  displayName: string,
  find: (form: string) => Promise<Found[]>,
): Promise<Found[]> {
  const forms = new Set([displayName, displayName.normalize('NFC'), displayName.normalize('NFD')]);
  const found = new Map<string, Found>();
  for (const form of forms) for (const one of await find(form)) found.set(one.id, one);
  return [...found.values()];
}

/** Whether a package is in the catalog; true if the answer does not show the catalog. */
export const isIn = (found: { catalogId: string | undefined }, catalogId: string): boolean =>
  found.catalogId === undefined || found.catalogId === catalogId;
