import type { AccessModel, AccessPackage } from '../access-model/access-model';
import type { Fact } from './facts';
import { birthrightsFor } from './plan';
import { earliest, startOfDay, type Span, type Timeline } from './timeline';

const DAY = 86_400_000;

/** One access package that the model gives a person during a time. */
export type Interval = {
  packageKey: string;
  ruleId: string;
  reason: 'rule' | 'overlap';
  from: number;
  until?: number | undefined;
  /** The local date of the first day of the span behind it, and the zone of its days. */
  firstDay: string;
  zone: string;
  /** The contractor's end, where the employment behind the interval has one. */
  scheduledEnd?: number | undefined;
  facts: Fact[];
  /** What ends it, if a fact does. */
  endedBy?: Fact | undefined;
};

/**
 * One access package that a person should have at an instant. `until` is the first instant at which it is no longer
 * wanted, as far as the facts say; the end of the package's own policy caps it. `schedule` is the part of it that may be
 * written to Graph as the end of an assignment.
 */
export type Want = {
  packageKey: string;
  ruleId: string;
  reason: 'rule' | 'overlap';
  /** Since when it is wanted, and the first day of the span behind it in the zone of its days. */
  from: number;
  firstDay: string;
  zone: string;
  until?: number | undefined;
  schedule?: number | undefined;
  facts: Fact[];
};

/** All times at which the model gives the person a package: by its rules, across short gaps, and as overlap of a move. */
export function intervalsOf({ spans }: Timeline, model: AccessModel): Interval[] {
  const byRule = spans.flatMap((span) => ruleIntervals(span, spans, model));
  return [...byRule, ...spans.flatMap((span) => overlapIntervals(span, spans, byRule, model))];
}

/** The packages wanted at `at` (milliseconds since 1970), in the order of the model's accessPackages. */
export function wantsAt(intervals: readonly Interval[], model: AccessModel, at: number): Want[] {
  return model.accessPackages.flatMap((accessPackage): Want[] => {
    const own = intervals.filter(({ packageKey }) => packageKey === accessPackage.key);
    const now = own.filter(({ from, until }) => from <= at && (until === undefined || at < until));
    const byRule = now.filter(({ reason }) => reason === 'rule');
    const [first] = inRuleOrder(byRule.length > 0 ? byRule : now, model);
    if (first === undefined) return [];
    const { until, schedule } = endOf(own, at);
    const cap = policyEnd(accessPackage);
    const { packageKey, ruleId, reason, facts, from, firstDay, zone } = first;
    const want = { packageKey, ruleId, reason, facts, from, firstDay, zone };
    return [{ ...want, until: earliest(until, cap), schedule: earliest(schedule, cap) }];
  });
}

/** The date at which the package's own policy ends every assignment, if it has one. */
export function policyEnd({ policy }: AccessPackage): number | undefined {
  const expiration = policy?.expiration;
  return expiration?.type === 'afterDateTime' ? Date.parse(expiration.endDateTime) : undefined;
}

export const incompatible = (model: AccessModel, one: string, other: string): boolean =>
  one !== other &&
  model.accessPackages.some(
    ({ key, incompatibleWith }) =>
      (key === one && incompatibleWith.includes(other)) ||
      (key === other && incompatibleWith.includes(one)),
  );

function ruleIntervals(span: Span, spans: Span[], model: AccessModel): Interval[] {
  const { until, scheduledEnd, facts, endedBy, firstDay, zone } = span;
  const given = birthrightsFor(model, span.attributes);
  const shared = { reason: 'rule', scheduledEnd, facts, endedBy, firstDay, zone } as const;
  const from = leadStart(span, spans, model);
  const intervals: Interval[] = given.map((one) => ({ ...one, ...shared, from, until }));
  for (const { at, attributes } of bridgedTo(span, spans, model)) {
    const after = new Set(birthrightsFor(model, attributes).map(({ packageKey }) => packageKey));
    const both = given.filter(({ packageKey }) => after.has(packageKey));
    intervals.push(...both.map((one) => ({ ...one, ...shared, from: until ?? at, until: at })));
  }
  return intervals;
}

