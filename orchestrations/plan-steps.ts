import type { activities } from '../shared/domain/workflow/activities';
import type { z } from 'zod';
import { isDone, type StepResult } from '../shared/domain/workflow/step-outcome';
import {
  requestOf,
  type StepState,
  type WorkflowState,
} from '../shared/domain/workflow/workflow-state';

type Plan = Extract<z.infer<typeof activities.planAccess.output>['outcome'], { kind: 'done' }>;
type Planned = Plan['steps'][number];

/** A run that has begun something new so often meets something that keeps changing; what is left then is reported. */
const MOST_ROUNDS = 12;

/** Whether the step has not begun to change anything in Graph. */
export const isUnsent = ({ status }: StepState): boolean =>
  status === 'planned' || status === 'ensured';

/** The steps that a new plan leaves out: everything that was sent, except what is over and may be needed again. */
export const carriedOut = ({ steps, passedOver }: WorkflowState): string[] => [
  ...steps.filter((step) => !isUnsent(step) && !isOver(steps, step)).map(({ id }) => id),
  ...passedOver,
];

/**
 * Takes over a plan: what is not sent yet is done as the new plan says, or not at all, and what is new is added. A step that
 * may have been sent goes on unless the plan is against it. One that failed is not repeated by the same run, and nothing is
 * planned beside a request of this run that is still open.
 */
export function adoptPlan(state: WorkflowState, plan: Plan): void {
  const { targetId, decided, ending, next } = plan;
  Object.assign(state, {
    ...{ targetId: targetId ?? state.targetId, decided, ending, next },
    isPlanned: true,
  });
  const planned = new Map(plan.steps.map((step) => [step.id, step]));
  const known = state.steps.filter(
    (step) => !isUnsent(step) || planned.has(step.id) || step.openIntent !== undefined,
  );
  for (const step of known.filter(isUnsent)) refresh(step, plan);
  const open = known.filter(({ status }) => status === 'requested' || status === 'ending');
  const added = plan.steps.filter((step) => isNew(known, step));
  const isAgain = (step: StepState) => added.some(({ id }) => id === step.id);
  // Nothing new is begun beside a step that the plan has ended: what takes its place is planned once its row is written.
  state.isOutdated = known.some((step) => step.status === 'ending' && isSuperseded(step));
  state.isPartial =
    plan.isPartial || plan.steps.some((step) => open.some((one) => contradicts(step, one)));
  if (plan.isPartial && !state.isOutdated) state.passedOver.push(...passedOver(plan, known, added));
  state.steps = known.filter((step) => !isAgain(step));
  if (added.length === 0) return;
  state.rounds += 1;
  if (state.rounds > MOST_ROUNDS) {
    state.failure = { outcome: 'needs-attention', reason: 'plan-unstable' };
  } else {
    state.steps.push(...added.map((step): StepState => ({ ...step, status: 'planned' })));
  }
}

/** Steps of a partial plan that this run does not take, so that the next plan goes on to what was left out. */
const passedOver = ({ steps }: Plan, known: StepState[], added: Planned[]): string[] =>
  steps.map(({ id }) => id).filter((id) => ![...known, ...added].some((step) => step.id === id));

/** Whether the plan wants something else of a package than what the open request of this run is for. */
function contradicts(planned: Planned, open: StepState): boolean {
  if (!isOfSamePackage(planned, open)) return false;
  const isWanted = planned.ruleId !== undefined;
  return planned.action !== 'wait' || isWanted === (open.action === 'revoke');
}

function refresh(step: StepState, plan: Plan): void {
  const planned = plan.steps.find(({ id }) => id === step.id);
  if (planned) {
    // The same assignment was seen by the first plan that has the step.
    const isSame = planned.assignmentId === step.assignmentId;
    const plannedAt = (isSame && step.plannedAt) || planned.plannedAt;
    // Once its rows have begun to say that the package is ensured, they go on from there.
    const hasBegun = step.status === 'ensured' || step.openIntent !== undefined;
    const { isEnsured } = hasBegun ? step : planned;
    Object.assign(step, planned, { ids: { ...planned.ids, ...step.ids }, plannedAt, isEnsured });
  } else if (!mayBeSent(step) || !agrees(plan, step)) end(step, { outcome: 'superseded' });
}

