import type { z } from 'zod';
import { isReserved, RECHECK } from '../domain/events/event';
import { isTooLong, isWorkerId } from '../domain/events/match-attribute';
import { timeOfDay } from '../domain/events/time';
import type { Fact, StoredFact } from '../domain/lifecycle/facts';
import { unstoredAttribute, type PlannedStep } from '../domain/lifecycle/plan';
import { endingOf, firstEffectOf, type FirstEffect } from '../domain/lifecycle/ending';
import { planFor, type Step, type Stopped } from '../domain/lifecycle/planner';
import { timelineOf, type Timeline } from '../domain/lifecycle/timeline';
import { incompatible, intervalsOf, type Interval, type Want } from '../domain/lifecycle/wants';
import type { activities } from '../domain/workflow/activities';
import type { Failed, Later, Outcome } from '../domain/workflow/outcome';
import type { Run } from '../domain/workflow/run';
import type { Ending, StepResult } from '../domain/workflow/step-outcome';
import type { DecidedStep } from '../domain/workflow/workflow-state';
import type { LoadedModel } from '../config/load-model';
import { asOutcome } from '../graph/errors';
import type { Log } from '../log';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { readAccess, type Access, type AccessServices } from './current-access';
import { throughGate, type GateKeeper } from './gate';

type Services = AccessServices & {
  workers: Workers;
  gate: GateKeeper;
  config: { matchAttribute: string; graph: { lagSeconds: number } };
};

type Model = LoadedModel['model'];
type Plan = {
  targetId?: string | undefined;
  steps: PlannedStep[];
  decided: DecidedStep[];
  ending?: Ending | undefined;
  isPartial: boolean;
  next?: string | undefined;
};

/**
 * The facts about a person, the access model and what the person has -> steps, and how everything ends of which nothing is to
 * be done. A missing or disabled account stops only what gives access: all else comes first, as a partial plan. An event that
 * makes no difference before a later instant, and by which nothing is to be done now, is `later` until then.
 */
export async function planAccess(
  services: Services,
  { run, done, wasHeld, wasParked }: z.infer<typeof activities.planAccess.input>,
  log: Log,
): Promise<Outcome<Plan>> {
  const { workerId } = run.fact;
  const { model } = services.model();
  const { personId = workerId } = run;
  const held = wasHeld ? await services.gate.stillHeld(personId) : undefined;
  if (held !== undefined) return { ...NOT_YET, why: held };
  const facts = await services.workers.facts(workerId).catch(tooManyNumbers);
  if (facts === undefined) return { kind: 'failed', why: 'too-many-worker-ids' };
  const fact = facts.find(({ hash }) => hash === run.eventHash);
  if (!fact && !isReserved(run.fact.eventSource))
    throw new Error('the fact of this run is not recorded');
  const at = Date.now();
  const effect = done.length === 0 ? firstEffectOf(facts, run.eventHash, model, at) : undefined;
  // What others have stated meanwhile has runs of its own: without a call to Graph it is seen that there is time.
  if (wasParked && effect) return parkedUntil(effect, at);
  const timeline = timelineOf(facts, model);
  // Since the events were accepted, the rules may have come to ask about what was not stored of them.
  if (isUndecided(timeline, facts, model, at))
    return { kind: 'failed', why: 'attribute-not-stored' };
  const { wants } = planFor({ timeline, held: [], model, at });
  const named = wants.flatMap((want) => want.facts.map((one) => one.workerId)).toReversed();
  const workerIds = [...named, workerId, personId, ...facts.map((one) => one.workerId)];

  return asOutcome(async (): Promise<Outcome<Plan>> => {
    const account = await accountOf(services, new Set(workerIds));
    const person = {
      workerIds: [...new Set(workerIds)].sort(),
      targetId: 'id' in account ? account.id : undefined,
      wanted: wants.map(({ packageKey }) => packageKey),
      instanceId: run.instanceId,
    };
    const current = await readAccess(services, person);
    if (current.kind !== 'done') return current;
    const heldHere = heldBy(current.access, person.targetId);
    const plan = planFor({ timeline, held: heldHere, model, at });
    const intervals = intervalsOf(timeline, model);
    const situation = { run, model, at, timeline, intervals, personId, ...current, ...person };
    const steps = stepsOf({ ...situation, wants }, plan);
    const elsewhere = otherAccounts(situation).map((targetId) => {
      const held = heldBy(current.access, targetId);
      // Another account is another person's, unless this person is to have nothing at all.
      const other =
        wants.length === 0
          ? planFor({ timeline, held, model, at })
          : { steps: [], stopped: [], handOff: held.map(({ packageKey }) => packageKey) };
      const there = { ...situation, targetId, wants: [], suffix: `@${targetId}` };
      return { objectId: targetId, held, ...stepsOf(there, other) };
    });
    const accounts = [{ objectId: person.targetId ?? '', held: heldHere, ...steps }, ...elsewhere];
    const { next } = plan;
    const { eventHash } = run;
    const isRecheck = run.fact.eventSource === RECHECK;
    const { workerIds: ids } = person;
    const gated = await throughGate(
      services.gate,
      { ...{ eventHash, personId, workerIds: ids, accounts, facts, at }, isRecheck },
      done,
      log,
    );
    const { waiting } = gated;
    // What waits comes after everything else, and before the end of a wait for an account: it may take access.
    const isOver = (step: PlannedStep) => done.includes(step.id);
    if (waiting !== undefined && gated.steps.every(isOver)) return waiting;
    const isToDo = (step: PlannedStep) => step.action !== 'wait' && !isOver(step);
    if (effect && waiting === undefined && !gated.steps.some(isToDo))
      return parkedUntil(effect, at);
    return withAccount(account, done, waiting, {
      targetId: person.targetId,
      steps: gated.steps,
      decided: [...accounts.flatMap((one) => one.decided), ...gated.decided],
      ending: fact ? endingOf({ fact, timeline, wants, model }) : endingOfOwn(wants),
      isPartial: waiting !== undefined,
      ...(next !== undefined && { next: iso(next) }),
    });
  });
}

