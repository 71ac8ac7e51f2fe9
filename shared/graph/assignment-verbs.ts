import type { RequestStatus } from '../domain/workflow/step-outcome';
import type { Assignment, AssignmentPolicy, AssignmentRequest } from './answers';
import type { Caller } from './call';
import { emptyOn404, GraphError, isForbidden } from './errors';
import { endUnder } from './answers';
import type {
  FurtherOperation,
  InputOf,
  NewAssignment,
  NewRemoval,
  NewRequest,
  NewUpdate,
  PackageText,
} from './operations';
import { inScope, isOptional } from './permissions';
import { createScans } from './scans';
import { isOpen, openStates, type AssignmentStatus } from './states';

/** By so much our clock and Graph's may differ. */
const CLOCKS_MS = 5 * 60_000;

/** When access that begins at `from` ends by its request and by its policy, whichever is first; undefined if it does not. */
async function endOf(
  { first }: Caller,
  { packageId, policyId, until }: Pick<NewAssignment, 'packageId' | 'policyId' | 'until'>,
  from: string,
): Promise<string | undefined> {
  const policy = await first('listAssignmentPolicies', { packageId }, ({ id }) => id === policyId);
  if (!policy) throw notYetVisible('endOf');
  const ends = [endUnder(policy, from), until].filter((one) => one !== undefined);
  const end = ends.sort((one, other) => Date.parse(one) - Date.parse(other))[0];
  // Without an end it would be access for ever, and with this one none at all.
  if (end !== undefined && Date.parse(end) <= Date.now()) {
    throw new GraphError('endOf', { code: 'lifetime-over', ambiguous: false });
  }
  return end;
}

/** Access that a person has or gets, or that is partial or failed; `until`: its end, if it has one. */
export type HeldAccess = {
  id: string;
  packageId: string;
  policyId: string | undefined;
  /** Undefined where the answer does not show it, as in v1.0. */
  catalogId: string | undefined;
  status: Exclude<AssignmentStatus, 'expired'>;
  until: string | undefined;
};

/** A request that is not over. `requestType` as v1.0 spells it: `adminAdd`, `adminRemove`, `systemAdd` and so on. */
export type OpenRequest = {
  id: string;
  packageId: string;
  requestType: string | undefined;
  status: RequestStatus;
  justification: string | undefined;
  assignmentId: string | undefined;
};

/** What a policy says of requests under it. */
export type PolicyInForce = {
  id: string;
  packageId: string | undefined;
  /**
   * Whether a grant, or a new end, needs an approver. Graph may let an administrator's request pass without one, by a
   * setting of the tenant that no application can read: then it does not enter `waiting-for-approval`.
   */
  approval: 'required' | 'not-required';
  approvalOfUpdate: 'required' | 'not-required';
  /** Whether a request may have an end of its own. */
  schedule: 'allowed' | 'forbidden';
  /** Whether it gives access by a rule of its own, and takes it when the rule no longer holds. */
  automatic: boolean;
  /** The lifetime of access under it: `endUnder` tells the end. */
  expiration: AssignmentPolicy['expiration'];
};

const heldAccess = (found: Assignment): HeldAccess[] => {
  const { id, packageId, policyId, catalogId, assignmentStatus: status, until } = found;
  if (status === 'expired') return [];
  // A replica that does not know the package yet shows the assignment without it.
  if (packageId === undefined) throw notYetVisible('assignmentsOf');
  return [{ ...{ id, packageId, policyId, catalogId, status, until } }];
};

function ofSomebody(packageId: string, found: Assignment): (HeldAccess & { userId: string })[] {
  const { userId } = found;
  // Somebody from another organization may not be in this directory yet.
  if (userId === undefined) return [];
  return heldAccess({ ...found, packageId }).map((held) => ({ ...held, userId }));
}

const openRequest = (found: AssignmentRequest): OpenRequest => {
  const { id, packageId, requestType, requestStatus: status, justification, assignmentId } = found;
  if (packageId === undefined) throw notYetVisible('requestsOf');
  return { ...{ id, packageId, requestType, status, justification, assignmentId } };
};

const notYetVisible = (operation: string): GraphError =>
  new GraphError(operation, { code: 'not-yet-visible', ambiguous: false });

/** By so much the passes over the open requests of a tenant are apart. */
const PAUSE_MS = 5_000;

