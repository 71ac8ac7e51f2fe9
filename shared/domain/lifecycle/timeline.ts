import type { AccessModel } from '../access-model/access-model';
import type { Attributes } from '../events/event';
import { dueAt } from '../events/time';
import { compareCanonical, statedLast, statedLater, type Fact, type Fate } from './facts';
import { zoneFor } from './plan';
import { statementsOf, type Statement } from './statements';

/**
 * One stretch of an employment with the same attributes. Instants are milliseconds since 1970; `until` is exclusive and
 * absent while no end is known.
 */
export type Span = {
  /** The worker id and the employment id: two numbers of one person have employments of their own. */
  employment: string;
  from: number;
  until?: number;
  /** The local date of `from`, and the zone in which the days of this span begin. */
  firstDay: string;
  zone: string;
  attributes: Attributes;
  facts: Fact[];
  /** What ends it: a `left`, an endDate, or the next statement of the employment. */
  endedBy?: Fact;
  /** Whether a `moved` began the span. */
  moved: boolean;
  /** The last day if the employment ends on a day with this span: absent after an `endsAt` and where it goes on. */
  lastDay?: string;
  /** Whether a `left` ends the span. */
  left: boolean;
  /** The end that an endDate states: it is the schedule of a contractor's grants. */
  scheduledEnd?: number;
};

/** `statedEnds`: the ends of employment that any fact states or stated, whether it still holds or not. */
export type Timeline = { spans: Span[]; fates: Map<Fact, Fate>; statedEnds: Set<number> };

/** A statement that begins a span. `begins`: it is a hire of its own, where a move continues what it finds. */
type Start = {
  fact: Fact;
  facts: Fact[];
  day: string;
  at: number;
  zone: string;
  begins: boolean;
  endDate?: { day: string; fact: Fact } | undefined;
  attributes: Attributes;
};
type Left = { fact: Fact; lastDay?: string; endsAt?: number };
type Stint = { starts: Start[]; left?: Left };
type Employment = { starts: Start[]; lefts: Left[] };

/** The spans of all employments of one person, and what became of each fact: a function of the set of facts. */
export function timelineOf(facts: Iterable<Fact>, model: AccessModel): Timeline {
  const { statements, fates } = statementsOf(facts);
  for (const { fact, content } of statements) {
    // A snapshot without spans states that there is no employment, and holds.
    const empty = content.kind === 'snapshot' && content.spans.length === 0;
    fates.set(fact, empty ? 'current' : 'superseded');
  }
  const spans = Array.from(byEmployment(statements, model), ([employment, { starts, lefts }]) => {
    const stints = stintsOf(latestPerDay(starts), lefts, fates);
    return stints.flatMap((stint, i) => spansOf(employment, stint, stints[i + 1]));
  }).flat();
  for (const fact of spans.flatMap((span) => span.facts)) fates.set(fact, 'current');
  const lasting = spans.filter(({ from, until }) => until === undefined || from < until);
  return { spans: lasting, fates, statedEnds: statedEndsOf(facts, model) };
}

/** In every zone that any fact states, because a move to another zone takes the end of the employment along. */
function statedEndsOf(facts: Iterable<Fact>, model: AccessModel): Set<number> {
  const days = new Set<string>();
  const zones = new Set<string>();
  for (const fact of facts) {
    const content = fact.states.kind === 'corrected' ? fact.states.content : fact.states;
    if (content.kind === 'left' || content.kind === 'rescinded') continue;
    for (const { endDate, attributes } of startsOf(content, fact)) {
      zones.add(zoneFor(model, { timeZone: fact.timeZone, attributes }));
      if (endDate !== undefined) days.add(endDate);
    }
  }
  return new Set(
    Array.from(days, (day) => Array.from(zones, (zone) => startOfDay(day, zone, 1))).flat(),
  );
}

const known = new Map<string, number>();

/**
 * The first instant of a day in a zone, `days` later, in milliseconds. Remembered, because a plan asks for the same few days
 * again and again, and the clock of a zone is slow.
 */
