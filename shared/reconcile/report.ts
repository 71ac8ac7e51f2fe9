import { z } from 'zod';
import { findingOf, reported, type Finding } from '../domain/reconcile/findings';
import { headroomOf } from '../domain/reconcile/scope';
import { reportMarkdown, reportOf, ReconcileReport } from '../domain/reconcile/report';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { ClosingOutcome } from '../domain/workflow/step-outcome';
import type { Outcome } from '../domain/workflow/outcome';
import type { ChainEnd } from '../domain/workflow/run';
import { runColumns, writerColumns, type AuditWriter } from '../events/audit-context';
import { closeEvent, leaveClosed } from '../events/close';
import { BlobRefused } from '../blobs';
import type { Config } from '../config/config';
import { traceOf, type Log } from '../log';
import type { Claims } from '../storage/claims';
import type { Due } from '../storage/due';
import type { ScopeRow, Staging } from '../storage/staging';
import { decisionColumns } from './begin';
import { stateOf } from './circumstances';
import { ShardRow } from './found';
import { keepRoster, rosterScope } from './read-roster';
import { keptKeyOf, LAST_COMPLETE } from './read-scope';
import { brakesOfRun, foundFrom } from './repairs';
import { askedOf } from './request';

/** A report is kept in pieces: a row of a table takes a megabyte, and a member of a list goes on in further columns. */
const Piece = z.object({ text: z.tuple([z.string()]), pieces: z.number().int().optional() });
const REPORTS = 'reports';
const PIECE = 200_000;
const LAST = 'last';

/** The hash of the event of the last run that has a report. */
export const lastReport = async (staging: Pick<Staging, 'kept'>): Promise<string | undefined> =>
  (await staging.kept(z.object({ eventHash: z.string() }), REPORTS, LAST))?.eventHash;

/** The report of a run by the hash of its event; undefined before its end. */
export async function readReport(
  staging: Pick<Staging, 'kept'>,
  eventHash: string,
): Promise<ReconcileReport | undefined> {
  const first = await staging.kept(Piece, REPORTS, `${eventHash}-0`);
  if (first?.pieces === undefined) return undefined;
  let [text] = first.text;
  for (let piece = 1; piece < first.pieces; piece += 1)
    text += (await staging.kept(Piece, REPORTS, `${eventHash}-${piece}`))?.text[0] ?? '';
  return ReconcileReport.parse(JSON.parse(text));
}

async function keepReport(
  staging: Staging,
  eventHash: string,
  report: ReconcileReport,
): Promise<void> {
  const text = JSON.stringify(report);
  const pieces = Math.max(1, Math.ceil(text.length / PIECE));
  // The first piece comes last: it says that all are there.
  for (let piece = pieces - 1; piece >= 0; piece -= 1)
    await staging.keep(REPORTS, `${eventHash}-${piece}`, {
      text: [text.slice(piece * PIECE, (piece + 1) * PIECE)],
      ...(piece === 0 && { pieces }),
    });
  await staging.keep(REPORTS, LAST, { eventHash });
}

/** Where the app has written the report of a run: the address without `.json` and `.md`. Undefined where it has not. */
export const writtenReport = async (
  staging: Pick<Staging, 'kept'>,
  eventHash: string,
): Promise<string | undefined> =>
  (await staging.kept(Written, REPORTS, `${eventHash}-written`))?.place;

const Written = z.object({ place: z.string() });

/** The name of the files of a report, without `.json` and `.md`. */
export const reportName = ({ run }: Pick<ReconcileReport, 'run'>): string => `reconcile-${run}`;

/** What is in the files of a report. `by`: who or what started the run. */
export const reportFiles = (report: ReconcileReport, by: string) => [
  { end: '.json', type: 'application/json', text: `${JSON.stringify(report, null, 2)}\n` },
  { end: '.md', type: 'text/markdown; charset=utf-8', text: reportMarkdown(report, by) },
];

export type CloseRunServices = AuditWriter & {
  /** Writes a blob that is never written again. Throws if that cannot be. */
  writeReport: (url: string, content: { text: string; type: string }) => Promise<void>;
  claims: Pick<Claims, 'read' | 'beginClosing' | 'finishClosing' | 'isOver'>;
  due: Pick<Due, 'cancel'>;
  config: Pick<Config, 'reconcile'>;
  staging: Staging;
};

/** `failure`: why not everything was compared. `giveUp`: why the report is no longer waited for. */
type CloseInput = {
  run: ReconcileRun;
  chain: ChainEnd;
  at: string;
  failure?: string | undefined;
  giveUp?: string | undefined;
};

/** The reason in the closing row of a run whose report the container has not taken. */
export const NOT_WRITTEN = 'report-not-written';

/**
 * Makes the report of a run, writes it into the container, if there is one, remembers how many held what was read whole, and
 * closes the attempt. Idempotent: the report that was kept first stays. `later` while the container does not take it.
 */
