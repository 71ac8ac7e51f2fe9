import { createHash } from 'node:crypto';
import { accessReport, type AccessQuestion } from '../shared/reports/access';
import { accessCsv, accessMarkdown } from '../shared/reports/access-text';
import { completenessReport, type ExpectedRoster } from '../shared/reports/completeness';
import { completenessCsv, completenessMarkdown } from '../shared/reports/completeness-text';
import {
  withHash,
  type BoundedPeriod,
  type Content,
  type Evidence,
  type Made,
} from '../shared/reports/evidence';
import { leaversReport } from '../shared/reports/leavers';
import { removedNotes } from '../shared/reports/removed';
import { leaversCsv, leaversMarkdown } from '../shared/reports/leavers-text';
import { CalendarDate, Id } from '../shared/domain/events/event';
import { readRosterRows } from '../shared/roster/rows';
import {
  openAudit,
  openClaims,
  openDue,
  openSealsOf,
  openRemovalRecordsOf,
  openWorkers,
  readBody,
  type Connection,
} from './connection';
import { CliError, print } from './print';
import { ownName } from './recheck';
import { formatOf, readMap, refuse } from './roster';
import { version } from './version';

type ReportOptions = { from?: Date; to?: Date; by?: string; csv: boolean; json: boolean };
export type AccessOptions = ReportOptions & {
  workers?: readonly string[];
  sample?: number;
  seed?: string;
};

/** Reports the access of the given workers or of a sample. Exit code 1 on a fault of a hash chain, or if a given worker has none. */
export async function reportAccess(connection: Connection, options: AccessOptions): Promise<void> {
  const { workers, sample, seed } = options;
  if ((workers === undefined) === (sample === undefined))
    throw new CliError('give one of --workers, --sample', 2);
  if ((sample === undefined) !== (seed === undefined))
    throw new CliError('--sample and --seed belong together', 2);
  const { from, to } = periodOf(connection, options);
  let question: AccessQuestion;
  if (workers !== undefined) question = { workers, period: { ...(from && { from }), to } };
  else if (from === undefined || sample === undefined || seed === undefined)
    throw new CliError('--sample needs --from: a sample is of a period', 2);
  else question = { sample, seed, period: { from, to } };
  const seals = connection.seals === undefined ? undefined : openSealsOf(connection);
  const content = await accessReport({ ...storesOf(connection), seals }, question);
  const asked =
    'workers' in question
      ? ['--workers', question.workers.join(',')]
      : ['--sample', question.sample, '--seed', question.seed];
  const command = commandOf('access', asked, content);
  const evidence = await evidenceOf(connection, content, madeBy(connection, options, command));
  show(evidence, options, { csv: accessCsv, markdown: accessMarkdown });
  const isFaulty = content.lines.some(({ proof }) => proof === 'fault');
  const isUnknown = workers !== undefined && content.withoutChange.length > 0;
  if (isFaulty || isUnknown) process.exitCode = 1;
}

export type CompletenessOptions = ReportOptions & { from: Date; roster?: string; map?: string };

/** Reports whether everybody was served who was to be. Exit code 1 if something is unexplained. */
export async function reportCompleteness(
  connection: Connection,
  options: CompletenessOptions,
): Promise<void> {
  const { roster: file, map } = options;
  if ((file === undefined) !== (map === undefined))
    throw new CliError('--roster and --map belong together', 2);
  const isGiven = file !== undefined && map !== undefined;
  const roster = isGiven ? await expectedRoster(file, map) : undefined;
  const period = boundedPeriodOf(connection, options);
  const stores = { ...storesOf(connection), due: openDue(connection) };
  const content = await completenessReport(stores, period, roster);
  const asked = isGiven ? ['--roster', file, '--map', map] : [];
  const command = commandOf('completeness', asked, content);
  const evidence = await evidenceOf(connection, content, madeBy(connection, options, command));
  show(evidence, options, { csv: completenessCsv, markdown: completenessMarkdown });
  if (content.unexplained > 0) process.exitCode = 1;
}

export type LeaversOptions = ReportOptions & { from: Date; target: number };

