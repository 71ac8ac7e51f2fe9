import type { AssignmentRequest } from './answers';
import type { Caller } from './call';
import { emptyOn404, isForbidden } from './errors';
import { openStates } from './states';

/** By so much our clock and Graph's may differ. */
const CLOCKS_MS = 5 * 60_000;

type IsWanted = (request: AssignmentRequest) => boolean;

/** Looks for one request among those of a tenant, which may be very many, and reads no further than to it. */
export const requestSearches = ({ first, further }: Caller) => {
  /**
   * An identity that has roles in catalogs alone may list requests by package only, and no documentation shows a second
   * filter beside that one: then the requests of the package are read, up to the wanted one.
   */
  const orByPackage = async (
    search: () => Promise<AssignmentRequest | undefined>,
    packageId: string,
    isWanted: IsWanted,
  ): Promise<AssignmentRequest | undefined> => {
    try {
      return await search();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return first('findAssignmentRequests', { packageId, justification: '' }, isWanted);
    }
  };

  /** An open request that is wanted, of whatever age and package. Reads what is open in the tenant, state by state. */
  const findOpenRequest = async (isWanted: IsWanted): Promise<AssignmentRequest | undefined> => {
    for (const state of openStates) {
      const found = await first('listRequestsInState', { state }, isWanted);
      if (found) return found;
    }
    return undefined;
  };

  return {
    findOpenRequest,

    /** The same among the requests of one package; `isWanted` is asked of open ones and of ended ones. */
    findOpenRequestOf: (packageId: string, isWanted: IsWanted) =>
      orByPackage(() => findOpenRequest(isWanted), packageId, isWanted),

    /**
     * Our request of the package with this `justification`: by the id that this client has given it, else among those of
     * the tenant made after `since`, less `CLOCKS_MS`.
     */
    findRequest: async (
      packageId: string,
      justification: string,
      since: string,
    ): Promise<AssignmentRequest | undefined> => {
      const read = further('getOwnRequest');
      if (read) return (await emptyOn404(read({ justification })))[0];
      const from = new Date(Date.parse(since) - CLOCKS_MS).toISOString();
      const isWanted: IsWanted = (one) => one.justification === justification;
      const search = () => first('listRequestsSince', { since: from, justification }, isWanted);
      return orByPackage(search, packageId, isWanted);
    },
  };
};
