import { accessReport, type AccessQuestion } from '../shared/reports/access';
import { accessCsv, accessMarkdown } from '../shared/reports/access-text';
import { withHash, type Content, type Evidence } from '../shared/reports/evidence';
import { openAudit, openClaims, openWorkers, type Connection } from './connection';
import { CliError, print } from './print';
import { ownName } from './recheck';
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
  const content = await accessReport(storesOf(connection), question);
  const asked =
    'workers' in question
      ? ['--workers', question.workers.join(',')]
      : ['--sample', question.sample, '--seed', question.seed];
  const command = commandOf('access', asked, content);
  const evidence = withHash(content, madeBy(connection, options, command));
  show(evidence, options, { csv: accessCsv, markdown: accessMarkdown });
  const isFaulty = content.lines.some(({ proof }) => proof === 'fault');
  const isUnknown = workers !== undefined && content.withoutChange.length > 0;
  if (isFaulty || isUnknown) process.exitCode = 1;
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
