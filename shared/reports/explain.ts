import { z } from 'zod';
import { sourcesOf } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { Fault } from '../domain/evidence/fault';
import { AuditRow } from '../domain/workflow/audit-entry';
import { claimIfAllowed } from '../evidence/claim-reader';
import { describeEvent } from '../events/status';
import type { LedgerReader } from '../storage/audit';
import type { Claims } from '../storage/claims';
import { groupBy } from '../group-by';
import { auditReport } from './audit';
import type { Workers } from '../storage/workers';
import { FactLine, factLineOfClaim, factLineOfRows, factLines, hashesIn } from './fact-line';

type ExplainStores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'ofEvent' | 'rowsOf' | 'refusalRow' | 'indexed'>;
  workers: Pick<Workers, 'facts'>;
};

/** Columns that the rows of one step share; a later row has what an earlier one could not know. */
const OfStep = AuditRow.pick({
  ...{ action: true, packageKey: true, packageName: true, packageVersion: true, targetId: true },
  ...{ ruleId: true, ruleDescription: true, employed: true },
  ...{ whose: true, held: true, heldUntil: true, actAt: true, readyBy: true, until: true },
  ...{ accessPackageId: true, catalogId: true, assignmentPolicyId: true },
  ...{ assignmentRequestId: true, assignmentId: true },
  ...{ modelApproval: true, policyApproval: true, approver: true },
  ...{ submittedAt: true, deliveredAt: true, marginMinutes: true },
  ...{ brake: true, decidedBy: true, decisionReason: true },
  ...{ outcome: true, reason: true },
});

/** What was done to Graph for a step: the rows before and after it, and the answer of Graph. */
const OperationLine = AuditRow.pick({
  ...{ outcome: true, reason: true, graphState: true, graphStatus: true, errorCode: true },
  graphRequestId: true,
}).extend({
  operation: z.string(),
  intendedAt: z.string().optional(),
  settledAt: z.string().optional(),
});

/** One package on one account: by which rule and events, what was held before, under which policy, and how it ended. */
const StepLine = OfStep.extend({
  facts: z.array(FactLine),
  operations: z.array(OperationLine),
});
export type StepLine = z.infer<typeof StepLine>;

/** One attempt at the event. `outcome` and `closedAt` are absent while it is open. */
const AttemptLine = AuditRow.pick({
  ...{ attempt: true, initiator: true, replayReason: true, requestReason: true },
  ...{ accessModelHash: true, appVersion: true, outcome: true, reason: true, targetId: true },
}).extend({
  closedAt: z.string().optional(),
  /** The events that decided the outcome, where no step did. */
  facts: z.array(FactLine),
  steps: z.array(StepLine),
  waits: z.array(
    AuditRow.pick({ waitingFor: true, reason: true, waitingSince: true, waitingUntil: true }),
  ),
});
export type AttemptLine = z.infer<typeof AttemptLine>;

/** Why an event did what it did. `faults` are those of its hash chains, `notes` what could not be read. */
export const Explanation = z.object({
  event: FactLine,
  /** Of an event that is still open, or whose claim may be read. */
  status: z.looseObject({ state: z.string() }).optional(),
  attempts: z.array(AttemptLine),
  /** Messages with its id that were refused. */
  refusals: z.array(
    AuditRow.pick({ reason: true, receivedAt: true, bodyHash: true, recordedAt: true }),
  ),
  faults: z.array(Fault),
  notes: z.array(z.string()),
});
export type Explanation = z.infer<typeof Explanation>;

type ExplainAnswer =
  | { kind: 'known'; explanation: Explanation }
  /** Several sources have an event of this id. */
  | { kind: 'ambiguous'; sources: string[] }
  | { kind: 'unknown' };

const CLAIMS_UNREAD =
  'what the events say of the worker was not read, because you may not read the claims: their dates are those of the audit rows';

/**
 * Explains an event by its CloudEvents id from the rows that its runs have written and the claims of the events behind it.
 * Nothing is computed from the access model, which may have changed since.
 */