/** `leadDays` before the first day, where nothing else of the person reaches it and no move began the span. */
function leadStart(span: Span, spans: Span[], model: AccessModel): number {
  const { from, firstDay, zone, moved } = span;
  const others = spans.filter((other) => other !== span && other.from <= from);
  const reached = others.some(
    (other) =>
      other.until === undefined ||
      other.until >= from ||
      bridgedTo(other, spans, model).some(({ at }) => at === from),
  );
  return moved || reached ? from : startOfDay(firstDay, zone, -model.leadDays);
}

/** The spans that begin after an end on a day, with at most `bridgeDays` whole days between. */
function bridgedTo(span: Span, spans: Span[], model: AccessModel) {
  const { lastDay, until } = span;
  if (lastDay === undefined || until === undefined) return [];
  const daysTo = ({ firstDay }: Span): number =>
    (Date.parse(firstDay) - Date.parse(lastDay)) / DAY - 1;
  return spans
    .filter((other) => daysTo(other) >= 0 && daysTo(other) <= model.bridgeDays)
    .map(({ from, attributes }) => ({ at: from, attributes }));
}

/**
 * What a move takes away is wanted for the `overlapDays` of the package, while nothing incompatible is. A move after the end
 * of the employment takes nothing away.
 */
function overlapIntervals(
  span: Span,
  spans: Span[],
  byRule: Interval[],
  model: AccessModel,
): Interval[] {
  const before = spans.find(
    ({ employment, until, left, lastDay }) =>
      employment === span.employment && until === span.from && !left && lastDay === undefined,
  );
  if (!span.moved || before === undefined) return [];
  const end = endOfEmployment(span, spans);
  const now = new Set(birthrightsFor(model, span.attributes).map(({ packageKey }) => packageKey));
  return birthrightsFor(model, before.attributes).flatMap(({ packageKey, ruleId }) => {
    const days = model.accessPackages.find(({ key }) => key === packageKey)?.overlapDays ?? 0;
    if (now.has(packageKey)) return [];
    const conflicts = byRule
      .filter((one) => incompatible(model, one.packageKey, packageKey))
      .filter(({ until }) => until === undefined || until > span.from)
      .map(({ from }) => Math.max(from, span.from));
    const until = earliest(startOfDay(span.firstDay, span.zone, days), end, ...conflicts);
    if (until === undefined || until <= span.from) return [];
    const facts = [...before.facts, ...span.facts];
    const { scheduledEnd, from, firstDay, zone } = span;
    const endedBy = spans.find(
      (one) => one.employment === span.employment && one.until === until,
    )?.endedBy;
    const shared = { reason: 'overlap', scheduledEnd, facts, endedBy, firstDay, zone } as const;
    return [{ packageKey, ruleId, ...shared, from, until }];
  });
}

/** The end of the employment that a span belongs to, across its moves. */
function endOfEmployment(span: Span, spans: Span[]): number | undefined {
  const next = spans.find(
    ({ employment, from }) => employment === span.employment && from === span.until,
  );
  return next === undefined ? span.until : endOfEmployment(next, spans);
}

/** Follows touching intervals of one package to their end, and tells what a contractor's schedule says there. */
function endOf(own: Interval[], at: number): { until?: number; schedule?: number | undefined } {
  let reached = at;
  let last: Interval[] = [];
  for (;;) {
    const next = own.filter(
      ({ from, until }) => from <= reached && (until === undefined || until > reached),
    );
    if (next.length === 0) break;
    last = next;
    if (next.some(({ until }) => until === undefined)) break;
    reached = Math.max(...next.map(({ until }) => until ?? reached));
    last = own.filter(({ until }) => until === reached);
  }
  const open = last.some(({ until }) => until === undefined);
  const ends = (open ? last.filter(({ until }) => until === undefined) : last).map(
    ({ scheduledEnd }) => scheduledEnd,
  );
  const scheduled = ends.every((end) => end !== undefined) && ends.length > 0;
  return {
    ...(!open && { until: reached }),
    ...(scheduled && { schedule: Math.max(...ends) }),
  };
}

/** Whether the package is wanted at `from` and from then on without a gap until after `to`. */
export function wantedThroughout(intervals: Interval[], key: string, from: number, to: number) {
  const { until } = endOf(
    intervals.filter(({ packageKey }) => packageKey === key),
    from,
  );
  return until === undefined || until > to;
}

function inRuleOrder(intervals: Interval[], model: AccessModel): Interval[] {
  const order = model.birthrights.map(({ id }) => id);
  return [...intervals].sort((a, b) => order.indexOf(a.ruleId) - order.indexOf(b.ruleId));
}
