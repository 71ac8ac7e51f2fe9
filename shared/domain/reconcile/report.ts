import { z } from 'zod';
import { jsonHash } from '../events/keys';
import { cell, list, table } from '../markdown';
import { Finding, FindingKind } from './findings';
import { ReconcileBrake } from './reconcile-brakes';
import { evaluateHeadroom, Headroom, RosterScope, Scope } from './scope';

const count = z.number().int().nonnegative();

export const ReportState = z.enum(['clean', 'drift', 'incomplete', 'held']);
export type ReportState = z.infer<typeof ReportState>;

/** Who has asked for a run, why, and for what it was not a run as each night. */
export const AskedRun = z.strictObject({
  by: z.string(),
  reason: z.string().optional(),
  dryRun: z.literal(true).optional(),
  packageKey: z.string().optional(),
  workerId: z.string().optional(),
  acceptLists: z.literal(true).optional(),
});
export type AskedRun = z.infer<typeof AskedRun>;

/** The report of one run of the reconciliation. Times are ISO 8601 in UTC; it holds ids, keys and codes only. */
export const ReconcileReport = z.strictObject({
  run: z.string().meta({ description: 'The id of the run.' }),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  modelHash: z.string().meta({ description: 'SHA-256 of the canonical access model.' }),
  asked: AskedRun.optional().meta({ description: 'Absent from the report of a run of the timer.' }),
  state: ReportState,
  scopes: z.array(Scope),
  roster: RosterScope.optional().meta({ description: 'Absent where the run reads no roster.' }),
  findings: z.array(Finding),
  skipped: z.strictObject({ runOpen: count, recentFact: count, excluded: count }),
  counts: z.partialRecord(FindingKind, count),
  brakes: z.array(ReconcileBrake),
  headroom: z.array(Headroom),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: 'SHA-256 of the canonical JSON of the report without this member.' }),
});
export type ReconcileReport = z.infer<typeof ReconcileReport>;

type Content = Omit<ReconcileReport, 'state' | 'counts' | 'hash'>;

/** What a run found, with its state, counts and hash. `isIncomplete`: something beside the scopes was not read whole. */
export function reportOf(content: Content, isIncomplete = false): ReconcileReport {
  const counts: ReconcileReport['counts'] = {};
  for (const { kind } of content.findings) counts[kind] = (counts[kind] ?? 0) + 1;
  const report = { ...content, counts, state: stateOf(content, isIncomplete) };
  return { ...report, hash: reportHash(report) };
}

/** Of the canonical JSON of a report without its hash. */
export const reportHash = (report: Omit<ReconcileReport, 'hash'> & { hash?: string }): string =>
  jsonHash({ ...report, hash: undefined });

/** What was not read whole is said first: then the rest of the report may lack something. */
function stateOf(
  { scopes, roster, brakes, findings }: Content,
  isIncomplete: boolean,
): ReportState {
  if (isIncomplete || roster?.state === 'incomplete') return 'incomplete';
  if (scopes.some(({ state }) => state !== 'complete')) return 'incomplete';
  if (brakes.some(({ state }) => state === 'held')) return 'held';
  return findings.length > 0 ? 'drift' : 'clean';
}

/** The exit code where it is not known what differs. */
export const NOT_KNOWN = 3;

const EXIT_CODES: Record<ReportState, number> = {
  clean: 0,
  drift: 1,
  incomplete: NOT_KNOWN,
  held: 4,
};

/** The exit code of `joinery reconcile`; 2 is wrong use. */
export function exitCodeOf(report: ReconcileReport): number {
  if (report.state === 'clean' && leftOut(report) !== undefined) return NOT_KNOWN;
  return EXIT_CODES[report.state];
}

/** Where a run was for one worker alone and has not compared them: that, and why. */
function leftOut({ asked, skipped }: ReconcileReport): string | undefined {
  const { runOpen, recentFact } = skipped;
  if (asked?.workerId === undefined || runOpen + recentFact === 0) return undefined;
  const why =
    runOpen > 0
      ? 'a run about them was open or had only just ended'
      : 'HR had spoken of them in the last 15 minutes';
  return `${asked.workerId} was not compared: ${why}. Run it again later`;
}

/** What a report says of what was asked for, a line each. */
export function askedLines(report: ReconcileReport): string[] {
  if (!report.asked) return [];
  const { reason, dryRun, packageKey, workerId, acceptLists } = report.asked;
  return [
    leftOut(report),
    dryRun && 'A dry run: nothing was repaired',
    packageKey && `Only who holds the package ${packageKey}`,
    workerId && `Only the worker ${workerId}`,
    acceptLists && 'Lists that are empty or have shrunk were taken as true',
    reason && `Reason: ${reason}`,
  ].filter((line) => typeof line === 'string');
}

/** The report as Markdown, for people. `by`: who or what started the run. */
export function reportMarkdown(report: ReconcileReport, by: string): string {
  const { skipped, counts } = report;
  const { short } = evaluateHeadroom(report.headroom);
  const kinds = FindingKind.options.filter((kind) => counts[kind] !== undefined);
  return [
    `# Reconciliation ${report.run}: ${report.state}`,
    list([
      ...askedLines(report).map(cell),
      `From ${report.startedAt} to ${report.endedAt}, started by ${cell(by)}`,
      `Access model ${report.modelHash}`,
      `Skipped: ${skipped.runOpen} with a run open, ${skipped.recentFact} with a recent event`,
      `Only reported: ${skipped.excluded} excluded`,
    ]),
    '## Findings',
    ...(kinds.length === 0
      ? []
      : [
          table(
            ['kind', 'count'],
            kinds.map((kind) => [kind, counts[kind]]),
          ),
        ]),
    table(
      ['kind', 'worker', 'account', 'package', 'since', 'remedy', 'next step'],
      report.findings.map((one) => [
        ...[one.kind, one.workerId, one.objectId, one.packageKey, one.since],
        ...[one.remedy, one.next],
      ]),
    ),
    '## Scopes',
    table(
      ['package', 'state', 'holders', 'why'],
      report.scopes.map((one) => [one.packageKey, one.state, one.holders, one.why]),
    ),
    ...rosterLines(report).map((line) => cell(`Roster: ${line}`)),
    '## Brakes',
    table(
      ['brake', 'holds', 'count', 'limit', 'state'],
      report.brakes.map((one) => [
        ...[one.id, `${one.action} ${one.packageKey ?? 'of all packages'}`],
        ...[one.count, one.limit, one.state],
      ]),
    ),
    '## Headroom',
    table(
      ['limit', 'used', 'of', ''],
      report.headroom.map((one) => [
        ...[one.what, one.used, one.limit, short.includes(one) ? '80 % or more' : ''],
      ]),
    ),
    `Hash of this report: ${report.hash}`,
  ]
    .join('\n\n')
    .concat('\n');
}

const MOST_NAMED = 20;

/** What is said of a roster in one line; none where no roster was read. */
export function rosterLines({ roster, asked }: ReconcileReport): string[] {
  if (!roster) return [];
  const { state, why, workers, facts, changes = [] } = roster;
  const more = changes.length > MOST_NAMED ? ` and ${changes.length - MOST_NAMED} more` : '';
  const named = changes.length > 0 ? `: ${changes.slice(0, MOST_NAMED).join(', ')}${more}` : '';
  const news = asked?.dryRun ? `${facts} facts would be new${named}` : `${facts} new facts`;
  return [`${state}${why === undefined ? '' : ` (${why})`}, ${workers} workers, ${news}`];
}