/** Reports how soon leavers lost their access. Exit code 1 if some was removed late, or is not removed. */
export async function reportLeavers(
  connection: Connection,
  options: LeaversOptions,
): Promise<void> {
  const { target } = options;
  const stores = { ...storesOf(connection), due: openDue(connection) };
  const period = boundedPeriodOf(connection, options);
  const content = await leaversReport(stores, period, target / 60);
  const command = commandOf('leavers', ['--target', `${target}s`], content);
  const evidence = await evidenceOf(connection, content, madeBy(connection, options, command));
  show(evidence, options, { csv: leaversCsv, markdown: leaversMarkdown });
  if (content.late + content.notRemoved > 0) process.exitCode = 1;
}

/** What is read of a roster. Dates in another form would compare wrongly, and leave somebody out. */
const DATE = CalendarDate.optional();
const ROSTER_VALUES = { workerId: Id, from: DATE, until: DATE };

/** A worker with several employments is expected until the last of them ends. */
async function expectedRoster(file: string, mapFile: string): Promise<ExpectedRoster> {
  const bytes = await readBody(file);
  const map = readMap(mapFile, await readBody(mapFile));
  const { rows, faults } = readRosterRows(bytes, formatOf(file), map);
  const columns = new Map(Object.entries(map).map(([column, target]) => [target, column]));
  const wrong = rows.flatMap(({ line, values }) =>
    Object.entries(ROSTER_VALUES).flatMap(([target, schema]) => {
      const [issue] = schema.safeParse(values.get(target)).error?.issues ?? [];
      const column = columns.get(target);
      return issue ? [{ line, ...(column !== undefined && { column }), rule: issue.message }] : [];
    }),
  );
  refuse('not compared', file, [...faults, ...wrong]);
  const workers = new Map<string, string | undefined>();
  for (const { values } of rows) {
    const [worker = '', until] = [values.get('workerId'), values.get('until')];
    const isLonger =
      !workers.has(worker) || until === undefined || until > (workers.get(worker) ?? '9');
    if (isLonger) workers.set(worker, until);
  }
  return { sha256: createHash('sha256').update(bytes).digest('hex'), rows: rows.length, workers };
}

const storesOf = (connection: Connection) => ({
  ...{ claims: openClaims(connection), audit: openAudit(connection) },
  workers: openWorkers(connection),
});

/** What has not happened yet would make the same question have another answer later. */
function periodOf(connection: Connection, options: ReportOptions): { from?: string; to: string } {
  const to = Math.min(options.to?.getTime() ?? Infinity, connection.now());
  const from = options.from;
  if (from && from.getTime() >= to) throw new CliError('--from is not before --to and now', 2);
  return { ...(from && { from: from.toISOString() }), to: new Date(to).toISOString() };
}

function boundedPeriodOf(
  connection: Connection,
  options: ReportOptions & { from: Date },
): BoundedPeriod {
  return { ...periodOf(connection, options), from: options.from.toISOString() };
}

/** The same question with the same instants, as it is typed in. */
const commandOf = (
  report: string,
  asked: readonly (string | number)[],
  { period: { from, to } }: Content,
): string => {
  const words = ['joinery', 'report', report, ...asked, ...(from ? ['--from', from] : [])];
  return [...words, '--to', to].map(quoted).join(' ');
};

const quoted = (word: string | number): string =>
  /^[\w.,:=@/-]+$/.test(String(word)) ? String(word) : `'${String(word).replaceAll("'", "'\\''")}'`;

/** With what retention removed of the period, which no row tells. */
async function evidenceOf<Of extends Content>(connection: Connection, content: Of, made: Made) {
  const isKnown = connection.seals !== undefined;
  const records = isKnown ? openRemovalRecordsOf(connection) : { all: () => Promise.resolve([]) };
  const removed = await removedNotes(records, content.period);
  return withHash({ ...content, notes: [...content.notes, ...removed] }, made);
}

const madeBy = (connection: Connection, { by = ownName() }: ReportOptions, command: string) => ({
  ...{ by, at: new Date(connection.now()).toISOString(), version, command },
});

function show<Of extends Content>(
  evidence: Evidence<Of>,
  { csv, json }: ReportOptions,
  texts: Record<'csv' | 'markdown', (evidence: Evidence<Of>) => string>,
): void {
  if (csv) process.stdout.write(texts.csv(evidence));
  else print(evidence, json, (shown) => texts.markdown(shown).trimEnd());
}
