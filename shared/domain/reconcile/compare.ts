import { z } from 'zod';
import { canReprocess, Held } from '../lifecycle/held';
import { currentOf, planAt, type Step, type StopReason } from '../lifecycle/planner';
import type { Timeline } from '../lifecycle/timeline';
import { incompatible, intervalsOf, type Interval, type Want } from '../lifecycle/wants';
import {
  FindingKind,
  nextOf,
  remedyOf,
  type Difference,
  type RemedyContext,
  type RepairAction,
} from './findings';

/** What an account has of a package by what Graph shows, completed by our record of it, and the request behind it. */
export const Actual = Held.extend({
  assignmentState: z.string().optional(),
  policyId: z.string().optional(),
  requestId: z.string().optional(),
  requestedAt: z.string().optional(),
});
export type Actual = z.infer<typeof Actual>;

/** What the row of a holding says, as far as it decides whether somebody else ended what we gave. */
export const RecordedHolding = z.object({
  packageKey: z.string(),
  state: z.string(),
  action: z.string(),
  whose: Held.shape.whose,
  assignmentId: z.string().optional(),
  until: z.string().optional(),
  updatedAt: z.string(),
  /** Whether a reconciliation has given it back before, after somebody else had ended it. */
  wasGivenBack: z.boolean().default(false),
});
export type RecordedHolding = z.infer<typeof RecordedHolding>;

/** One account, and the person whose it is. Times are milliseconds since 1970. */
export type Person = RemedyContext & {
  /** Absent of an account that no known person has. */
  workerId?: string | undefined;
  objectId?: string | undefined;
  /** Of no facts at all where the account is nobody's that we know. */
  timeline: Timeline;
  held: readonly Actual[];
  records: readonly RecordedHolding[];
  at: number;
  /** How long a request may be open, in seconds. */
  deadlines: { delivery: number; approval: number };
  /** Whether the person has another account now: then this one is somebody else's, unless they are to have nothing. */
  isOtherAccount?: boolean | undefined;
};

/**
 * What differs between what one account should have and what it has: one difference per package. `steps` is the plan of the
 * one planner; each of them that writes has exactly one difference, which names its action.
 */
export function comparePerson(person: Person): { differences: Difference[]; steps: Step[] } {
  const { timeline, model, at, held } = person;
  const intervals = intervalsOf(timeline, model);
  const { wants, steps, stopped } = planAt({ timeline, held: [...held], model }, intervals, at);
  const isKnown =
    !stopped.some(({ reason }) => reason === 'no-facts') &&
    !(person.isOtherAccount && wants.length > 0);
  const current = currentOf(held, at);
  const wanted = isKnown ? wants : [];
  const keys = new Set([...wanted.map(({ packageKey }) => packageKey), ...current.keys()]);
  const own = isKnown ? steps : [];
  const views = Array.from(keys, (packageKey): View => {
    const one = current.get(packageKey);
    const step = own.find((each) => each.packageKey === packageKey);
    const record = person.records.find((each) => each.packageKey === packageKey);
    return {
      ...{ packageKey, isKnown, one, step, record },
      want: wanted.find((each) => each.packageKey === packageKey),
      stop: stopped.find((each) => each.packageKey === packageKey)?.reason,
      rivals: [...current.values()]
        .filter((other) => isHeld(other) && incompatible(model, packageKey, other.packageKey))
        .map((other) => other.packageKey),
      isStuck:
        one !== undefined &&
        (one.whose === 'ours' || wanted.some((each) => each.packageKey === packageKey)) &&
        isPastDeadline(one, person),
      isTaken: record !== undefined && isTaken(record, at),
    };
  });
  const differences = views.flatMap((view) => differenceOf(view, person, intervals));
  return { differences: withEarlierSteps(differences), steps: own };
}

/** What is known of one package of the account. `rivals`: the incompatible packages that it holds. */
type View = {
  packageKey: string;
  isKnown: boolean;
  one: Actual | undefined;
  want: Want | undefined;
  step: Step | undefined;
  stop: StopReason | undefined;
  record: RecordedHolding | undefined;
  rivals: string[];
  isStuck: boolean;
  isTaken: boolean;
};

type PackageKind = Exclude<FindingKind, 'roster-only' | 'absent-from-roster' | 'package-drift'>;

/** Not what is only asked for, and not what is about to end. */
const isGiven = ({ state, assignmentId }: Held): boolean =>
  state === 'adding' ? assignmentId !== undefined : state !== 'removing';

const isHeld = ({ state }: Held): boolean => state === 'held' || state === 'broken';

const APPLIES: Record<PackageKind, (view: View) => boolean> = {
  'unknown-person': ({ isKnown, one }) => !isKnown && one !== undefined,
  conflict: isLosing,
  stuck: ({ isStuck }) => isStuck,
  // What is not wanted is no longer made whole, so the remedy of `broken` never takes anything away.
  broken: ({ one, want }) => one?.state === 'broken' && want !== undefined,
  taken: ({ one, want, isTaken }) => one === undefined && want !== undefined && isTaken,
  // Either it ends too early, or the package's own policy has ended it and the planner does not renew it.
  'wrong-end': ({ one, want, step, stop }) =>
    step?.action === 'extend' ||
    (want !== undefined && one === undefined && step === undefined && stop === undefined),
  missing: ({ one, want }) => one === undefined && want !== undefined,
  'extra-ours': ({ one, want }) => want === undefined && one?.whose === 'ours' && isHeld(one),
  theirs: ({ one, want }) =>
    want === undefined && one !== undefined && one.whose !== 'ours' && isGiven(one),
  'by-rule': ({ one, want }) =>
    want !== undefined && one?.whose === 'by-rule' && one.state === 'held',
};

