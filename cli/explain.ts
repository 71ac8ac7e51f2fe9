import { faultText } from '../shared/domain/evidence/fault';
import type { Content } from '../shared/domain/lifecycle/facts';
import {
  explainEvent,
  type AttemptLine,
  type Explanation,
  type StepLine,
} from '../shared/reports/explain';
import type { FactLine } from '../shared/reports/fact-line';
import { openAudit, openClaims, openWorkers, type Connection } from './connection';
import { ambiguousEvent, durationText, print, tableOf } from './print';
import { missingEvent } from './unknown-event';

/** Prints why an event did what it did, from the rows that it left. Exit code 1 on a fault of their hash chains. */
export async function explain(
  connection: Connection,
  id: string,
  options: { source?: string; json: boolean },
): Promise<void> {
  const sources = options.source === undefined ? connection.sources : [options.source];
  const stores = {
    ...{ claims: openClaims(connection), audit: openAudit(connection) },
    workers: openWorkers(connection),
  };
  const answer = await explainEvent(stores, id, sources);
  if (answer.kind === 'unknown') throw await missingEvent(connection, id, sources);
  if (answer.kind === 'ambiguous') throw ambiguousEvent(id, answer.sources);
  print(answer.explanation, options.json, explanationText);
  if (answer.explanation.faults.length > 0) process.exitCode = 1;
}

export function explanationText(explanation: Explanation): string {
  const { event, status, attempts, refusals, faults, notes } = explanation;
  const isOpen = attempts.at(-1)?.closedAt === undefined;
  return [
    `${factText(event)} about ${event.workerId ?? 'a worker that is not known'}`,
    ...attempts.map((one) => attemptText(one, status)),
    ...(isOpen && status ? [openText(status)] : []),
    ...refusals.map(({ reason, receivedAt, recordedAt }) => {
      return `refused at ${receivedAt ?? recordedAt}: ${reason ?? ''}`;
    }),
    ...(faults.length === 0
      ? ['The hash chains are intact.']
      : [`FAULTS:\n${faults.map(faultText).join('\n')}`]),
    ...notes,
  ].join('\n\n');
}

function openText({ state, ...status }: NonNullable<Explanation['status']>): string {
  const shown = (name: string, before: string): string => {
    const value = status[name];
    return typeof value === 'string' ? `${before}${value}` : '';
  };
  const wait = shown('waitingFor', ', waits for ') + shown('waitingReason', ': ');
  return `It is open: ${state}${wait}${shown('waitingUntil', ', until ')}`;
}

/** Without the wait that goes on: `openText` tells it. */
function attemptText(
  { steps, waits, facts, ...attempt }: AttemptLine,
  status: Explanation['status'],
): string {
  const { outcome = 'open', reason, closedAt, accessModelHash, appVersion } = attempt;
  const ending = `${outcome}${because(reason)}${closedAt === undefined ? '' : ` at ${closedAt}`}`;
  return [
    `Attempt ${attempt.attempt}, started by ${initiatorText(attempt)}: ${ending}`,
    `Under the access model ${accessModelHash.slice(0, 12)}, by version ${appVersion} of the app`,
    ...facts.map((fact) => `Because of ${factText(fact)}`),
    ...waits
      .filter((one) => !isGoingOn(one, status))
      .map(({ waitingFor = '', reason: why, waitingSince = '', waitingUntil }) => {
        const until = waitingUntil === undefined ? '' : `, until ${waitingUntil} at most`;
        return `It waited for ${waitingFor}${because(why)} from ${waitingSince}${until}`;
      }),
    ...(steps.length > 0
      ? steps.map(stepText)
      : [closedAt === undefined ? 'Nothing has been decided yet.' : 'No package was concerned.']),
  ].join('\n');
}

const isGoingOn = (
  { waitingFor, waitingSince }: AttemptLine['waits'][number],
  status: Explanation['status'],
): boolean => status?.['waitingFor'] === waitingFor && status?.['waitingSince'] === waitingSince;

const because = (reason: string | undefined): string => (reason === undefined ? '' : `: ${reason}`);

function initiatorText({ initiator = 'event', ...reasons }: Partial<AttemptLine>): string {
  if (initiator === 'event' || initiator === 'clock') return `the ${initiator}`;
  const reason = reasons.replayReason ?? reasons.requestReason;
  return reason === undefined ? initiator : `${initiator} (${reason})`;
}

