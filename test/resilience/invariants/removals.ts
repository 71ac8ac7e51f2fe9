import type { Row } from '../../support/tables';
import type { Evidence, GraphState } from './evidence';
import { claimsIn, grouped, json, repeats, text } from './rows';

type Assignment = GraphState['assignments'][number];

/** Nobody loses what is not ours or was not planned, and nobody keeps or holds together what they must not. */
export const removalFaults = (evidence: Evidence, { others, foreign }: Made): string[] => [
  ...unexplainedRemovals(evidence, { others, foreign }),
  ...togetherFaults(evidence.graph, foreign),
  ...leaverFaults(evidence, foreign),
];

/** What others made: the justifications of their requests, and the assignments that are theirs still. */
type Made = { others: readonly string[]; foreign: Foreign };
type Foreign = ReadonlySet<string | undefined>;

const isRemoval = ({ requestType }: GraphState['requests'][number]): boolean =>
  /remove/i.test(requestType);

/** Only what a request of ours gave is removed, by a request with our tag, and each assignment once. */
function unexplainedRemovals({ graph, graphLog }: Evidence, { others, foreign }: Made): string[] {
  const deletions = graphLog.filter(({ method }) => method === 'DELETE');
  const removals = graph.requests.filter(
    (one) => isRemoval(one) && !others.includes(one.justification ?? ''),
  );
  const delivered = removals.filter(({ state }) => state.toLowerCase() === 'delivered');
  return [
    ...deletions.map(({ path }) => `something was removed: DELETE ${path}`),
    ...removals
      .filter(({ justification }) => !justification?.includes(':revoke:'))
      .map(({ id }) => `something was removed: request ${id}`),
    ...removals
      .filter(({ assignmentId }) => foreign.has(assignmentId))
      .map(({ id }) => `removed what is not ours: request ${id}`),
    ...repeats(delivered, ({ assignmentId = '' }) => assignmentId).map(
      (id) => `removed more than once: assignment ${id}`,
    ),
  ];
}

/** Of an incompatible pair nobody ever held both at one instant, if ours was the second. */
function togetherFaults(graph: GraphState, foreign: Foreign): string[] {
  const excluded = new Map(
    graph.accessPackages.map(({ id, incompatibleWith = [] }) => [id, incompatibleWith]),
  );
  const isPair = (one: Assignment, other: Assignment): boolean =>
    excluded.get(one.packageId)?.includes(other.packageId) === true ||
    excluded.get(other.packageId)?.includes(one.packageId) === true;
  const people = grouped(graph.assignments, ({ targetId }) => targetId);
  return [...people.values()].flatMap((held) =>
    held.flatMap((first) =>
      held
        .filter((second) => first !== second && isPair(first, second))
        .filter((second) => !foreign.has(second.id) && begins(second) >= begins(first))
        .filter((second) => begins(second) < ends(first))
        .map((second) => `held together: ${first.id} and ${second.id} of ${first.targetId}`),
    ),
  );
}

const begins = ({ createdAt = 0 }: Assignment): number => createdAt;
const ends = ({ expiredAt, state }: Assignment): number =>
  ['expired', 'deliveryfailed'].includes(state.toLowerCase()) ? (expiredAt ?? 0) : Infinity;

/**
 * Somebody whose last word from HR is that they left, and whose event closed so, holds nothing that we gave, unless they
 * are to begin again later, or have another worker id.
 */
function leaverFaults({ tables, graph }: Evidence, foreign: Foreign): string[] {
  const people = grouped(claimsIn(tables.claims), (claim) => factOf(claim).workerId ?? '');
  return [...people.values()].flatMap((claims) => {
    const last = claims.toSorted((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1)).at(-1);
    const isOne = new Set(claims.map((claim) => factOf(claim).employmentId)).size === 1;
    if (!last || !isOne || factOf(last).eventType !== 'hr.worker.left.v1') return [];
    if (last['outcome'] !== 'revoked') return [];
    const { actAt: end = '', workerId } = factOf(last);
    const beginsAgain = claims.some((one) => (factOf(one).startDate ?? '') >= end.slice(0, 10));
    const hasOther = tables.workers.some(
      ({ partitionKey, rowKey }) => partitionKey === workerId && rowKey.startsWith('fact-next-'),
    );
    if ((end !== '' && beginsAgain) || hasOther) return [];
    const accounts = new Set(claims.map((claim) => text(claim, 'targetId')));
    return graph.assignments
      .filter(({ id, targetId, state }) => {
        const isActive = state.toLowerCase() === 'delivered';
        return isActive && accounts.has(targetId) && !foreign.has(id);
      })
      .map(({ id }) => `held by somebody who has left: ${id}`);
  });
}

type Fact = {
  workerId: string;
  employmentId: string;
  eventType: string;
  occurredAt: string;
  startDate: string;
  /** The instant at which what the event states takes effect. */
  actAt: string;
};

const factOf = (claim: Row): Partial<Fact> => json<Fact>(claim, 'fact');
const timeOf = (claim: Row): string => factOf(claim).occurredAt ?? '';
