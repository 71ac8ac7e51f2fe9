import { TableClient } from '@azure/data-tables';
import { z } from 'zod';
import type { ScenarioMessages } from './scenarios';

const text = z.string().optional();

/** The columns of an audit row that the demo prints. */
const AuditLine = z.object({
  partitionKey: z.string(),
  rowKey: z.string(),
  kind: z.string(),
  recordedAt: z.string(),
  workerId: text,
  step: text,
  packageName: text,
  outcome: text,
  reason: text,
  graphState: text,
  actAt: text,
  readyBy: text,
  marginMinutes: z.number().optional(),
  waitingFor: text,
  waitingUntil: text,
});
export type AuditLine = z.infer<typeof AuditLine>;

const ClaimLine = z.object({
  partitionKey: z.string(),
  state: text,
  outcome: text,
  /** Of the row that counts the repeats of an event. */
  count: z.number().optional(),
});

/** What the run has recorded so far: the audit rows, the state and outcome of each event, and the number of its repeats. */
export type Records = {
  audit: AuditLine[];
  claims: Map<string, { state: string; outcome?: string | undefined }>;
  duplicates: Map<string, number>;
};

/** Reads both tables completely: they are small in a demo. */
export function createRecords(connectionString: string): { read: () => Promise<Records> } {
  const open = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const [audit, claims] = [open('audit'), open('claims')];
  return {
    read: async () => {
      const records: Records = { audit: [], claims: new Map(), duplicates: new Map() };
      // Before the rows: a closed event then has its closing row.
      for await (const row of claims.listEntities()) {
        const { partitionKey, state, outcome, count } = ClaimLine.parse(row);
        if (count !== undefined) records.duplicates.set(partitionKey, count);
        else if (state !== undefined) records.claims.set(partitionKey, { state, outcome });
      }
      for await (const row of audit.listEntities()) records.audit.push(AuditLine.parse(row));
      return records;
    },
  };
}

/** The outcome of one scenario so far. */
export type Assertion = {
  outcome: string;
  reason?: string;
  /** Whether the first message has its final row, and whether all messages have. */
  firstEnded: boolean;
  ended: boolean;
  asExpected: boolean;
};

/**
 * Compares one scenario with the records: an accepted event has exactly one closing row, with the expected outcome; a
 * message that must be rejected has exactly its own rejected row; a repeated message is counted and adds no row.
 */
export function assertOutcome(
  messages: ScenarioMessages,
  { audit, duplicates }: Records,
): Assertion {
  const closings = audit.filter(
    (row) => row.partitionKey === messages.eventHash && row.kind === 'closing',
  );
  const rejections = audit.filter(
    (row) => row.kind === 'rejected' && messages.rejects.includes(row.rowKey),
  );
  const accepted = messages.scenario.expected === 'rejected' ? 0 : 1;
  const counted = duplicates.get(messages.eventHash) ?? 0;
  const repeats = messages.scenario.variant === 'twice' ? 1 : 0;
  const last = closings.at(-1) ?? rejections.at(-1);
  const outcome = closings.at(-1)?.outcome ?? (last ? 'rejected' : 'nothing yet');
  return {
    outcome,
    ...(last?.reason === undefined ? {} : { reason: last.reason }),
    firstEnded: last !== undefined,
    ended:
      closings.length >= accepted &&
      rejections.length >= messages.rejects.length &&
      counted >= repeats,
    asExpected:
      closings.length === accepted &&
      rejections.length === messages.rejects.length &&
      counted === repeats &&
      outcome === messages.scenario.expected,
  };
}