function stepText(step: StepLine): string {
  const { action = '', packageKey = '', packageName, outcome = 'open', reason, facts } = step;
  const { ruleId, operations, deliveredAt, readyBy, marginMinutes } = step;
  const name = packageName === undefined ? '' : ` (${packageName})`;
  const rule = ruleId ?? `none gives it${step.actAt === undefined ? '' : ` from ${step.actAt} on`}`;
  const ready = readyBy === undefined ? undefined : `by ${readyBy}`;
  const fields: [string, string | undefined][] = [
    ['account', step.targetId],
    ['rule', rule],
    ...facts.map((fact, at): [string, string] => [at === 0 ? 'events' : '', factText(fact)]),
    ['held before', heldText(step)],
    ['until', step.until],
    ['held back', decisionText(step)],
    ['policy', step.assignmentPolicyId],
    ['approval', approvalText(step)],
    ['request', step.assignmentRequestId],
    ['assignment', step.assignmentId],
    ['wanted', [ruleId === undefined ? undefined : step.actAt, ready].filter(Boolean).join(', ')],
    ['carried out', [deliveredAt, marginText(marginMinutes)].filter(Boolean).join(', ')],
    ...operations.map(({ operation, ...one }): [string, string] => {
      const times = [one.intendedAt, one.settledAt].filter(Boolean).join(' to ');
      const answer = [one.graphState, one.graphStatus, one.errorCode, one.graphRequestId];
      const ending = `${one.outcome ?? 'open'}${because(one.reason)}`;
      return [operation, [ending, times, ...answer].filter(Boolean).join(', ')];
    }),
  ];
  const rows = fields.filter(([, value]) => value !== undefined && value !== '');
  const [, ...lines] = tableOf(['', ''], rows).split('\n');
  return [`\n${action} ${packageKey}${name}: ${outcome}${because(reason)}`, ...lines].join('\n');
}

function marginText(minutes: number | undefined): string | undefined {
  if (minutes === undefined) return undefined;
  const time = durationText(Math.abs(minutes) * 60);
  return minutes < 0 ? `${time} late` : `${time} before that`;
}

/** What the account had of the package before; rows of schema 1 do not say. */
function heldText({ held, heldUntil, whose = 'theirs' }: StepLine): string | undefined {
  if (held === undefined || held === 'nothing') return held;
  return `${held}, ${whose}${heldUntil === undefined ? '' : `, until ${heldUntil}`}`;
}

/** Who decided about a removal that a brake held. */
function decisionText({ brake, decidedBy = '', decisionReason = '', outcome }: StepLine) {
  if (brake === undefined) return undefined;
  const decision = outcome === 'discarded' ? 'discarded' : 'released';
  return `by the brake ${brake}, ${decision} by ${decidedBy} (${decisionReason})`;
}

function approvalText({ modelApproval, policyApproval, approver }: StepLine): string | undefined {
  const model = modelApproval === undefined ? undefined : `${modelApproval} by the access model`;
  const policy = policyApproval === undefined ? undefined : `${policyApproval} by the policy`;
  const who = approver === undefined ? undefined : `the approver is ${approver}`;
  return [model, policy, who].filter(Boolean).join(', ') || undefined;
}

/** One event in one line: its id, what it says from when to when, and when it was accepted. */
export function factText({ eventId, eventHash, type, source, acceptedAt, ...fact }: FactLine) {
  const kind = type?.replace(/^hr\.worker\.(\w+)\.v1$/, '$1');
  const known = [kind, datesText(fact), acceptedAt && `accepted ${acceptedAt}`].filter(Boolean);
  const name =
    eventId === undefined ? `event ${eventHash.slice(0, 12)}` : `${eventId} of ${source}`;
  return known.length === 0 ? name : `${name} (${known.join(', ')})`;
}

/** The days that an event states; from the audit alone only the first one. */
export function datesText({ states, startDate, actAt }: Omit<FactLine, 'eventHash'>): string {
  if (states === undefined) return startDate ? `from ${startDate}` : actAt ? `at ${actAt}` : '';
  if (states.kind === 'rescinded')
    return 'revises' in states
      ? `voids ${states.revises.id}`
      : `voids the start of ${states.startDate}`;
  if (states.kind !== 'corrected') return contentText(states);
  return `corrects ${states.revises.id}: ${contentText(states.content)}`;
}

function contentText(content: Content): string {
  switch (content.kind) {
    case 'joined':
      return daysText(content.startDate, content.endDate);
    case 'moved':
      return daysText(content.effectiveDate, content.endDate);
    case 'left':
      return 'endsAt' in content ? `ends at ${content.endsAt}` : `last day ${content.lastDay}`;
    case 'snapshot':
      return (
        content.spans.map(({ from, until }) => daysText(from, until)).join('; ') || 'no employment'
      );
  }
}

const daysText = (from: string, until: string | undefined): string =>
  `from ${from}${until === undefined ? '' : ` to ${until}`}`;
