import { z } from 'zod';
import { WaitingFor } from './workflow-state';

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
  dueAt: text.optional(),
  targetId: text.optional(),
  kind: z.enum(['intended', 'settled', 'waiting', 'closing', 'rejected']),
  /** The state of the event with this row: `started`, `closed` or `rejected`. */
  state: z.enum(['started', 'closed', 'rejected']),
  step: z.enum(['ensure', 'assign']).optional(),
  action: z.enum(['grant']).optional(),
  packageKey: text.optional(),
  packageName: text.optional(),
  accessPackageId: text.optional(),
  catalogId: text.optional(),
  assignmentPolicyId: text.optional(),
  assignmentRequestId: text.optional(),
  assignmentId: text.optional(),
  ruleId: text.optional(),
  outcome: text.optional(),
  reason: text.optional(),
  graphState: text.optional(),
  graphStatus: count.optional(),
  errorCode: text.optional(),
  graphRequestId: text.optional(),
  /** Whether the policy of the access model asks for an approval. */
  modelApproval: z.enum(['required', 'not-required']).optional(),
  /** `required` if the request went to an approver: what the policy in Entra said, whatever the model says. */
  policyApproval: z.enum(['required']).optional(),
  /** Of a `waiting` row: what the run waits for, since when, and until when at most. */
  waitingFor: WaitingFor.optional(),
  waitingSince: text.optional(),
  waitingUntil: text.optional(),
  initiator: text.optional(),
  /** Of a replay: the attempt before it, the id of the replay and its reason. */
  replayOf: text.optional(),
  replayId: text.optional(),
  replayReason: text.optional(),
  receivedAt: text.optional(),
  occurredAt: text.optional(),
  submittedAt: text.optional(),
  deliveredAt: text.optional(),
  recordedAt: text,
  /** Whole minutes from delivery to `dueAt`; negative when access came late. */
  marginMinutes: count.optional(),
  instanceId: text.optional(),
  runToken: text.optional(),
  accessModelHash: text,
  appVersion: text,
  environment: text,
  schemaVersion: count,
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** A stored row: the entry with its place in the chain of its event and attempt. */
export const AuditRow = AuditEntry.extend({ seq: count, prevHash: text, hash: text });
export type AuditRow = z.infer<typeof AuditRow>;