export async function closeReconciliation(
  services: CloseRunServices,
  input: CloseInput,
  log: Log,
): Promise<Outcome> {
  const { staging, claims, ledger } = services;
  const { run, at } = input;
  if (await claims.isOver(run.instanceId)) {
    await leaveClosed(services, run);
    await staging.release(run.instanceId);
    return { kind: 'rejected', reason: 'stale' };
  }
  if (run.options.decision) return closeDecision(services, input, log);
  const lists = await staging.scopes(run.generation);
  const failure = input.failure ?? unreadOf(lists);
  const known = await readReport(staging, run.eventHash);
  const report =
    known?.run === run.id ? known : await makeReport(services, { run, at, lists, failure });
  if (report !== known) await keepReport(staging, run.eventHash, report);
  const isWritten = await writeOut(services, run, report, log);
  if (!isWritten && input.giveUp === undefined)
    return { kind: 'later', afterSeconds: 15, why: NOT_WRITTEN };
  for (const scope of lists) {
    if (scope.state !== 'complete' || run.options.dryRun) continue;
    const { holders } = scope;
    await staging.keep(LAST_COMPLETE, keptKeyOf(scope), { holders, at: run.at });
  }
  if (!run.options.dryRun) await keepRoster(staging, run);
  const entry = {
    ...runColumns(run),
    ...writerColumns(services),
    kind: 'settled',
    state: 'started',
    step: 'plan',
    outcome: report.state,
    reason: `report:${report.hash}`,
  } as const;
  const { chain } = await ledger.append(input.chain, entry, at);
  const reason = failure ?? (isWritten ? undefined : NOT_WRITTEN);
  const ending = { outcome: report.state, ...(reason !== undefined && { reason }) };
  const closed = await closeEvent(services, { run, chain, at, ...ending }, log);
  await staging.release(run.instanceId);
  return closed === 'stale' ? { kind: 'rejected', reason: 'stale' } : { kind: 'done' };
}

/** Which list of the tenant itself was not read whole, and why: no scope of the report says it. */
function unreadOf(lists: readonly ScopeRow[]): string | undefined {
  const unread = lists.find(
    (list) => list.packageKey === undefined && stateOf(list) !== 'complete',
  );
  return unread && `${unread.kind}-${unread.why ?? 'unread'}`;
}

/** Whether the container has the report; true where there is none. */
async function writeOut(
  { staging, config, writeReport }: CloseRunServices,
  { eventHash, fact }: ReconcileRun,
  report: ReconcileReport,
  log: Log,
): Promise<boolean> {
  const { reports } = config.reconcile;
  if (reports === undefined) return true;
  const place = `${reports}/${reportName(report)}`;
  try {
    for (const { end, ...content } of reportFiles(report, fact.requestedBy ?? 'unknown'))
      await writeReport(`${place}${end}`, content);
  } catch (error) {
    const { status } = error instanceof BlobRefused ? error : { status: undefined };
    log({ what: NOT_WRITTEN, run: report.run, status, ...traceOf(error) });
    return false;
  }
  await staging.keep(REPORTS, `${eventHash}-written`, { place });
  return true;
}

/** Closes the event of a decision about a brake: as it was decided, or `superseded` where it could not be carried out. */
async function closeDecision(
  services: CloseRunServices,
  { run, chain: before, at, failure }: CloseInput,
  log: Log,
): Promise<Outcome> {
  const { decision } = run.options;
  const outcome: ClosingOutcome = failure === undefined && decision ? decision.state : 'superseded';
  const entry = {
    ...runColumns(run),
    ...writerColumns(services),
    ...decisionColumns(run),
    kind: 'settled',
    state: 'started',
    step: 'plan',
    outcome,
    reason: failure,
  } as const;
  const { chain } = await services.ledger.append(before, entry, at);
  const ending = { outcome, ...(failure !== undefined && { reason: failure }) };
  const closed = await closeEvent(services, { run, chain, at, ...ending }, log);
  await services.staging.release(run.instanceId);
  return closed === 'stale' ? { kind: 'rejected', reason: 'stale' } : { kind: 'done' };
}

async function makeReport(
  { staging, model, config }: CloseRunServices,
  {
    run,
    at,
    lists,
    failure,
  }: { run: ReconcileRun; at: string; lists: ScopeRow[]; failure: string | undefined },
): Promise<ReconcileReport> {
  const { generation, options } = run;
  const findings: Finding[] = [];
  for await (const { found } of foundFrom(staging, generation))
    findings.push(...found.flatMap(({ differences }) => differences.map(findingOf)));
  const shards = await staging.group(ShardRow, generation, 'shards');
  const skipped = { runOpen: 0, recentFact: 0, excluded: 0 };
  for (const { skipped: one } of shards.values()) {
    skipped.runOpen += one.runOpen;
    skipped.recentFact += one.recentFact;
    skipped.excluded += one.excluded;
  }
  if (options.workerId === undefined)
    for (const { packageKey, drift } of lists)
      if (packageKey !== undefined && drift.length > 0)
        findings.push(findingOf(reported('package-drift', { packageKey }, drift.join(', '))));
  const scopes = lists.flatMap((scope) => {
    const { packageKey, holders, why } = scope;
    if (packageKey === undefined) return [];
    return [{ packageKey, state: stateOf(scope), holders, ...(why !== undefined && { why }) }];
  });
  const roster = await rosterScope(staging, generation);
  const asked = askedOf(run);
  const content = {
    ...(asked && { asked }),
    ...{ run: run.id, startedAt: run.at, endedAt: at, modelHash: model().hash },
    ...(roster && { roster }),
    ...{ scopes, findings, skipped, headroom: headroomOf(lists, config.reconcile.limits, options) },
    brakes: (await brakesOfRun(staging, generation)) ?? [],
  };
  return reportOf(content, failure !== undefined);
}