export function startOfDay(day: string, zone: string, days = 0): number {
  const key = `${day} ${days} ${zone}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const instant = Date.parse(dueAt(day, zone, -days));
  if (known.size >= 10_000) known.clear();
  known.set(key, instant);
  return instant;
}

function byEmployment(statements: Statement[], model: AccessModel): Map<string, Employment> {
  const employments = new Map<string, Employment>();
  const of = ({ workerId }: Fact, employmentId: string): Employment => {
    const key = JSON.stringify([workerId, employmentId]);
    const employment = employments.get(key) ?? { starts: [], lefts: [] };
    employments.set(key, employment);
    return employment;
  };
  for (const { fact, content } of statements) {
    if (content.kind === 'left') {
      const end = 'lastDay' in content ? content : { endsAt: Date.parse(content.endsAt) };
      of(fact, fact.employmentId).lefts.push({ fact, ...end });
      continue;
    }
    for (const { employmentId, day, endDate, attributes } of startsOf(content, fact)) {
      const zone = zoneFor(model, { timeZone: fact.timeZone, attributes });
      of(fact, employmentId).starts.push({
        ...{ fact, facts: [fact], day, at: startOfDay(day, zone), zone, attributes },
        begins: content.kind !== 'moved',
        endDate: endDate === undefined ? undefined : { day: endDate, fact },
      });
    }
  }
  return employments;
}

function startsOf(content: Exclude<Statement['content'], { kind: 'left' }>, fact: Fact) {
  if (content.kind === 'snapshot') {
    return content.spans.map(({ from, until, ...rest }) => ({
      ...rest,
      day: from,
      endDate: until,
    }));
  }
  const { endDate, attributes } = content;
  const day = content.kind === 'joined' ? content.startDate : content.effectiveDate;
  return [{ employmentId: fact.employmentId, day, endDate, attributes }];
}

/** Of the statements for one day the last one holds; what it does not say of the end, an earlier one says. */
function latestPerDay(starts: Start[]): Start[] {
  const days = new Map<string, Start[]>();
  for (const start of starts) days.set(start.day, [...(days.get(start.day) ?? []), start]);
  return Array.from(days.values(), (same) => {
    const last = statedLast(same.map(({ fact }) => fact));
    const [start = same[0]] = same.filter(({ fact }) => fact === last);
    const begins = same.some((one) => one.begins);
    const ended = same.filter(({ endDate }) => endDate !== undefined).map(({ fact }) => fact);
    const carried = same.find(({ fact }) => fact === statedLast(ended))?.endDate;
    return start === undefined
      ? []
      : [{ ...start, begins, endDate: start.begins ? start.endDate : carried }];
  })
    .flat()
    .sort((a, b) => (a.day < b.day ? -1 : 1));
}

/**
 * The hires of one employment. Moves and ends are applied in the order in which they were stated: a move after the end
 * that was known then begins a hire of its own. One that was planned before the end was stated belongs to the hire, which
 * may end before it. The first statement of all begins a hire, whatever it is.
 */
function stintsOf(starts: Start[], lefts: Left[], fates: Map<Fact, Fate>): Stint[] {
  const firsts = starts.filter(({ begins }, i) => begins || i === 0);
  const stints: Stint[] = firsts.map((start) => ({ starts: [start] }));
  const covering = (at: number): Stint | undefined =>
    stints.filter((stint) => firstOf(stint).at <= at).at(-1);
  const moves = starts.filter((start) => !firsts.includes(start));
  for (const { move, left } of inStatedOrder(moves, lefts)) {
    if (move !== undefined) {
      const stint = covering(move.at);
      const end = stint && courseOf(stint).end;
      const within = end === undefined || move.at < end.at || statedLater(end.fact, move.fact);
      if (stint !== undefined && within) {
        stint.starts = [...stint.starts, move].sort((a, b) => a.at - b.at);
      } else {
        stints.push({ starts: [move] });
        stints.sort((a, b) => firstOf(a).at - firstOf(b).at);
      }
    } else if (left !== undefined) {
      if (!applyLeft(left, stints)) fates.set(left.fact, 'ignored');
    }
  }
  for (const { left } of stints) if (left !== undefined) fates.set(left.fact, 'current');
  return stints;
}

const firstOf = ({ starts }: Stint): Start => starts[0] as Start;

/** Ends the hire that covers the last day. One that has not begun by then is called off, if it was stated before. */
function applyLeft(left: Left, stints: Stint[]): boolean {
  const begun = stints.filter((stint) => firstOf(stint).at < leftAt(left, stint));
  const [first] = stints;
  const calledOff = first !== undefined && statedLater(left.fact, firstOf(first).fact);
  const stint = begun.at(-1) ?? (calledOff ? first : undefined);
  if (stint !== undefined) stint.left = left;
  return stint !== undefined;
}

/** The zone in which a day of the hire ends: the one of the attributes that hold on it. */
const zoneOn = (day: string, stint: Stint): string =>
  (stint.starts.filter((start) => start.day <= day).at(-1) ?? firstOf(stint)).zone;

const leftAt = ({ fact, lastDay, endsAt }: Left, stint: Stint): number =>
  endsAt ?? startOfDay(lastDay ?? '', fact.timeZone ?? zoneOn(lastDay ?? '', stint), 1);

type End = {
  fact: Fact;
  at: number;
  left: boolean;
  lastDay?: string | undefined;
  scheduled?: number | undefined;
};

/** The end of a hire, and those of its starts that lie before it. */
function courseOf({ starts, left }: Stint): { starts: Start[]; end?: End | undefined } {
  let course: Stint & { end?: End | undefined } = { starts: [] };
  for (const start of starts) {
    if (course.end !== undefined && start.at >= course.end.at) break;
    const stint = { starts: [...course.starts, start], ...(left && { left }) };
    course = { ...stint, end: endOf(stint) };
  }
  return course;
}

/** A `left` overrides an endDate, except that one not stated later than an earlier endDate does not postpone it. */
function endOf(stint: Stint): End | undefined {
  const endDate = stint.starts.filter((start) => start.endDate !== undefined).at(-1)?.endDate;
  const scheduled = endDate && startOfDay(endDate.day, zoneOn(endDate.day, stint), 1);
  const { left } = stint;
  if (left !== undefined) {
    const at = leftAt(left, stint);
    if (scheduled === undefined || endDate === undefined || at <= scheduled) {
      return { fact: left.fact, at, left: true, lastDay: left.lastDay, scheduled };
    }
    if (statedLater(left.fact, endDate.fact)) {
      return { fact: left.fact, at, left: true, lastDay: left.lastDay };
    }
  }
  return endDate && scheduled !== undefined
    ? { fact: endDate.fact, at: scheduled, left: false, lastDay: endDate.day, scheduled }
    : undefined;
}

/** RFC 3339 has no later instant. HR systems state the last day of all where no end is known. */
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

const isNever = (instant: number | undefined): boolean => (instant ?? 0) > LAST_INSTANT;

function spansOf(employment: string, stint: Stint, next: Stint | undefined): Span[] {
  const { starts, end: stated } = courseOf(stint);
  const scheduled = isNever(stated?.scheduled) ? undefined : stated?.scheduled;
  const end = isNever(stated?.at) ? undefined : stated;
  const limit = next && firstOf(next).at;
  const cut = limit !== undefined && (end === undefined || limit < end.at);
  const ends = end !== undefined && !cut;
  const last = cut ? limit : end?.at;
  return starts.map((start, i) => {
    const until = earliest(starts[i + 1]?.at, last);
    const final = ends && until === end.at;
    const endedBy = final
      ? end.fact
      : (starts[i + 1]?.fact ?? (cut ? next?.starts[0]?.fact : undefined));
    return {
      ...{ employment, from: start.at, firstDay: start.day, zone: start.zone },
      ...{ attributes: start.attributes, facts: start.facts, moved: !start.begins },
      ...(until !== undefined && { until }),
      ...(endedBy && { endedBy }),
      ...(final && end.lastDay !== undefined && { lastDay: end.lastDay }),
      left: final && end.left,
      ...(scheduled !== undefined && { scheduledEnd: scheduled }),
    };
  });
}

/** The earliest of the instants that are known. */
export function earliest(...instants: (number | undefined)[]): number | undefined {
  const known = instants.filter((instant) => instant !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

type Change = { fact: Fact; on: string; move?: Start; left?: Left };

/** Moves and ends, the one stated first to begin with; those stated at once in the order of their dates. */
function inStatedOrder(moves: Start[], lefts: Left[]): Change[] {
  const steps: Change[] = [];
  const all: Change[] = [
    ...moves.map((move) => ({ fact: move.fact, on: move.day, move })),
    ...lefts.map((left) => ({
      fact: left.fact,
      on: left.lastDay ?? new Date(left.endsAt ?? 0).toISOString(),
      left,
    })),
  ].sort((a, b) => {
    if (a.fact.time === b.fact.time && a.on !== b.on) return a.on < b.on ? -1 : 1;
    return compareCanonical(a.fact, b.fact);
  });
  for (const step of all) {
    let at = steps.length;
    while (at > 0 && statedLater((steps[at - 1] as Change).fact, step.fact)) at -= 1;
    steps.splice(at, 0, step);
  }
  return steps;
}
