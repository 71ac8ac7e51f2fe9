import { z } from 'zod';
import type { AccessModel } from '../domain/access-model/access-model';
import { inZone } from '../domain/events/time';
import { attributesIn } from '../domain/lifecycle/fact-of';
import { Fate, type StoredFact } from '../domain/lifecycle/facts';
import { unstoredAttribute } from '../domain/lifecycle/plan';
import { timelineOf } from '../domain/lifecycle/timeline';
import { intervalsOf, wantsAt, type Interval } from '../domain/lifecycle/wants';
import { AuditRow } from '../domain/workflow/audit-entry';
import type { StoredClaim } from '../domain/workflow/claim';
import { describeEvent } from '../events/status';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Claims } from '../storage/claims';
import type { Holdings, StoredHolding } from '../storage/holdings';
import type { Workers } from '../storage/workers';
import { FactLine, factLineOf, factLineOfClaim, hashesIn } from './fact-line';

type PersonStores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'ofWorker'>;
  workers: Pick<Workers, 'facts' | 'personOf' | 'wakeOf'>;
  holdings: Pick<Holdings, 'of'>;
};

const text = z.string();

/** A package that an account has, as far as our own rows know. */
const HasLine = AuditRow.pick({
  ...{ packageKey: true, packageName: true, targetId: true, whose: true, assignmentId: true },
  ...{ until: true, ruleId: true },
}).extend({
  /** Since when it is known to be there, and the event whose run gave it or met it. */
  since: text,
  event: FactLine,
  /** The events behind it, when it was given. */
  facts: z.array(FactLine),
  /** What the rules say now; null if they do not give it any more, absent if they could not be read. */
  ruleNow: z
    .object({ ruleId: text, reason: z.enum(['rule', 'overlap']), until: text.optional() })
    .nullable()
    .optional(),
  /** What happened to it last, if that did not end it. */
  last: AuditRow.pick({
    ...{ eventId: true, action: true, outcome: true, reason: true, recordedAt: true },
  }).optional(),
});
type HasLine = z.infer<typeof HasLine>;

/** A request to Graph that has not ended. */
const AskedLine = z.object({
  ...{ packageKey: text, targetId: text, action: text, state: text, since: text },
  ...{ requestId: text.optional(), event: FactLine },
});

/** An instant at which other packages are wanted. `local`: in the zone of the employment behind it. */
const ChangeLine = z.object({
  ...{ at: text, local: text, timeZone: text },
  gains: z.array(z.object({ packageKey: text, ruleId: text })),
  losses: z.array(z.object({ packageKey: text, ruleId: text })),
});
export type ChangeLine = z.infer<typeof ChangeLine>;

/** What a person has, why, what is under way and what comes next. `person`: the first of the numbers that are joined. */
export const PersonReport = z.object({
  ...{ person: text, numbers: z.array(text) },
  has: z.array(HasLine),
  asked: z.array(AskedLine),
  /** Open events of the person: see `status`. */
  open: z.array(z.looseObject({ eventId: text, state: text })),
  facts: z.array(FactLine.extend({ fate: Fate.optional() })),
  next: z.array(ChangeLine),
  /** When the app plans for the person again by itself, if it is known to have something to do. */
  wakeAt: text.optional(),
  notes: z.array(text),
});
export type PersonReport = z.infer<typeof PersonReport>;

const AT_ONCE = 32;

/**
 * What rows know of the person of a worker id, and by `model`, if it is there, what comes next. Undefined if nothing is known
 * of the worker. Throws TooManyNumbers.
 */
