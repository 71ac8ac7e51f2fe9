import { faultText } from '../shared/domain/evidence/fault';
import type { AuditRow } from '../shared/domain/workflow/audit-entry';
import { auditReport, type AuditQuestion, type AuditReport } from '../shared/reports/audit';
import { openAudit, openClaims, type Connection } from './connection';
import { CliError, counted, print, tableOf } from './print';
import { missingEvent } from './unknown-event';

type AuditOptions = { event?: string; source?: string; worker?: string; day?: string };

/** Prints audit rows and the faults of their hash chains. Exit code 1 on a fault. */
export async function audit(
  connection: Connection,
  { json, ...options }: AuditOptions & { json: boolean },
): Promise<void> {
  const question = questionOf(options, connection.sources);
  const stores = { claims: openClaims(connection), audit: openAudit(connection) };
  const report = await auditReport(stores, question);
  const isEmpty = report.rows.length === 0 && report.faults.length === 0;
  if ('event' in question && isEmpty)
    throw await missingEvent(connection, question.event, question.sources);
  if ('worker' in question && isEmpty)
    throw new CliError(`no event of the worker ${question.worker} is known`);
  print(report, json, textOf);
  if (report.faults.length > 0) process.exitCode = 1;
}

function questionOf(
  { event, source, worker, day }: AuditOptions,
  sources: readonly string[],
): AuditQuestion {
  const given = [event, worker, day].filter((value) => value !== undefined);
  if (given.length !== 1) throw new CliError('give one of --event, --worker, --day', 2);
  if (source !== undefined && event === undefined) throw new CliError('--source needs --event', 2);
  if (worker !== undefined) return { worker };
  if (event !== undefined) return { event, sources: source === undefined ? sources : [source] };
  return { day: day ?? '' };
}

const HEADINGS = [
  'recorded',
  'event',
  'attempt',
  'seq',
  'worker',
  'kind',
  'step',
  'package',
  'outcome',
  'reason',
];

const ASKED = ['asked by', 'asked because'];

/** Who has asked for the run of a row, and why: for a replay, or for the event itself. */
const askedFor = (row: AuditRow): (string | undefined)[] =>
  row.replayId === undefined
    ? [row.requestedBy, row.requestReason]
    : [row.initiator?.replace(/^replay:/, ''), row.replayReason];

function textOf({ rows, faults, notes }: AuditReport): string {
  if (rows.length === 0 && faults.length === 0) return 'no rows';
  const isAsked = rows.some((row) => askedFor(row).some((one) => one !== undefined));
  const lines = rows.map((row) => [
    row.recordedAt,
    row.eventId ?? `body ${row.bodyHash?.slice(0, 12) ?? ''}`,
    row.attempt,
    row.seq,
    row.workerId,
    row.kind,
    row.step,
    row.packageKey,
    row.outcome,
    row.reason,
    ...(isAsked ? askedFor(row) : []),
  ]);
  const headings = [...HEADINGS, ...(isAsked ? ASKED : [])];
  const chains =
    faults.length === 0
      ? 'the hash chains are intact'
      : `FAULTS:\n${faults.map(faultText).join('\n')}`;
  return `${tableOf(headings, lines)}\n\n${counted(rows.length, 'row')}; ${[chains, ...notes].join('\n')}`;
}
