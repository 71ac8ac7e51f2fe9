import { z } from 'zod';
import { PlannedStep } from '../lifecycle/plan';
import { Operation, WaitingFor } from './workflow-state';

const text = z.string();
const count = z.number().int();

/** The content of one row of the ledger, without its place in the chain. Only the columns that apply are present. */
export const AuditEntry = z.object({
  eventHash: text.optional(),
  eventId: text.optional(),
  eventSource: text.optional(),
  eventType: text.optional(),
  bodyHash: text.optional(),
  attempt: count,
  workerId: text.optional(),
  employmentId: text.optional(),
  sequence: count.optional(),
  startDate: text.optional(),
  timeZone: text.optional(),
  /** Of rows that were written before `readyBy` was a column. */
  dueAt: text.optional(),
  targetId: text.optional(),
  kind: z.enum(['request-ended', 'intended', 'settled', 'waiting', 'closing', 'rejected']),
  /** The state of the event with this row: `started`, `closed` or `rejected`. */
  state: z.enum(['started', 'closed', 'rejected']),
  /** Of a settled row `plan`: nothing was to be carried out. */
  step: Operation.optional(),
  action: PlannedStep.shape.action.optional(),
  /** Whose access it is: `ours` came by a request of ours, or was adopted by a person. */
  whose: PlannedStep.shape.whose,
  /** What the account had of the package when the step was planned, and until when. */
  held: PlannedStep.shape.held,
  heldUntil: text.optional(),
  packageKey: text.optional(),
  packageName: text.optional(),
  accessPackageId: text.optional(),
  catalogId: text.optional(),
  assignmentPolicyId: text.optional(),
  assignmentRequestId: text.optional(),
  /** Of a request that outlived its event: the instance of the run that made it, and when it ended. */
  requestRun: text.optional(),
  endedAt: text.optional(),
  assignmentId: text.optional(),
  ruleId: text.optional(),
  /** What the access model said of the rule when the row was written. */
  ruleDescription: text.optional(),
  /** Hash of all that the access model said of the package: its resource roles, its policy and what it excludes. */
  packageVersion: text.optional(),
  /** Of a removal or a hand-off: whether the person had an employment when it was planned. Without one they have left. */
  employed: z.boolean().optional(),
  /** The hashes of the events behind the step, with spaces between. */
  factHashes: text.optional(),
  /** The end of the assignment that is asked for. */
  until: text.optional(),
  /** When to act, and by when the person should have the access. */
  actAt: text.optional(),
  readyBy: text.optional(),
  /** Of a removal that a brake held: who released or discarded it, and why. */
  brake: text.optional(),
  decidedBy: text.optional(),
  decisionReason: text.optional(),
  outcome: text.optional(),
  reason: text.optional(),
  graphState: text.optional(),
  graphStatus: count.optional(),
  errorCode: text.optional(),
  graphRequestId: text.optional(),
  /** Whether the policy of the access model asks for an approval. */
  modelApproval: z.enum(['required', 'not-required']).optional(),
  /**
   * What the policy in Entra said when it was read before the request: `required`, `not-required`, or `bypassed:<why>` where
   * it requires an approval and the request was delivered without ever waiting for one.
   */
  policyApproval: text.optional(),
  /** Of an approval: an application cannot read who decided. */
  approver: z.enum(['not-readable']).optional(),
  /** Of a `waiting` row: what the run waits for, since when, and until when at most. */
  waitingFor: WaitingFor.optional(),
  waitingSince: text.optional(),
  waitingUntil: text.optional(),
  initiator: text.optional(),
  /** Of an event that a person has asked for: who, and why. */
  requestedBy: text.optional(),
  requestReason: text.optional(),
  /** Of a replay: the attempt before it, the id of the replay and its reason. */
  replayOf: text.optional(),
  replayId: text.optional(),
  replayReason: text.optional(),
  receivedAt: text.optional(),
  occurredAt: text.optional(),
  submittedAt: text.optional(),
  deliveredAt: text.optional(),
  recordedAt: text,
  /** Minutes from delivery to `readyBy`, two decimals; negative when access came late. In schema 1 whole ones to `dueAt`. */
  marginMinutes: z.number().optional(),
  instanceId: text.optional(),
  runToken: text.optional(),
  accessModelHash: text,
  appVersion: text,
  environment: text,
  schemaVersion: count,
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** How a request ended that was open when its event closed: the columns of its row `request-ended`. */
export const EndedRequest = AuditEntry.pick({
  ...{
    assignmentRequestId: true,
    requestRun: true,
    action: true,
    packageKey: true,
    targetId: true,
  },
  ...{ outcome: true, reason: true, graphState: true, endedAt: true, deliveredAt: true },
  approver: true,
});
export type EndedRequest = z.infer<typeof EndedRequest>;

/** A stored row: the entry with its place in the chain of its event and attempt. */
export const AuditRow = AuditEntry.extend({ seq: count, prevHash: text, hash: text });
export type AuditRow = z.infer<typeof AuditRow>;
