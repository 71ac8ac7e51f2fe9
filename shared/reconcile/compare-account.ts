import type { AccessModel } from '../domain/access-model/access-model';
import type { StoredFact } from '../domain/lifecycle/facts';
import { timelineOf } from '../domain/lifecycle/timeline';
import { comparePerson, type RecordedHolding } from '../domain/reconcile/compare';
import { reported, type Difference, type Unclear } from '../domain/reconcile/findings';
import { mayBeBehind } from '../assignments/access-of-package';
import { isUndecided } from '../assignments/plan';
import type { StoredHolding } from '../storage/holdings';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { actualOf, RECENT_MS } from './actual';
import { contextOf, type Circumstances, type CompareServices } from './circumstances';
import { wasGivenBack } from './given-back';
import type { StagedPerson } from './read-people';
import type { StagedAssignment, StagedRequest } from './read-scope';

type Compared = { differences: Difference[]; isExcluded: boolean };

/** The differences of one account of a known person, or why they are left to a run of their own. */
export async function compareKnown(
  services: CompareServices,
  circumstances: Circumstances,
  person: StagedPerson,
  { assignments, requests }: { assignments: StagedAssignment[]; requests: StagedRequest[] },
): Promise<'runOpen' | 'recentFact' | Compared> {
  const { personId, workerIds, objectId, isOtherAccount, inRoster = [] } = person;
  const { at, open, roster } = circumstances;
  if ([personId, ...workerIds].some((id) => open.has(id))) return 'runOpen';
  const { model } = services.model();
  const { facts, holdings, unclear } = await recordsOfPerson(services.workers, person);
  // What the roster states has no run of its own.
  const ofEvents = facts.filter(({ hash }) => !inRoster.includes(hash));
  if (ofEvents.some(({ acceptedAt }) => Date.parse(acceptedAt) > at - RECENT_MS))
    return 'recentFact';
  // A run of theirs acted while the lists were read, or so shortly before that they may not show it.
  const lag = { readAt: at, lagSeconds: services.config.graph.lagSeconds };
  if (holdings.some(({ updatedAt }) => mayBeBehind(lag, updatedAt))) return 'runOpen';
  const isMissed = roster !== undefined && !isOtherAccount && person.inRoster?.length === 0;
  const absent =
    isMissed && isExpectedIn(roster, facts, model, at)
      ? [reported('absent-from-roster', { workerId: workerIds[0] })]
      : [];
  // Without an account that is known to be theirs, nothing is held: what an account of theirs may hold is found with that one.
  const own = holdings.filter(({ targetId }) =>
    objectId === undefined ? unclear === undefined : targetId === objectId,
  );
  const timeline = timelineOf(facts, model);
  const context = contextOf(services, circumstances, workerIds, objectId ? [objectId] : []);
  const isExcluded = context.reportOnly === 'excluded';
  const isUnclear = isUndecided(timeline, facts, model, at);
  const { differences } = comparePerson({
    ...{ ...context, workerId: workerIds[0], objectId, timeline, isOtherAccount, unclear },
    ...(isUnclear && !isExcluded && { reportOnly: 'attribute-not-stored' as const }),
    held: actualOf({ assignments, requests, holdings: own }, circumstances),
    // Without an account, there is nothing that somebody could have taken away: it is with the account that they had.
    records: objectId === undefined ? [] : await recordsOf(services, own, assignments),
  });
  return { differences: [...differences, ...absent], isExcluded };
}

/** The differences of an account that no known person has; `recentFact` where a run has dealt with it since the reading began. */
export function compareUnknown(
  services: CompareServices,
  circumstances: Circumstances,
  objectId: string,
  assignments: StagedAssignment[],
): 'recentFact' | Compared {
  if (circumstances.open.has(objectId)) return 'recentFact';
  const context = contextOf(services, circumstances, [], [objectId]);
  const { differences } = comparePerson({
    ...{ ...context, objectId, records: [], timeline: timelineOf([], services.model().model) },
    held: actualOf({ assignments, requests: [], holdings: [] }, circumstances),
  });
  return { differences, isExcluded: context.reportOnly === 'excluded' };
}

/** The records of an account. Whether something was given back before is asked only where somebody took it. */
function recordsOf(
  { staging }: CompareServices,
  holdings: readonly StoredHolding[],
  assignments: readonly StagedAssignment[],
): Promise<RecordedHolding[]> {
  return Promise.all(
    holdings.map(async (holding) => {
      const { packageKey, state, action, whose, assignmentId, until, updatedAt } = holding;
      const isThere = assignments.some((one) => one.packageKey === packageKey);
      const isTaken = !isThere && state === 'held';
      return {
        ...{ packageKey, state, action, whose, assignmentId, until, updatedAt },
        wasGivenBack: isTaken && (await wasGivenBack(staging, holding)),
      };
    }),
  );
}

/**
 * The facts of a person, and their holdings. Of a worker id that is joined to too many, those under it alone: they cannot be
 * one person's, and the run of every event about them says so.
 */
async function recordsOfPerson(
  workers: Pick<Workers, 'records' | 'ofNumber'>,
  { personId, workerIds, unclear }: Pick<StagedPerson, 'personId' | 'workerIds' | 'unclear'>,
): Promise<Awaited<ReturnType<Workers['records']>> & { unclear?: Unclear | undefined }> {
  try {
    return { ...(await workers.records(personId, workerIds)), unclear };
  } catch (error) {
    if (!(error instanceof TooManyNumbers)) throw error;
    return { ...(await workers.ofNumber(personId)), unclear: 'too-many-worker-ids' };
  }
}

/** Whether a roster had to have somebody of these facts: its source has stated their employment until then. */
function isExpectedIn(
  { source, asOf }: { source: string; asOf: string },
  facts: readonly StoredFact[],
  model: AccessModel,
  at: number,
): boolean {
  const then = facts.filter((fact) => fact.source === source && fact.time <= asOf);
  const isEmployed = (stated: readonly StoredFact[], instant: number): boolean =>
    timelineOf(stated, model).spans.some(
      ({ from, until }) => from <= instant && instant < (until ?? Infinity),
    );
  return isEmployed(then, Date.parse(asOf)) && isEmployed(facts, at);
}