export async function explainEvent(
  stores: ExplainStores,
  id: string,
  sources: readonly string[],
): Promise<ExplainAnswer> {
  const all = await Promise.all(
    sourcesOf(id, sources).map(async (source) => {
      const hash = eventHash(source, id);
      const [claim, report] = await Promise.all([
        claimIfAllowed(stores, hash),
        auditReport(stores, { eventHash: hash }),
      ]);
      return {
        source,
        hash,
        claim: typeof claim === 'object' ? claim : undefined,
        report,
        notes: claim === 'not-allowed' ? [CLAIMS_UNREAD] : [],
      };
    }),
  );
  const accepted = all.filter(
    ({ claim, report }) => claim ?? report.rows.some(({ kind }) => kind !== 'rejected'),
  );
  const known = accepted.length > 0 ? accepted : all.filter(({ report }) => report.rows.length > 0);
  const [found, ...others] = known;
  if (others.length > 0) return { kind: 'ambiguous', sources: known.map(({ source }) => source) };
  if (!found) return { kind: 'unknown' };

  const { claim, hash, source, report } = found;
  const rows = report.rows.filter(({ kind }) => kind !== 'rejected');
  const facts = await factLines(stores, rows.flatMap(hashesIn), rows[0]?.workerId);
  const ofRows = factLineOfRows(rows) ?? { eventHash: hash, eventId: id, source };
  return {
    kind: 'known',
    explanation: {
      event: claim ? factLineOfClaim(claim) : ofRows,
      ...(claim && { status: describeEvent(claim) }),
      attempts: [...groupBy(rows, ({ attempt }) => attempt).values()].map((one) =>
        attemptOf(one, facts),
      ),
      refusals: report.rows.filter(({ kind }) => kind === 'rejected').map(refusalOf),
      faults: report.faults,
      notes: [...report.notes, ...found.notes],
    },
  };
}

type Facts = ReadonlyMap<string, FactLine>;

const factsOf = (rows: readonly AuditRow[], facts: Facts): FactLine[] =>
  [...new Set(rows.flatMap(hashesIn))].flatMap((hash) => facts.get(hash) ?? []);

/** The rows of one attempt, in their order. */
export function attemptOf(rows: readonly AuditRow[], facts: Facts): AttemptLine {
  const closing = rows.find(({ kind }) => kind === 'closing');
  const first = rows[0] as AuditRow;
  const { attempt, initiator, replayReason, requestReason } = first;
  const { accessModelHash, appVersion } = closing ?? first;
  return {
    ...{ attempt, initiator, replayReason, requestReason, accessModelHash, appVersion },
    ...{ outcome: closing?.outcome, reason: closing?.reason, closedAt: closing?.recordedAt },
    targetId: closing?.targetId,
    facts: closing ? factsOf([closing], facts) : [],
    steps: stepsIn(rows).map((ofStep) => stepOf(ofStep, facts)),
    waits: rows.filter(({ kind }) => kind === 'waiting').map(waitOf),
  };
}

/** The rows of each step of an attempt: what was done about one package on one account. */
export function stepsIn(rows: readonly AuditRow[]): AuditRow[][] {
  const ofSteps = rows.filter(({ step }) => step !== undefined);
  const steps = groupBy(ofSteps, ({ action, packageKey, targetId }) =>
    JSON.stringify([action, packageKey, targetId]),
  );
  return [...steps.values()];
}

const refusalOf = ({ reason, receivedAt, bodyHash, recordedAt }: AuditRow) => ({
  ...{ reason, receivedAt, bodyHash, recordedAt },
});

const waitOf = ({ waitingFor, reason, waitingSince, waitingUntil }: AuditRow) => ({
  ...{ waitingFor, reason, waitingSince, waitingUntil },
});

function stepOf(rows: readonly AuditRow[], facts: Facts): StepLine {
  const merged = Object.assign({}, ...rows) as AuditRow;
  const { outcome, reason } = rows.findLast(({ kind }) => kind === 'settled') ?? {};
  return {
    ...OfStep.parse({ ...merged, outcome, reason }),
    facts: factsOf(rows, facts),
    operations: operationsOf(rows),
  };
}

/** Each intended row with the settled one behind it; either may be missing. */
function operationsOf(rows: readonly AuditRow[]): StepLine['operations'] {
  const lines: StepLine['operations'] = [];
  for (const row of rows) {
    const { step: operation = '', kind, recordedAt } = row;
    const open = lines.at(-1);
    if (kind === 'intended') lines.push({ operation, intendedAt: recordedAt });
    else if (open?.operation === operation && open.settledAt === undefined)
      Object.assign(open, settled(row));
    else lines.push({ operation, ...settled(row) });
  }
  return lines;
}

const settled = (row: AuditRow) => {
  const { recordedAt: settledAt, outcome, reason, graphState, graphStatus } = row;
  const { errorCode, graphRequestId } = row;
  return { settledAt, outcome, reason, graphState, graphStatus, errorCode, graphRequestId };
};