/**
 * Looks in a list of the tenant, or in one of each package if Graph refuses that: a caller with roles in catalogs alone
 * must name a package. That refusal is no news of a permission that the app needs.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments
 */
async function elseByPackage<Found>(
  inTenant: () => Promise<Found | undefined>,
  packageIds: readonly string[],
  ofPackage: (packageId: string) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  try {
    return await inScope({ isOptional: true }, inTenant);
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  for (const packageId of packageIds) {
    try {
      const found = await ofPackage(packageId);
      if (found) return found;
    } catch (error) {
      // It is in a catalog where the caller has no role.
      if (!isOptional() || !isForbidden(error)) throw error;
    }
  }
  return undefined;
}

/** Requests and assignments. `entitlements.ts` says what holds for every operation. */
export const assignmentVerbs = (caller: Caller) => {
  const { one, all, each, page, first, further, furtherEach } = caller;
  /** The call of an operation; throws `unsupported` in a dialect without it. */
  const supported = <Name extends FurtherOperation>(operation: Name, input: InputOf<Name>) => {
    const call = further(operation);
    if (call) return call(input);
    return Promise.reject(new GraphError(operation, { code: 'unsupported', ambiguous: false }));
  };
  const scan = createScans<AssignmentRequest>(PAUSE_MS);
  const openInTenant = async function* () {
    for (const state of openStates) yield* each('listRequestsInState', { state });
  };
  const findOpenRequest = (
    packageIds: readonly string[],
    isWanted: (request: AssignmentRequest) => boolean,
  ): Promise<AssignmentRequest | undefined> =>
    elseByPackage(
      () => scan('tenant', openInTenant, isWanted),
      packageIds,
      (packageId) =>
        scan(
          `${packageId} ${isOptional()}`,
          () => each('findAssignmentRequests', { packageId }),
          (one) => isOpen(one.requestStatus) && isWanted(one),
        ),
    );
  return {
    /** All assignments of the package to the person, including expired and unfinished ones. */
    findAssignments: (packageId: string, userId: string) =>
      all('findAssignments', { packageId, userId }),
    /** In a dialect that leaves the end of the access to the client, first reads the policy, which gives it. */
    submitAssignmentRequest: async (request: NewRequest) => {
      if (!further('recordAssignment')) return one('submitAssignmentRequest', request);
      const expirationDateTime = await endOf(caller, request, new Date().toISOString());
      return one('submitAssignmentRequest', { ...request, expirationDateTime });
    },
    getAssignmentRequest: (id: string) => one('getAssignmentRequest', { id }),
    /**
     * How far all requests have come that were made after `since` (ISO 8601), whoever made them; undefined in a dialect that
     * has no such list.
     */
    progressSince: (since: string) => furtherEach('listProgress', { since }),
    /** All requests of the package, which may be very many. Not for runs: see `findRequest` and `findOpenRequest`. */
    findAssignmentRequests: (packageId: string, justification: string) =>
      all('findAssignmentRequests', { packageId, justification }),
    /**
     * An open request for one of the packages, of whatever age. Reads what is open in the tenant, state by state, or the
     * requests of these packages where the caller may not. Those who look at the same time share a pass.
     */
    findOpenRequest,
    /**
     * Everything that a person has, of all packages, without what has expired: one list. Where the caller may not list
     * the tenant, only what they have of `packageIds`.
     */
    assignmentsOf: async (userId: string, packageIds: readonly string[]): Promise<HeldAccess[]> => {
      const found: Assignment[] = [];
      const keep = (assignments: Assignment[]): undefined => void found.push(...assignments);
      await elseByPackage(
        async () => keep(await all('listAssignmentsOf', { userId })),
        packageIds,
        async (packageId) => keep(await all('findAssignments', { packageId, userId })),
      );
      return found.flatMap(heldAccess);
    },
    /** One page of what everybody has of a package, without what has expired. `url`: as the page before named it. */
    assignmentsPage: async (packageId: string, url?: string) => {
      const { items, ...rest } = await page('listAssignmentsOfPackage', { packageId }, url);
      return { ...rest, items: items.flatMap((found) => ofSomebody(packageId, found)) };
    },
    /** One page of all requests made after `since`: how many there are, and the open ones. `url` as above. */
    requestsPage: async (since: string, url?: string) => {
      const { items, ...rest } = await page('listRequests', { since }, url);
      const open = items.filter(({ requestStatus }) => isOpen(requestStatus));
      return { ...rest, count: items.length, items: open };
    },
    /** What everybody has of one package, without what has expired, and whose it is: page after page. */
    assignmentsOfPackage: async function* (
      packageId: string,
    ): AsyncGenerator<HeldAccess & { userId: string }> {
      for await (const found of each('listAssignmentsOfPackage', { packageId }))
        yield* ofSomebody(packageId, found);
    },
    /**
     * The open requests for a person, whoever made them and when; of `packageIds` alone where the caller may not list the
     * tenant. Graph cannot filter requests by person, so this reads what is open in the tenant, as `findOpenRequest` does:
     * one list for each open state, in a pass that all share who look at the same time.
     */
    requestsOf: async (userId: string, packageIds: readonly string[]): Promise<OpenRequest[]> => {
      // A request that changes its state during the pass may be in two of its lists.
      const found = new Map<string, AssignmentRequest>();
      await findOpenRequest(packageIds, (request) => {
        if (request.userId === userId) found.set(request.id, request);
        return false;
      });
      return [...found.values()].map(openRequest);
    },
    /** What the policy says now. An unknown policy is a 404. */
    policyInForce: async (policyId: string): Promise<PolicyInForce> => {
      const policy = await one('getAssignmentPolicy', { id: policyId });
      const { requestApprovalSettings: approval, requestorSettings: requestor } = policy;
      const isRequired = (flag: boolean | null | undefined) =>
        flag === true ? ('required' as const) : ('not-required' as const);
      return {
        id: policy.id,
        packageId: policy.accessPackageId,
        approval: isRequired(approval?.isApprovalRequiredForAdd),
        approvalOfUpdate: isRequired(approval?.isApprovalRequiredForUpdate),
        schedule: requestor?.allowCustomAssignmentSchedule === true ? 'allowed' : 'forbidden',
        automatic: policy.automatic,
        expiration: policy.expiration,
      };
    },
    /** Requests that the assignment ends. It is gone when `assignmentsOf` no longer shows it. */
    submitRemoval: (removal: NewRemoval) => supported('submitRemoval', removal),
    /** Requests another end of the assignment. The policy must allow a schedule. */
    submitUpdate: (update: NewUpdate) => supported('submitUpdate', update),
    /** Has Graph give what an assignment that it calls delivered lacks. */
    reprocessAssignment: (id: string) => supported('reprocessAssignment', { id }),
    /** Has Graph carry out again a request that failed or was delivered partially, within 7 days of its end. */
    reprocessRequest: (id: string) => supported('reprocessRequest', { id }),
    /** Binds a request to its package, in a dialect whose requests cannot name one. In other dialects it makes no call. */
    bindRequest: async (requestId: string, accessPackage: PackageText): Promise<void> => {
      await further('bindRequest')?.({ requestId, accessPackage });
    },
    /**
     * The POST that records the assignment of a delivered request, in a dialect that leaves this to the client; undefined
     * where Graph creates assignments itself. Reads the policy, which gives the end of the access.
     */
    prepareAssignment: async (assignment: NewAssignment) => {
      const record = further('recordAssignment');
      if (!record) return undefined;
      const expiredDateTime = await endOf(caller, assignment, assignment.from);
      return () => record({ ...assignment, expiredDateTime });
    },
    /**
     * Our request with this `justification` for the package: by the id that this client has given it, else among the
     * requests made after `since`, less `CLOCKS_MS`. However many requests the tenant has, only those of that time are
     * read, or those of the package, up to the wanted one, where the caller may not.
     */
    findRequest: async (
      packageId: string,
      justification: string,
      since: string,
    ): Promise<AssignmentRequest | undefined> => {
      const read = further('getOwnRequest');
      if (read) return (await emptyOn404(read({ justification })))[0];
      const from = new Date(Date.parse(since) - CLOCKS_MS).toISOString();
      const isOurs = (one: AssignmentRequest): boolean => one.justification === justification;
      return elseByPackage(
        () => first('listRequestsSince', { since: from, justification }, isOurs),
        [packageId],
        () => first('findAssignmentRequests', { packageId, justification }, isOurs),
      );
    },
    /** The assignment with the id that this client has given it; undefined where Graph gives the ids, or knows none such. */
    findOwnAssignment: async (justification: string): Promise<Assignment | undefined> => {
      const read = further('getOwnAssignment');
      return read && (await emptyOn404(read({ justification })))[0];
    },
  };
};