/** Of an incompatible pair that is held, the package that has to go; both, where the model gives neither. */
function isLosing({ one, want, stop, rivals }: View): boolean {
  if (one === undefined || !isHeld(one) || rivals.length === 0) return false;
  return want === undefined || stop === 'sod-both-wanted';
}

/** The first kind that applies. */
const kindOf = (view: View): PackageKind | undefined =>
  FindingKind.options.find(
    (kind): kind is PackageKind => kind in APPLIES && APPLIES[kind as PackageKind](view),
  );

function differenceOf(view: View, person: Person, intervals: Interval[]): Difference[] {
  const { packageKey, one, step } = view;
  const kind = kindOf(view);
  if (kind === undefined) return [];
  // What was not read is not known to be absent.
  const isAbsent = one === undefined;
  const scope = person.scopes.get(packageKey) ?? 'incomplete';
  if (isAbsent && scope === 'incomplete') return [];
  const { unclear } = person;
  const action = unclear ? undefined : actionOf(step, one, person.at);
  const isAgain = kind === 'taken' && view.record?.wasGivenBack === true;
  const remedy = remedyOf({ kind, packageKey, action, isAgain }, person);
  const since = sinceOf(kind, view, intervals, person.at);
  const after = step?.after.map((id) => id.slice(id.indexOf(':') + 1)) ?? [];
  return [
    {
      kind,
      ...(person.workerId !== undefined && { workerId: person.workerId }),
      ...(person.objectId !== undefined && { objectId: person.objectId }),
      packageKey,
      ...(since !== undefined && { since }),
      remedy,
      next: nextOf(kind, { remedy, action, unclear, detail: detailOf(kind, view, person) }),
      ...(action && { action }),
      ...(after.length > 0 && { after }),
    },
  ];
}

function actionOf(step: Step | undefined, one: Actual | undefined, at: number) {
  if (step === undefined || step.action === 'wait') return undefined;
  const action: RepairAction = step.action;
  return action === 'reprocess' && !(one && canReprocess(one, at)) ? 'grant' : action;
}

const isPastDeadline = (
  { state, packageKey, requestedAt }: Actual,
  { at, deadlines, model }: Person,
): boolean => {
  if ((state !== 'adding' && state !== 'removing') || requestedAt === undefined) return false;
  const policy = model.accessPackages.find(({ key }) => key === packageKey)?.policy;
  const isApproved = state === 'adding' && policy?.approval.required === true;
  const seconds = isApproved ? deadlines.approval : deadlines.delivery;
  return Date.parse(requestedAt) + seconds * 1000 <= at;
};

/** We saw it delivered, did not end it, and its own end has not come. */
const isTaken = (record: RecordedHolding, at: number): boolean =>
  record.state === 'held' &&
  record.whose === 'ours' &&
  record.action !== 'revoke' &&
  record.assignmentId !== undefined &&
  (record.until === undefined || Date.parse(record.until) > at);

function sinceOf(
  kind: PackageKind,
  { packageKey, want, one }: View,
  intervals: Interval[],
  at: number,
): string | undefined {
  if (kind === 'missing') return iso(want?.from);
  // Whatever a gateway writes: a report has instants in UTC alone.
  if (kind === 'stuck' || kind === 'broken') return iso(Date.parse(one?.requestedAt ?? ''));
  if (kind !== 'extra-ours') return undefined;
  const ends = intervals
    .filter((interval) => interval.packageKey === packageKey)
    .flatMap(({ until }) => (until !== undefined && until <= at ? [until] : []));
  return ends.length === 0 ? undefined : iso(Math.max(...ends));
}

const iso = (instant: number | undefined): string | undefined =>
  instant === undefined || Number.isNaN(instant) ? undefined : new Date(instant).toISOString();

function detailOf(
  kind: PackageKind,
  view: View,
  { reportOnly, unclear }: Person,
): string | undefined {
  const { stop, rivals, one, step, record } = view;
  const details = [
    ...[reportOnly, unclear],
    kind === 'conflict' ? `does not go with ${rivals.join(', ')}` : stop,
    kind === 'theirs' && one?.whose === 'by-rule' ? 'by an automatic policy' : undefined,
    kind === 'wrong-end' && step === undefined ? 'policy-ended' : undefined,
    kind === 'taken' && record?.wasGivenBack === true ? 'given back before' : undefined,
  ].filter((detail) => detail !== undefined);
  return details.length === 0 ? undefined : details.join('; ');
}

/** A grant behind a removal that is not repaired would not be carried out, so it is not asked for. */
function withEarlierSteps(differences: Difference[]): Difference[] {
  const isRepaired = (key: string) =>
    differences.some(({ packageKey, remedy }) => packageKey === key && remedy === 'repair');
  return differences.map((one) => {
    const blocking = one.after?.filter((key) => !isRepaired(key)) ?? [];
    if (one.remedy !== 'repair' || blocking.length === 0) return one;
    const detail = `after the removal of ${blocking.join(', ')}`;
    return { ...one, remedy: 'report', next: nextOf(one.kind, { remedy: 'report', detail }) };
  });
}
