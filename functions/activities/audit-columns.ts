import type { AuditEntry } from '../../shared/domain/audit-entry';
import type { PackageIds, Step } from '../../shared/domain/journey';
import { packageDefinition } from '../../shared/domain/package-definition';
import type { ChainEnd, Run } from '../../shared/domain/run';
import type { Parts } from '../parts';

type Teller = Pick<Parts, 'model' | 'config' | 'appVersion'>;

/** What a row says of the app that writes it. */
export const writerColumns = ({ model, config, appVersion }: Teller) => ({
  recordedAt: new Date().toISOString(),
  accessModelHash: model().hash,
  appVersion,
  environment: config.environment,
  schemaVersion: 1,
});

/** What every row of a run says of its event. */
export const runColumns = ({ eventHash, attempt, instanceId, token, fact, replay }: Run) => ({
  ...fact,
  eventHash,
  attempt,
  instanceId,
  runToken: token,
  initiator: replay ? `replay:${replay.by ?? 'unknown'}` : 'event',
  replayOf: replay?.of === undefined ? undefined : String(replay.of),
  replayId: replay?.id,
  replayReason: replay?.reason,
});

export type StepTold = {
  run: Run;
  chain: ChainEnd;
  at: string;
  step: Step;
  targetId: string;
  ids?: PackageIds | undefined;
};

/** What a row says of a step: who gets which package by which rule. */
export function stepColumns(parts: Teller, { run, step, targetId, ids }: StepTold) {
  const definition = packageDefinition(parts.model().model, step.packageKey)?.accessPackage;
  const approval = definition?.policy?.approval.required;
  return {
    ...runColumns(run),
    ...writerColumns(parts),
    ...ids,
    state: 'started',
    action: 'grant',
    packageKey: step.packageKey,
    packageName: definition?.displayName,
    ruleId: step.ruleId,
    targetId,
    ...(approval !== undefined && { approval: approval ? 'required' : 'not-required' }),
  } satisfies Partial<AuditEntry>;
}

/** Writes the row that says what is about to be done, before it is done. Answers the chain's new end. */
export async function announce(
  parts: Parts,
  told: StepTold,
  part: 'ensure' | 'assign',
): Promise<ChainEnd> {
  const entry = { ...stepColumns(parts, told), kind: 'intended', step: part } as const;
  return (await parts.ledger.append(told.chain, entry, told.at)).chain;
}

/** Whole minutes by which access came before it was due; negative when it came late. */
export const marginOf = (dueAt: string, deliveredAt: string): number =>
  Math.floor((Date.parse(dueAt) - Date.parse(deliveredAt)) / 60_000);
