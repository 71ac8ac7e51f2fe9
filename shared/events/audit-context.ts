import { CLOCK, RECHECK, RECONCILE } from '../domain/events/event';
import type { Claims } from '../storage/claims';
import type { Waiting } from '../domain/workflow/workflow-state';
import type { AuditEntry } from '../domain/workflow/audit-entry';
import type { PlannedStep } from '../domain/lifecycle/plan';
import { requestOf, type Operation } from '../domain/workflow/workflow-state';
import { packageDefinition } from '../domain/access-model/access-model';
import type { ChainEnd, EventRun, Run } from '../domain/workflow/run';
import type { LoadedModel } from '../config/load-model';
import type { Ledger } from '../storage/audit';

/** The services that write audit rows, and the columns of the app in each row. */
export type AuditWriter = {
  ledger: Ledger;
  model: () => LoadedModel;
  config: { environment: string };
  appVersion: string;
};
export type RowWriter = Omit<AuditWriter, 'ledger'>;

/** The columns about the app that writes the row. */
export const writerColumns = ({ model, config, appVersion }: RowWriter) => ({
  recordedAt: new Date().toISOString(),
  accessModelHash: model().hash,
  appVersion,
  environment: config.environment,
  schemaVersion: 2,
});

/** What has started a run: a replay, the clock, a person, or the event of HR itself. */
function initiatorOf(
  { eventSource, requestedBy }: EventRun['fact'],
  replay: EventRun['replay'],
): string {
  if (replay) return `replay:${replay.by ?? 'unknown'}`;
  if (eventSource === CLOCK) return 'clock';
  if (eventSource === RECHECK) return `recheck:${requestedBy ?? 'unknown'}`;
  return eventSource === RECONCILE ? `reconcile:${requestedBy ?? 'unknown'}` : 'event';
}

/** The columns of every row of a run about its event. */
export const runColumns = ({ eventHash, attempt, instanceId, token, fact, replay }: EventRun) => ({
  ...fact,
  eventHash,
  attempt,
  instanceId,
  runToken: token,
  initiator: initiatorOf(fact, replay),
  replayOf: replay?.of === undefined ? undefined : String(replay.of),
  replayId: replay?.id,
  replayReason: replay?.reason,
});

export type AuditContext = {
  run: Run;
  chain: ChainEnd;
  at: string;
  step: PlannedStep;
};

/** Events behind a step that a row can name; one column has room for no more. */
const MOST_FACTS = 100;

/** The columns about a step: who gets or loses which package, by which rule and events. */
export function stepColumns(writer: RowWriter, { run, step }: AuditContext) {
  const { action, packageKey, ruleId, targetId, whose, until, actAt, readyBy, ids } = step;
  const { held, heldUntil, decision } = step;
  const { brake, by: decidedBy, reason: decisionReason } = decision ?? {};
  const { model } = writer.model();
  const { accessPackage, version: packageVersion } = packageDefinition(model, packageKey) ?? {};
  const approval = action === 'grant' ? accessPackage?.policy?.approval.required : undefined;
  const rule = model.birthrights.find(({ id }) => id === ruleId);
  return {
    ...runColumns(run),
    ...writerColumns(writer),
    ...ids,
    state: 'started',
    ...{ action, packageKey, packageName: accessPackage?.displayName, ruleId, targetId },
    ...{ packageVersion, ruleDescription: rule?.description, employed: step.employed },
    ...{ whose, held, heldUntil, until, actAt, readyBy, brake, decidedBy, decisionReason },
    ...(action !== 'grant' && { assignmentId: step.assignmentId }),
    factHashes: step.factHashes.slice(0, MOST_FACTS).join(' ') || undefined,
    ...(approval !== undefined && { modelApproval: approval ? 'required' : 'not-required' }),
  } satisfies Partial<AuditEntry>;
}

/** Writes the row of an intended action before the action. Answers the new end of the chain. */
export async function recordIntent(
  writer: AuditWriter,
  context: AuditContext,
  operation: Operation,
): Promise<ChainEnd> {
  const entry = intendedEntry(writer, context, operation);
  return (await writer.ledger.append(context.chain, entry, context.at)).chain;
}

const intendedEntry = (writer: AuditWriter, context: AuditContext, step: Operation) =>
  ({ ...stepColumns(writer, context), kind: 'intended', step }) as const;

/** Writes the row of a package that is complete. Answers the new end of the chain. */
export async function recordEnsured(
  writer: AuditWriter,
  context: AuditContext,
  { ids, policy }: Pick<PlannedStep, 'ids' | 'policy'>,
): Promise<ChainEnd> {
  const entry = ensuredEntry(writer, context, { ids, policy });
  return (await writer.ledger.append(context.chain, entry, context.at)).chain;
}

const ensuredEntry = (
  writer: AuditWriter,
  context: AuditContext,
  { ids, policy }: Pick<PlannedStep, 'ids' | 'policy'>,
) => ({
  ...stepColumns(writer, { ...context, step: { ...context.step, ids } }),
  ...({ kind: 'settled', step: 'ensure', outcome: 'complete' } as const),
  policyApproval: policy?.approval,
});

/**
 * Writes the row of a request before it is made; for a package that was found complete, after the rows that say so. Answers
 * the new end of the chain.
 */
export async function recordRequest(writer: AuditWriter, context: AuditContext): Promise<ChainEnd> {
  const { step, chain, at } = context;
  const request = requestOf(step);
  if (!step.isEnsured) return recordIntent(writer, context, request);
  const rows = [
    intendedEntry(writer, context, 'ensure'),
    ensuredEntry(writer, context, step),
    intendedEntry(writer, context, request),
  ];
  return writer.ledger.appendAll(chain, rows, at);
}

/**
 * Shows in the claim what the run waits for, and writes its row unless this attempt `hasRow` of that kind. Answers the new
 * end of the chain. Idempotent.
 */
export async function recordWait(
  services: AuditWriter & { claims: Pick<Claims, 'wait'> },
  {
    run,
    waiting,
    chain,
    at,
    hasRow,
  }: {
    run: Run;
    waiting: Waiting;
    chain: ChainEnd;
    at: string;
    hasRow: boolean;
  },
): Promise<ChainEnd> {
  const { for: waitingFor, reason, since: waitingSince, until: waitingUntil } = waiting;
  const entry = {
    ...runColumns(run),
    ...writerColumns(services),
    kind: 'waiting',
    state: 'started',
    ...{ waitingFor, reason, waitingSince, waitingUntil },
  } as const;
  const end = hasRow ? chain : (await services.ledger.append(chain, entry, at)).chain;
  await services.claims.wait(run, waiting);
  return end;
}

/** The column `marginMinutes` of a row about a delivery, where the event says by when access should be there. */
export const marginOf = (
  { readyBy }: { readyBy?: string | undefined },
  deliveredAt: string | undefined,
) => {
  if (readyBy === undefined || deliveredAt === undefined) return {};
  return { marginMinutes: Math.round((Date.parse(readyBy) - Date.parse(deliveredAt)) / 600) / 100 };
};
