import { z } from 'zod';
import type { InclusionProof } from '../domain/evidence/seal';
import { AuditRow } from '../domain/workflow/audit-entry';
import { isChange } from './draw-workers';
import { minutesBetween } from './evidence';
import { hashesIn, type FactLine } from './fact-line';

const text = z.string();
const ofRow = AuditRow.shape;

/** One change of one person's access to one package, or why there was none, by the rows of its run. */
export const AccessLine = z.strictObject({
  worker: text,
  package: text,
  ...{ packageName: ofRow.packageName, action: ofRow.action },
  ...{ outcome: text, reason: ofRow.reason },
  /** Why: the rule with what it said then, and the events behind it. */
  ...{ rule: ofRow.ruleId, ruleDescription: ofRow.ruleDescription },
  facts: z.array(text),
  /** When it had to be there or gone, was asked for, and was. `marginMinutes` is negative where that was late. */
  ...{ receivedAt: ofRow.receivedAt, dueAt: text.optional(), submittedAt: ofRow.submittedAt },
  ...{ deliveredAt: ofRow.deliveredAt, marginMinutes: ofRow.marginMinutes, until: ofRow.until },
  ...{ modelApproval: ofRow.modelApproval, policyApproval: ofRow.policyApproval },
  ...{ approver: ofRow.approver, brake: ofRow.brake, decidedBy: ofRow.decidedBy },
  decisionReason: ofRow.decisionReason,
  /** What has started the run, and for an event or a replay that a person has asked for, who and why. */
  ...{ initiator: ofRow.initiator, requestedBy: ofRow.requestedBy },
  ...{ requestReason: ofRow.requestReason, replayReason: ofRow.replayReason },
  ...{ event: ofRow.eventId, source: ofRow.eventSource, attempt: z.number().int().nonnegative() },
  ...{ account: ofRow.targetId, whose: ofRow.whose, held: ofRow.held },
  ...{ accessPackageId: ofRow.accessPackageId, catalogId: ofRow.catalogId },
  ...{ policyId: ofRow.assignmentPolicyId, packageVersion: ofRow.packageVersion },
  ...{ requestId: ofRow.assignmentRequestId, assignmentId: ofRow.assignmentId },
  ...{ graphState: ofRow.graphState, errorCode: ofRow.errorCode },
  /** How the request ended that was open at the end of its event, and when. */
  ...{ endedLaterAs: text.optional(), endedLaterAt: text.optional() },
  ...{ accessModelHash: text, appVersion: text, environment: text },
  /** Whether the hash chain of the event verifies, and the hash of the row that says how it ended. */
  ...{ proof: z.enum(['verified', 'verified-to-last-row', 'fault']), rowHash: text },
  /** The UTC hour in whose seal the end of the chain is, and the root of that seal. */
  ...{ sealedHour: text.optional(), sealedRoot: text.optional() },
});
export type AccessLine = z.infer<typeof AccessLine>;

/** What is known of a change beside its rows. `ended`: the row of each request that ended after its event, by its id. */
type Known = {
  facts: ReadonlyMap<string, FactLine>;
  ended: ReadonlyMap<string | undefined, AuditRow>;
  proof: AccessLine['proof'];
  sealed: InclusionProof | undefined;
};

/** The line of a change from its rows, in their order. */
export function lineOf(
  worker: string,
  rows: readonly AuditRow[],
  { facts, ended, proof, sealed }: Known,
): AccessLine {
  const row = Object.assign({}, ...rows) as AuditRow;
  const { action, actAt, readyBy } = row;
  const later =
    row.assignmentRequestId === undefined ? undefined : ended.get(row.assignmentRequestId);
  const deliveredAt = row.deliveredAt ?? later?.deliveredAt;
  const end = rows.findLast(isChange);
  const dueAt = action === 'revoke' ? actAt : readyBy;
  const hashes = [...new Set(rows.flatMap(hashesIn))];
  return {
    ...{ worker, package: row.packageKey ?? '', packageName: row.packageName, action },
    ...{ outcome: end?.outcome ?? 'open', reason: end?.reason },
    ...{ rule: row.ruleId, ruleDescription: row.ruleDescription },
    facts: hashes.map((hash) => factText(facts.get(hash) ?? { eventHash: hash })),
    ...{ receivedAt: row.receivedAt, dueAt, submittedAt: row.submittedAt, deliveredAt },
    marginMinutes: row.marginMinutes ?? marginOf(dueAt, deliveredAt),
    until: row.until,
    ...{ modelApproval: row.modelApproval, policyApproval: row.policyApproval },
    ...{ approver: row.approver, brake: row.brake, decidedBy: row.decidedBy },
    decisionReason: row.decisionReason,
    ...{ initiator: row.initiator, requestedBy: row.requestedBy },
    ...{ requestReason: row.requestReason, replayReason: row.replayReason },
    ...{ event: row.eventId, source: row.eventSource, attempt: row.attempt },
    ...{ account: row.targetId, whose: row.whose, held: row.held },
    ...{ accessPackageId: row.accessPackageId, catalogId: row.catalogId },
    ...{ policyId: row.assignmentPolicyId, packageVersion: row.packageVersion },
    ...{ requestId: row.assignmentRequestId, assignmentId: row.assignmentId },
    ...{ graphState: row.graphState, errorCode: row.errorCode },
    ...{ endedLaterAs: later?.outcome, endedLaterAt: later?.endedAt },
    ...{ accessModelHash: row.accessModelHash, appVersion: row.appVersion },
    ...{ environment: row.environment, proof, rowHash: (end ?? row).hash },
    ...{ sealedHour: sealed?.hour, sealedRoot: sealed?.root },
  };
}

/** Rows have it only of what was to be there by a time and was delivered by the run itself. */
const marginOf = (dueAt: string | undefined, deliveredAt: string | undefined) =>
  dueAt === undefined || deliveredAt === undefined ? undefined : minutesBetween(deliveredAt, dueAt);

/** An event by what its rows and its claim both know, so that it is told the same to whoever may read only the rows. */
function factText({ eventHash, eventId, source, type, occurredAt, acceptedAt }: FactLine): string {
  if (eventId === undefined) return `event ${eventHash}`;
  return `${eventId} of ${source ?? '?'} (${type ?? '?'}, stated ${occurredAt ?? '?'}, received ${acceptedAt ?? '?'})`;
}
