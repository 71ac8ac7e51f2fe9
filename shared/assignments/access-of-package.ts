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

/** A holding, and whether its last request is open or was delivered; `at`: when it last changed. */
export type Recorded = { holding: StoredHolding; isOpen: boolean; isGiven: boolean; at?: string };

type Lag = { config: { graph: { lagSeconds: number } } };

/** Whether a replica of Graph may not show yet what the holding says. */
export const isRecent = (
  { config }: Lag,
  { holding, at = holding.updatedAt }: Pick<Recorded, 'holding' | 'at'>,
): boolean => Date.now() - Date.parse(at) < config.graph.lagSeconds * 1000;

type Known = {
  packageKey: string;
  targetId: string;
  recorded: Recorded | undefined;
  assignments: readonly HeldAccess[];
  requests: readonly OpenRequest[];
};

/** What Graph shows counts before what our record says, unless a replica may not show it yet, or nothing was looked at. */
export function accessOfPackage(
  services: Lag,
  { packageKey, targetId, recorded, assignments, requests }: Known,
  isUnseen = false,
): Access[] {
  const { holding } = recorded ?? {};
  const own = assignments.find(({ id }) => id === holding?.assignmentId);
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
  if (open && seen?.status !== 'delivered' && open.action !== 'revoke')
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
    if (own && isGone && recorded && isRecent(services, recorded)) return access('removing');
    const state = stateOf(seen);
    if (!own && state === 'adding') return access(state, { requestId: request?.id });
    return access(state, own && holding?.action !== 'revoke' ? ofRequest(holding) : {});
  }
  if (request) {
    const whose = isOurs(request.justification) ? 'ours' : 'theirs';
    return access('adding', { whose, requestId: request.id });
  }
  const wasHeld = holding?.state === 'held' || (recorded?.isGiven && holding?.action !== 'revoke');
  const isBelieved = recorded !== undefined && (isUnseen || isRecent(services, recorded));
  // What its own end has ended, and nobody has taken away, may have to be given again, or not: the planner tells.
  const isOver = Date.parse(end ?? '') <= Date.now();
  const isKnown = holding?.assignmentId !== undefined && (isBelieved || isOver);
  return wasHeld && isKnown ? access('held') : [];
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
