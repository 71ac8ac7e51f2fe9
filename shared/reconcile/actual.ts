import type { Actual } from '../domain/reconcile/compare';
import type { StoredHolding } from '../storage/holdings';
import type { StagedAssignment, StagedRequest } from './read-scope';

/** What is known of the tenant as a whole. */
export type Tenant = {
  /** When the run began, in milliseconds since 1970. */
  at: number;
  /** The policies that give access by a rule of their own. */
  automatic: ReadonlySet<string>;
  /** The packages that were read, by their ids in Graph. */
  keys: ReadonlyMap<string, string>;
  /** ISO 8601. All requests since then were read, so one that is not among the open ones has ended; absent if not all were. */
  requestsSince: string | undefined;
};

/** What is known of one account: what Graph shows, and our records. */
type Known = {
  assignments: readonly StagedAssignment[];
  requests: readonly StagedRequest[];
  holdings: readonly StoredHolding[];
};

/** What happened in the last minutes is left to its own run, and a list may not show it yet. */
export const RECENT_MS = 15 * 60_000;

/**
 * What an account has of each package, as the planner of a run would see it: what Graph shows, what an open request is about
 * to change in it, and what an open request is about to give.
 */
export function actualOf(known: Known, tenant: Tenant): Actual[] {
  const { assignments, holdings } = known;
  const open = openRequestsOf(known, tenant);
  const isSeen = ({ packageKey }: OpenRequest) =>
    assignments.some((one) => one.packageKey === packageKey);
  const coming = open.filter(
    (one) => !isSeen(one) && (one.does === 'add' || one.holding !== undefined),
  );
  return [
    ...assignments.map((one) => changedBy(open, assigned(one, holdings, tenant), one.id)),
    ...coming.map(({ packageKey, whose, does, requestId, requestedAt, assignmentId }): Actual => ({
      ...{ packageKey, whose, requestId, requestedAt },
      ...(assignmentId !== undefined && { assignmentId }),
      state: does === 'remove' ? 'removing' : 'adding',
    })),
  ];
}

type OpenRequest = Pick<Actual, 'packageKey' | 'whose' | 'requestId' | 'requestedAt'> & {
  does: StagedRequest['does'];
  assignmentId: string | undefined;
  /** Our record of it. */
  holding: StoredHolding | undefined;
  /** Whether it was among those that Graph lists. */
  isListed: boolean;
};

function openRequestsOf({ requests, holdings }: Known, tenant: Tenant): OpenRequest[] {
  const listed = new Set(requests.map(({ id }) => id));
  const ours = holdings
    .filter((holding) => isOpen(holding, listed, tenant))
    .map((holding): OpenRequest => {
      const { packageKey, whose, requestId, updatedAt: requestedAt, assignmentId } = holding;
      const does = DOES[holding.action];
      const isListed = listed.has(requestId ?? '');
      return { packageKey, whose, requestId, requestedAt, assignmentId, does, holding, isListed };
    });
  const recorded = new Set(holdings.map(({ requestId }) => requestId));
  const others = requests.flatMap((one): OpenRequest[] => {
    const packageKey = tenant.keys.get(one.packageId);
    if (packageKey === undefined || recorded.has(one.id)) return [];
    const { id: requestId, does, since: requestedAt, assignmentId } = one;
    const whose = one.isOurs ? 'ours' : 'theirs';
    const request = { packageKey, whose, requestId, requestedAt, assignmentId, does } as const;
    return [{ ...request, holding: undefined, isListed: true }];
  });
  return [...ours, ...others];
}

const DOES = { grant: 'add', revoke: 'remove', extend: 'change', reprocess: 'change' } as const;

/** Whether a request of ours that was open when its run closed still is. */
function isOpen(
  { state, requestId = '', updatedAt }: StoredHolding,
  listed: ReadonlySet<string>,
  { at, requestsSince }: Tenant,
): boolean {
  if (state === 'recording') return true;
  if (state !== 'requested') return false;
  const isInList = requestsSince !== undefined && updatedAt > requestsSince;
  const isRecent = Date.parse(updatedAt) > at - RECENT_MS;
  return listed.has(requestId) || !isInList || isRecent;
}

/** An assignment is ours where our record names it, and given by a rule where its policy gives it by one. */
function assigned(
  { id, packageKey, policyId, status, until }: StagedAssignment,
  holdings: readonly StoredHolding[],
  { automatic }: Tenant,
): Actual {
  const own = holdings.find((one) => one.assignmentId === id);
  const isByRule = policyId !== undefined && automatic.has(policyId);
  return {
    ...{ packageKey, assignmentId: id, assignmentState: status },
    ...(policyId !== undefined && { policyId }),
    whose: own?.whose === 'ours' ? 'ours' : isByRule ? 'by-rule' : 'theirs',
    state: status === 'delivered' ? 'held' : isBroken(status) ? 'broken' : 'adding',
    ...(until !== undefined && { until: Date.parse(until) }),
    ...(own && { requestId: own.requestId, requestedAt: own.updatedAt }),
  };
}

const isBroken = (status: string): boolean => status === 'partial' || status === 'failed';

/** An assignment with what an open request does to it. */
function changedBy(open: readonly OpenRequest[], actual: Actual, id: string): Actual {
  const about = open.filter(
    (one) =>
      one.isListed && one.packageKey === actual.packageKey && (one.assignmentId ?? id) === id,
  );
  const behind = ({ requestId, requestedAt }: OpenRequest) => ({ requestId, requestedAt });
  const removal = about.find(({ does }) => does === 'remove');
  if (removal) return { ...actual, state: 'removing', ...behind(removal) };
  const [request] = about;
  if (request && actual.state === 'adding') return { ...actual, ...behind(request) };
  const change = about.find(({ holding, does }) => holding !== undefined && does === 'change');
  const isChanging = change !== undefined && actual.whose === 'ours';
  return isChanging ? { ...actual, state: 'adding', ...behind(change) } : actual;
}