export async function personReport(
  stores: PersonStores,
  workerId: string,
  model: AccessModel | undefined,
  at = Date.now(),
): Promise<PersonReport | undefined> {
  const [facts, person] = await Promise.all([
    stores.workers.facts(workerId),
    stores.workers.personOf(workerId),
  ]);
  const joined = facts.flatMap((fact) => [fact.workerId, fact.previousWorkerId ?? person]);
  const numbers = [...new Set([person, ...joined, workerId])];
  const [wake, holdings, rows] = await Promise.all([
    stores.workers.wakeOf(person),
    stores.holdings.of(numbers),
    Promise.all(numbers.map(stores.audit.ofWorker)).then((all) => all.flat()),
  ]);
  if (facts.length === 0 && holdings.length === 0 && rows.length === 0) return undefined;
  rows.sort((one, other) => (one.recordedAt < other.recordedAt ? -1 : 1));
  const events = new Set([
    ...[...facts.map(({ hash }) => hash), ...holdings.map(({ eventHash }) => eventHash)],
    ...rows.flatMap(({ eventHash = [], ...row }) => [eventHash, hashesIn(row)].flat()),
  ]);
  const all = await mapConcurrent(AT_ONCE, [...events], stores.claims.read);
  const claims = all.filter((claim) => claim !== undefined);
  // What was loaded from a roster has no claim.
  const lines = new Map([
    ...facts.map((fact) => [fact.hash, factLineOf(fact)] as const),
    ...claims.map((claim) => [claim.eventHash, factLineOfClaim(claim)] as const),
  ]);
  const rules = model && rulesFor(facts, model, at);
  const ruleNowOf = (packageKey: string): HasLine['ruleNow'] => {
    const want = rules?.wants.find((one) => one.packageKey === packageKey);
    if (!want) return rules && null;
    const { ruleId, reason, until } = want;
    return { ruleId, reason, ...(until !== undefined && { until: iso(until) }) };
  };
  return {
    ...{ person, numbers },
    has: hasOf(holdings, rows, lines, at).map((line) => {
      return { ...line, ruleNow: ruleNowOf(line.packageKey ?? '') };
    }),
    asked: holdings.filter(isUnderWay).map((holding) => {
      const { packageKey, targetId, action, state, requestId, updatedAt: since } = holding;
      const event = lineOf(lines, holding.eventHash);
      return { packageKey, targetId, action, state, requestId, since, event };
    }),
    open: claims.filter(({ state }) => state !== 'closed').map(describeEvent),
    facts: facts.map((fact) => ({ ...factLineOf(fact), fate: rules?.fates.get(fact) })),
    next: rules?.next ?? [],
    wakeAt: earliest([wake?.at, ...claims.map(parkedUntil)]),
    notes: model ? unstoredIn(facts, model) : [],
  };
}

/** When the open run of an event goes on by itself. */
const parkedUntil = ({ state, waiting }: StoredClaim): string | undefined =>
  state !== 'closed' && waiting?.for === 'parked' ? waiting.until : undefined;

const earliest = (times: readonly (string | undefined)[]): string | undefined =>
  times
    .filter((time) => time !== undefined)
    .sort((one, other) => Date.parse(one) - Date.parse(other))[0];

/** What the rules say now and later. */
function rulesFor(facts: readonly StoredFact[], model: AccessModel, at: number) {
  const timeline = timelineOf(facts, model);
  const intervals = intervalsOf(timeline, model);
  const wants = wantsAt(intervals, model, at);
  return { fates: timeline.fates, wants, next: changesAfter(intervals, model, at) };
}

const iso = (instant: number): string => new Date(instant).toISOString();

type Lines = ReadonlyMap<string, FactLine>;
const lineOf = (lines: Lines, eventHash: string): FactLine => lines.get(eventHash) ?? { eventHash };

const isUnderWay = ({ state }: StoredHolding): boolean =>
  state === 'submitting' || state === 'requested' || state === 'recording';

/** A removal or an extension that is under way is of an assignment that is there. */
function isThere(holding: StoredHolding, at: number): boolean {
  const { state, action, assignmentId, until } = holding;
  const isOver = until !== undefined && Date.parse(until) <= at;
  const isChanging = isUnderWay(holding) && action !== 'grant';
  return (state === 'held' || isChanging) && assignmentId !== undefined && !isOver;
}

/** How rows say that access is there, without having changed it or having been asked to. */
const MEETS: readonly (string | undefined)[] = ['already-held', 'handed-off'];
const GIVES: readonly (string | undefined)[] = ['delivered', 'extended', ...MEETS];