/** The longest time between two looks at the facts of somebody for whom there is time. */
const DAY_SECONDS = 86_400;

function parkedUntil({ at: until, why }: FirstEffect, at: number): Later {
  const afterSeconds = Math.min((until - at) / 1000, DAY_SECONDS);
  return { kind: 'later', afterSeconds, why, until: iso(until) };
}

/** How an event of our own ends for which nothing had to be done: it states nothing. */
const endingOfOwn = (wants: readonly Want[]): Ending | undefined =>
  wants.length > 0 ? undefined : { outcome: 'revoked' };

/** They cannot be one person: a placeholder in HR has joined them. */
const tooManyNumbers = (error: unknown): undefined => {
  if (!(error instanceof TooManyNumbers)) throw error;
};

/** Whether a rule depends on an attribute of the present time that was not stored. */
export function isUndecided(
  { spans }: Timeline,
  facts: StoredFact[],
  model: Model,
  at: number,
): boolean {
  const unstored = new Map(facts.map((fact) => [fact.hash, fact.unstored]));
  const present = spans.filter(({ from, until = Infinity }) => from <= at && at < until);
  return present.some(({ attributes, facts: behind }) =>
    behind.some(({ hash }) => {
      const kept = { attributes, unstored: unstored.get(hash) };
      return unstoredAttribute(model, kept) !== undefined;
    }),
  );
}

type AccountServices = {
  graph: Pick<AccessServices['graph'], 'findUsers'>;
  config: { matchAttribute: string };
};

type Account = { id: string; isEnabled: boolean } | Later | Failed;

const NOT_YET = { kind: 'later', afterSeconds: 1 } as const;