const mayBeSent = (step: StepState): boolean => step.openIntent === requestOf(step);

/** Whether the person should have the package just if the step is to give it. */
function agrees({ steps, decided }: Plan, step: StepState): boolean {
  const ofPackage = [...steps, ...decided].filter((one) => isOfSamePackage(one, step));
  const isWanted = ofPackage.some(({ ruleId }) => ruleId !== undefined);
  return isWanted === (step.action !== 'revoke');
}

const isSuperseded = ({ result }: StepState): boolean => result?.outcome === 'superseded';

/** Of a step that is over nothing remains that keeps a new one from it: also of what this run has undone since. */
function isOver(steps: readonly StepState[], step: StepState): boolean {
  const { outcome, action } = step;
  if (outcome === 'waited' || outcome === 'superseded') return true;
  if (!isDone(outcome)) return false;
  const since = steps.slice(steps.indexOf(step) + 1).filter((one) => isOfSamePackage(one, step));
  return since.some((one) => isDone(one.outcome) && UNDONE_BY[action] === one.action);
}

const UNDONE_BY: Partial<Record<Planned['action'], Planned['action']>> = {
  grant: 'revoke',
  reprocess: 'revoke',
  extend: 'revoke',
  revoke: 'grant',
};

function isNew(known: StepState[], step: Planned): boolean {
  const isSame = known.some((one) => one.id === step.id && !isOver(known, one));
  const ofPackage = known.filter((other) => isOfSamePackage(other, step));
  const isOpen = ofPackage.some(({ status }) => status !== 'settled');
  const hasFailed = ofPackage.some(({ outcome }) => outcome !== undefined && !isDone(outcome));
  return !isSame && !isOpen && !(hasFailed && step.action !== 'revoke');
}

const isOfSamePackage = (one: Planned, other: Planned): boolean =>
  one.packageKey === other.packageKey && one.targetId === other.targetId;

/** Whether the steps before this one have ended. If one of them did not succeed, this one ends too. */
export function isReady({ steps }: WorkflowState, step: StepState): boolean {
  const before = steps.filter(({ id }) => step.after.includes(id));
  const failed = before.find(
    ({ status, outcome }) => status === 'settled' && outcome !== 'revoked',
  );
  if (failed && isUnsent(step)) {
    end(step, { outcome: 'refused-sod', reason: `partner-not-removed:${failed.packageKey}` });
  }
  return before.every(({ status }) => status === 'settled');
}

/** Ends a step of which nothing was carried out, or nothing more is. */
function end(step: StepState, result: StepResult): void {
  step.openIntent ??= 'plan';
  Object.assign(step, { status: 'ending', result });
}

/**
 * Whether it is time to plan again: a wait is over, a step may begin, all steps of a partial plan are done, or the plan
 * changes while a request is open. Without one the run ends, and the wake-up of its person comes at once.
 */
export function needsPlan(state: WorkflowState, time: Date): boolean {
  if (state.failure) return false;
  const { steps, isOutdated, isPartial } = state;
  if (isOutdated || steps.some((step) => isUnsent(step) && isReady(state, step))) return true;
  if (isPartial && steps.every(({ status }) => status === 'settled')) return true;
  return steps.some(({ status }) => status === 'requested') && secondsToChange(state, time) === 0;
}

/** Seconds until the last plan changes. */
export const secondsToChange = ({ next }: WorkflowState, time: Date): number =>
  next === undefined ? Infinity : Math.max(0, (Date.parse(next) - time.getTime()) / 1000);

/** Seconds until the slot of the run; 0 if it has none, or has reached it. */
export const secondsToSlot = ({ slot }: WorkflowState, time: Date): number =>
  slot === undefined ? 0 : Math.max(0, (Date.parse(slot) - time.getTime()) / 1000);

/** Adds, once, what the last plan says of things of which nothing was to be done. */
export function addDecided(state: WorkflowState): void {
  const { decided } = state;
  state.decided = [];
  const isKnown = (one: Planned): boolean =>
    state.steps.some((step) => isOfSamePackage(step, one) && !isOver(state.steps, step));
  const news = decided.filter((one) => one.action === 'hand-off' || !isKnown(one));
  state.steps.push(
    ...news.map((one): StepState => ({ ...one, status: 'ending', openIntent: 'plan' })),
  );
}
