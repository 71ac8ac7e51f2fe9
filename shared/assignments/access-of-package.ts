import { isOurs } from '../domain/events/keys';
import type { Held } from '../domain/lifecycle/held';
import type { PackageIds } from '../domain/lifecycle/plan';
import type { HeldAccess, OpenRequest } from '../graph/assignment-verbs';
import type { StoredHolding } from '../storage/holdings';

/** What one account has of one package, for the planner, and what a step on it needs. */
export type Access = Held & {
  targetId: string;
  /** The worker id under which the holding is stored, if there is one. */
  personId?: string | undefined;
  ids: Partial<PackageIds>;
  /** The open request behind `adding` and `removing`; the last one of ours behind `broken`. */
  requestId?: string | undefined;
  requestedAt?: string | undefined;
};

/** A holding, and whether its last request is open, was delivered or could not be; `at`: when it last changed. */
export type Recorded = {
  holding: StoredHolding;
  isOpen: boolean;
  isGiven: boolean;
  isBroken?: boolean;
  at?: string;
};

/** When Graph began to be read, in milliseconds since 1970, and how far a replica may be behind then. */
export type Lag = { readAt: number; lagSeconds: number };

/** Whether a replica of Graph may have been behind what was so at a time (ISO 8601). Undefined: it never was so. */
export const mayBeBehind = ({ readAt, lagSeconds }: Lag, at: string | undefined): boolean =>
  readAt - Date.parse(at ?? '') < lagSeconds * 1000;

type Known = {
  packageKey: string;
  targetId: string;
  recorded: Recorded | undefined;
  assignments: readonly HeldAccess[];
  requests: readonly OpenRequest[];
};

/** What Graph shows counts before what our record says, unless a replica may not show it yet, or nothing was looked at. */
export function accessOfPackage(
  lag: Lag,
  { packageKey, targetId, recorded, assignments, requests }: Known,
  isUnseen = false,
): Access[] {
  const { holding } = recorded ?? {};
  const isRecent = mayBeBehind(lag, recorded?.at ?? holding?.updatedAt);
  // Until the request of a grant tells what it has made, what is there may be that.
  const isUntold = holding?.action === 'grant' && holding.assignmentId === undefined;
  const own =
    assignments.find(({ id }) => id === holding?.assignmentId) ??
    (isUntold && (recorded?.isGiven || recorded?.isBroken) ? bestOf(assignments) : undefined);
  const seen = own ?? bestOf(assignments);
  const end = seen ? seen.until : holding?.until;
  const open = recorded?.isOpen ? holding : undefined;
  const isOwn = holding?.whose === 'ours' && (own !== undefined || seen === undefined);
  const access = (state: Held['state'], more: Partial<Access> = {}): Access[] => [
    {
      ...{ packageKey, targetId, state, whose: isOwn ? 'ours' : 'theirs' },
      ids: idsOf(holding, seen),
      personId: holding?.personId,
      ...(end !== undefined && { until: Date.parse(end) }),
      assignmentId: seen?.id ?? (isOwn ? holding.assignmentId : undefined),
      ...more,
    },
  ];
  const ofRequest = (one: StoredHolding | undefined): Partial<Access> =>
    one ? { whose: one.whose, requestId: one.requestId, requestedAt: one.updatedAt } : {};
  if (open && open.action !== 'revoke' && (isUntold || seen?.status !== 'delivered'))
    return access('adding', { assignmentId: open.assignmentId, ...ofRequest(open) });
  if (open && (isOwn || isUnseen) && open.action === 'revoke')
    return access('removing', ofRequest(open));
  if (open && isOwn) return access('adding', ofRequest(open));
  const isRemoval = ({ requestType }: OpenRequest) => /remove$/i.test(requestType ?? '');
  const removal = requests.find(isRemoval);
  const request = requests.find((one) => !isRemoval(one));
  if (seen && removal) return access('removing', { requestId: removal.id });
  if (seen) {
    const isGone = holding?.state === 'gone' || (holding?.action === 'revoke' && recorded?.isGiven);
    if (own && isGone && isRecent) return access('removing');
    const state = stateOf(seen);
    if (!own && state === 'adding') return access(state, { requestId: request?.id });
    return access(state, own && holding?.action !== 'revoke' ? ofRequest(holding) : {});
  }
  if (request) {
    const whose = isOurs(request.justification) ? 'ours' : 'theirs';
    return access('adding', { whose, requestId: request.id });
  }
  const wasHeld = holding?.state === 'held' || (recorded?.isGiven && holding?.action !== 'revoke');
  const isBelieved = isUnseen || isRecent;
  // What its own end has ended, and nobody has taken away, may have to be given again, or not: the planner tells.
  const isOver = Date.parse(end ?? '') <= Date.now();
  if (!wasHeld || !(isBelieved || isOver)) return [];
  if (holding?.assignmentId !== undefined) return access('held');
  // A replica may show the request before the assignment that it has made.
  return isBelieved && !isOver ? access('adding', ofRequest(holding)) : [];
}

const bestOf = (assignments: readonly HeldAccess[]): HeldAccess | undefined => {
  const order = ['delivered', 'delivering', 'unknown', 'partial', 'failed'];
  return assignments.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status))[0];
};

const stateOf = ({ status }: HeldAccess): Held['state'] => {
  if (status === 'delivered') return 'held';
  return status === 'partial' || status === 'failed' ? 'broken' : 'adding';
};

const idsOf = (
  holding: StoredHolding | undefined,
  seen: HeldAccess | undefined,
): Partial<PackageIds> => {
  const ids = {
    accessPackageId: seen?.packageId ?? holding?.accessPackageId,
    catalogId: seen?.catalogId ?? holding?.catalogId,
    assignmentPolicyId: seen?.policyId ?? holding?.assignmentPolicyId,
  };
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined));
};