/** The one account of the person, by the first of their worker ids that has any. */
export async function accountOf(
  { graph, config }: AccountServices,
  workerIds: ReadonlySet<string>,
): Promise<Account> {
  const usable = [...workerIds].filter((id) => !isTooLong(id, config.matchAttribute));
  // Nobody can ever have it, so the run does not wait for them.
  if (usable.length === 0) return { kind: 'failed', why: 'worker-id-too-long' };
  for (const workerId of usable) {
    const found = await graph.findUsers(config.matchAttribute, workerId);
    const [user, ...others] = found.filter(({ value }) => isWorkerId(value, workerId));
    if (found.length === 0) continue;
    // Another spelling may be another person: whose access it is, a person decides.
    if (!user) return { kind: 'failed', why: 'identity-mismatch' };
    if (others.length > 0) return { kind: 'failed', why: 'ambiguous-identity' };
    return { id: user.id, isEnabled: user.accountEnabled !== false };
  }
  return { ...NOT_YET, why: 'no-identity' };
}

/** What gives access waits for an account that is there and enabled, after everything else is done. */
function withAccount(
  account: Account,
  done: readonly string[],
  waiting: Later | undefined,
  plan: Plan,
): Outcome<Plan> {
  const gives = ({ action }: PlannedStep) => ['grant', 'extend', 'reprocess'].includes(action);
  const isReady = 'id' in account && account.isEnabled;
  if (isReady || !plan.steps.some(gives)) return { kind: 'done', ...plan };
  const steps = plan.steps.filter((step) => !gives(step) && !done.includes(step.id));
  if (steps.length > 0) return { kind: 'done', ...plan, steps, isPartial: true };
  if (waiting !== undefined) return waiting;
  if (!('id' in account) && account.kind === 'failed') return account;
  const [waitFrom] = plan.steps
    .flatMap((step) => (gives(step) ? (step.readyBy ?? []) : []))
    .sort()
    .toReversed();
  // Accounts of people who have yet to start are often disabled; Graph assigns nothing to them.
  const later = 'id' in account ? { ...NOT_YET, why: 'account-disabled' } : account;
  return { ...later, ...(waitFrom !== undefined && { waitFrom }) };
}

const heldBy = (access: readonly Access[], targetId: string | undefined): Access[] =>
  access.filter((one) => one.targetId === targetId);

const otherAccounts = ({ access, targetId }: Pick<Situation, 'access' | 'targetId'>): string[] => [
  ...new Set(access.map((one) => one.targetId).filter((id) => id !== targetId)),
];

/** What the steps on one account are made of. */
type Situation = {
  run: Run;
  model: Model;
  at: number;
  personId: string;
  targetId: string | undefined;
  access: Access[];
  wants: Want[];
  timeline: Timeline;
  intervals: Interval[];
  /** What distinguishes the ids of steps on another account. */
  suffix?: string;
};

type PlanOfAccount = { steps: Step[]; stopped: Stopped[]; handOff: string[] };

function stepsOf(situation: Situation, { steps, stopped, handOff }: PlanOfAccount) {
  const { wants, targetId, access } = situation;
  const decide = (
    action: PlannedStep['action'],
    packageKey: string,
    result: StepResult,
  ): DecidedStep => ({ ...stepOf(situation, { action, packageKey, after: [] }), result });
  const planned = new Set([...steps, ...stopped].map(({ packageKey }) => packageKey));
  const kept = wants.filter(({ packageKey }) => !planned.has(packageKey));
  const isHeld = (key: string) =>
    access.some(
      (one) => one.targetId === targetId && one.packageKey === key && one.state === 'held',
    );
  return {
    steps: steps.map((step) => stepOf(situation, asGrantIfTooLate(situation, step))),
    decided: [
      ...kept.map(({ packageKey }) =>
        decide('grant', packageKey, isHeld(packageKey) ? ALREADY_HELD : POLICY_ENDED),
      ),
      ...stopped
        .filter(({ reason }) => reason !== 'no-facts')
        .map((stop) => decide('grant', stop.packageKey, resultOfStop(situation, stop))),
      ...handOff.map((packageKey) => decide('hand-off', packageKey, { outcome: 'handed-off' })),
    ],
  };
}

const ALREADY_HELD: StepResult = { outcome: 'already-held' };
/** The policy's own end has passed while a rule still gives the package, and the model does not say to renew it. */
const POLICY_ENDED: StepResult = { outcome: 'needs-attention', reason: 'policy-ended' };