function hasOf(
  holdings: readonly StoredHolding[],
  rows: readonly AuditRow[],
  lines: Lines,
  at: number,
): HasLine[] {
  const places = new Map<string, AuditRow[]>();
  const placeOf = (one: { targetId?: string | undefined; packageKey?: string | undefined }) =>
    JSON.stringify([one.targetId, one.packageKey]);
  for (const row of rows) {
    if (row.kind !== 'settled' || row.step === 'ensure' || row.packageKey === undefined) continue;
    places.set(placeOf(row), [...(places.get(placeOf(row)) ?? []), row]);
  }
  const recorded = new Map(holdings.map((holding) => [placeOf(holding), holding]));
  const own = holdings
    .filter((holding) => isThere(holding, at))
    .map((holding) => {
      const { packageKey, targetId, whose, assignmentId, until } = holding;
      const known = { packageKey, targetId, whose, assignmentId, until };
      const given = { eventHash: holding.eventHash, since: holding.updatedAt };
      return { ...lineFrom(places.get(placeOf(holding)) ?? [], lines, given), ...known };
    });
  const others = [...places].flatMap(([place, ofPlace]) => {
    const last = ofPlace.at(-1);
    const isKnown = recorded.has(place) && last?.whose === 'ours';
    if (!last || isKnown || !MEETS.includes(last.outcome)) return [];
    const given = { eventHash: last.eventHash ?? '', since: last.recordedAt };
    const isOver = last.until !== undefined && Date.parse(last.until) <= at;
    return isOver ? [] : [lineFrom(ofPlace, lines, given)];
  });
  return [...own, ...others];
}

/** What the rows about one package on one account say of why it is there; `given` where none of them gave it. */
function lineFrom(
  rows: readonly AuditRow[],
  lines: Lines,
  given: { eventHash: string; since: string },
): HasLine {
  const last = rows.at(-1);
  const why = rows.findLast(({ ruleId, outcome }) => ruleId && GIVES.includes(outcome)) ?? last;
  const first = rows.findLast(({ outcome }) => outcome === 'delivered') ?? why;
  const { packageKey, packageName, targetId, whose, assignmentId, until, ruleId } = why ?? {};
  return {
    ...{ packageKey, packageName, targetId, whose, assignmentId, until, ruleId },
    since: first?.deliveredAt ?? first?.recordedAt ?? given.since,
    event: lineOf(lines, first?.eventHash ?? given.eventHash),
    facts: (why ? hashesIn(why) : []).map((hash) => lineOf(lines, hash)),
    ...(last !== undefined && last !== first && { last: AuditRow.parse(last) }),
  };
}

/** More are of a snapshot of a whole career, and nobody reads them. */
const MOST_CHANGES = 50;

/** The next instants at which what the rules give changes, in order. Pure. */
export function changesAfter(
  intervals: readonly Interval[],
  model: AccessModel,
  at: number,
): ChangeLine[] {
  const instants = intervals.flatMap(({ from, until }) => [from, until]);
  const ahead = [...new Set(instants)].filter((instant) => instant !== undefined && instant > at);
  const changes: ChangeLine[] = [];
  let before = wantsAt(intervals, model, at);
  for (const instant of (ahead as number[]).sort((one, other) => one - other)) {
    if (changes.length >= MOST_CHANGES) break;
    const wants = wantsAt(intervals, model, instant);
    const gains = without(wants, before);
    const losses = without(before, wants);
    before = wants;
    const [first] = [...gains, ...losses];
    if (!first) continue;
    const { zone: timeZone } = first;
    const keys = ({ packageKey, ruleId }: typeof first) => ({ packageKey, ruleId });
    changes.push({
      ...{ at: iso(instant), local: inZone(instant, timeZone), timeZone },
      ...{ gains: gains.map(keys), losses: losses.map(keys) },
    });
  }
  return changes;
}

const without = <One extends { packageKey: string }>(some: One[], others: One[]): One[] =>
  some.filter(({ packageKey }) => others.every((other) => other.packageKey !== packageKey));

function unstoredIn(facts: readonly StoredFact[], model: AccessModel): string[] {
  return facts.flatMap((fact) => {
    const { unstored } = fact;
    const name = attributesIn(fact)
      .map(({ attributes }) => unstoredAttribute(model, { attributes, unstored }))
      .find((one) => one !== undefined);
    if (name === undefined) return [];
    return `the rules ask about ${name}, which was not stored of the event ${fact.id}: what comes next may be wrong`;
  });
}
