import type { Assignment, AssignmentRequest } from './answers';
import type { Caller } from './call';
import { emptyOn404, GraphError, isForbidden } from './errors';
import { endUnder } from './answers';
import type { NewAssignment, NewRequest, PackageText } from './operations';
import { inScope, isOptional } from './permissions';
import { createScans } from './scans';
import { isOpen, openStates } from './states';

/** By so much our clock and Graph's may differ. */
const CLOCKS_MS = 5 * 60_000;

/** When access under the policy of an assignment ends that begins at `from`; undefined if it does not. */
async function endOf(
  { first }: Caller,
  { packageId, policyId }: Pick<NewAssignment, 'packageId' | 'policyId'>,
  from: string,
): Promise<string | undefined> {
  const policy = await first('listAssignmentPolicies', { packageId }, ({ id }) => id === policyId);
  if (!policy) throw new GraphError('endOf', { code: 'not-yet-visible', ambiguous: false });
  const end = endUnder(policy, from);
  // Without an end it would be access for ever, and with this one none at all.
  if (end !== undefined && Date.parse(end) <= Date.now()) {
    throw new GraphError('endOf', { code: 'lifetime-over', ambiguous: false });
  }
  return end;
}

/** By so much the passes over the open requests of a tenant are apart. */
const PAUSE_MS = 5_000;

/**
 * Looks in a list of the tenant, or in one of each package if Graph refuses that: a caller with roles in catalogs alone
 * must name a package. That refusal is no news of a permission that the app needs.
 * Source: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments
 */
async function elseByPackage(
  inTenant: () => Promise<AssignmentRequest | undefined>,
  packageIds: readonly string[],
  ofPackage: (packageId: string) => Promise<AssignmentRequest | undefined>,
): Promise<AssignmentRequest | undefined> {
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
  const { one, all, each, first, further } = caller;
  const scan = createScans<AssignmentRequest>(PAUSE_MS);
  const openInTenant = async function* () {
    for (const state of openStates) yield* each('listRequestsInState', { state });
  };
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
    /** All requests of the package, which may be very many. Not for runs: see `findRequest` and `findOpenRequest`. */
    findAssignmentRequests: (packageId: string, justification: string) =>
      all('findAssignmentRequests', { packageId, justification }),
    /**
     * An open request for one of the packages, of whatever age. Reads what is open in the tenant, state by state, or the
     * requests of these packages where the caller may not. Those who look at the same time share a pass.
     */
    findOpenRequest: (
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
      ),
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