function resultOfStop(
  { model, access, targetId, wants }: Situation,
  { packageKey, reason }: Stopped,
): StepResult {
  if (reason === 'broken-not-ours') return { outcome: 'needs-attention', reason };
  const others = [...heldBy(access, targetId), ...wants].map((one) => one.packageKey);
  const partner = others.find((other) => incompatible(model, packageKey, other));
  return { outcome: 'refused-sod', reason: [reason, ...(partner ? [partner] : [])].join(':') };
}

const REPROCESS_MS = 7 * 86_400_000;

/** Graph carries out a failed request again within a week; after that a new one has to be made. */
function asGrantIfTooLate({ access, targetId, at }: Situation, step: Step): Step {
  if (step.action !== 'reprocess') return step;
  const one = heldBy(access, targetId).find(({ packageKey }) => packageKey === step.packageKey);
  const { requestId, requestedAt = '' } = one ?? {};
  if (requestId !== undefined && at - Date.parse(requestedAt) < REPROCESS_MS) return step;
  return { ...step, action: 'grant', id: `grant:${step.packageKey}` };
}

type StepDraft = {
  action: PlannedStep['action'];
  packageKey: string;
  after: string[];
  until?: number | undefined;
};

function stepOf(situation: Situation, draft: StepDraft): PlannedStep {
  const { run, model, personId, targetId = '', suffix = '' } = situation;
  const { action, packageKey, after, until } = draft;
  const one = heldBy(situation.access, targetId).find((held) => held.packageKey === packageKey);
  const want = situation.wants.find((wanted) => wanted.packageKey === packageKey);
  const ended = situation.intervals
    .filter(
      (interval) =>
        interval.packageKey === packageKey && (interval.until ?? Infinity) <= situation.at,
    )
    .toSorted((a, b) => (a.until ?? 0) - (b.until ?? 0))
    .at(-1);
  const actAt = want?.from ?? ended?.until;
  const facts = (want?.facts ?? factsAgainst(situation, ended)).map(({ hash }) => hash);
  // An event of the clock, or of a person who asks for it, states nothing.
  const own = want || isReserved(run.fact.eventSource) ? [] : [run.eventHash];
  const needsRequest = action === 'wait' || action === 'reprocess';
  return {
    ...{ id: `${action}:${packageKey}${suffix}`, action, targetId, packageKey },
    ...(want && { ruleId: want.ruleId }),
    wait: model.accessPackages.find(({ key }) => key === packageKey)?.wait ?? false,
    ...(until !== undefined && { until: iso(until) }),
    after: after.map((id) => `${id}${suffix}`),
    personId: one?.personId ?? personId,
    ids: one?.ids ?? {},
    ...(one?.assignmentId !== undefined && { assignmentId: one.assignmentId }),
    ...(needsRequest && one?.requestId !== undefined && { requestId: one.requestId }),
    ...(action === 'wait' && { waitsFor: one?.state === 'removing' ? 'removal' : 'grant' }),
    held: one?.state ?? 'nothing',
    ...(one?.until !== undefined && { heldUntil: iso(one.until) }),
    whose: action === 'grant' ? (one?.whose ?? 'ours') : (one?.whose ?? 'theirs'),
    ...(actAt !== undefined && { actAt: iso(actAt) }),
    ...(want && { readyBy: timeOfDay(want.firstDay, model.readyAt, want.zone) }),
    factHashes: [...new Set([...facts, ...own])],
  };
}

/** Why a package is not wanted: what gave it and what ended that, else what the present employments or all facts say. */
function factsAgainst({ timeline, at }: Situation, ended: Interval | undefined): Fact[] {
  if (ended) return [...ended.facts, ...(ended.endedBy ? [ended.endedBy] : [])];
  const { spans, fates } = timeline;
  const present = spans.filter(({ from, until = Infinity }) => from <= at && at < until);
  if (present.length > 0) return present.flatMap(({ facts }) => facts);
  return [...fates].flatMap(([fact, fate]) => (fate === 'current' ? [fact] : []));
}

const iso = (instant: number): string => new Date(instant).toISOString();
