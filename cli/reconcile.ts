import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Id } from '../shared/domain/events/event';
import {
  askedLines,
  exitCodeOf,
  NOT_KNOWN,
  rosterLines,
  type ReconcileReport,
} from '../shared/domain/reconcile/report';
import {
  lastReport,
  NOT_WRITTEN,
  readReport,
  reportFiles,
  reportName,
  writtenReport,
} from '../shared/reconcile/report';
import { requestReconciliation } from '../shared/reconcile/request';
import { openClaims, openStaging, openWorkers, type Connection } from './connection';
import { follow, progressOf } from './follow';
import { rulesOf } from './model';
import { CliError, print, tableOf } from './print';
import { ownName } from './recheck';
import { replayQueue, withBus } from './service-bus';

export type ReconcileOptions = {
  dryRun: boolean;
  package?: string;
  worker?: string;
  acceptLists: boolean;
  by?: string;
  reason: string;
  reports: string;
  last: boolean;
  deadline: number;
  json: boolean;
};

/**
 * Starts a run of the reconciliation, follows it to its end, and writes and prints its report; or prints that of the last
 * run. The exit code is that of the report, 2 for wrong use, and 3 for every other failure.
 */
export async function reconcile(
  connect: () => Promise<Connection>,
  options: ReconcileOptions,
): Promise<void> {
  const failure = faultOf(() => mkdirSync(options.reports, { recursive: true }));
  if (failure !== undefined)
    throw new CliError(`cannot write into ${options.reports}: ${failure}`, 2);
  try {
    const connection = await connect();
    const eventHash = options.last ? undefined : await run(connection, options);
    await show(connection, eventHash, options);
  } catch (error) {
    if (error instanceof CliError && error.code === 1)
      throw new CliError(error.message, NOT_KNOWN, error.details);
    if (!(error instanceof CliError)) process.exitCode = NOT_KNOWN;
    throw error;
  }
}

/** The code of the error of the file system; undefined if all went well. */
function faultOf(write: () => unknown): string | undefined {
  try {
    write();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
  return undefined;
}

/** Answers the hash of the event of the run, which has ended. */
async function run(connection: Connection, options: ReconcileOptions): Promise<string> {
  const { dryRun, acceptLists, package: packageKey, worker: workerId, by = ownName() } = options;
  await refuseUnknown(connection, options);
  const staging = openStaging(connection);
  const now = new Date(connection.now());
  const asked = await withBus(connection, (client) => {
    const { send } = replayQueue(client, connection.queue);
    const how = { ...(dryRun && { dryRun }), ...(acceptLists && { acceptLists }) };
    const what = { by, reason: options.reason, ...how, packageKey, workerId };
    return requestReconciliation(staging, (body) => send(body, {}), what, now);
  });
  process.stderr.write(`asked for the run ${asked.run}\n`);
  const progress = progressOf(staging, (line) => process.stderr.write(`${line}\n`));
  const claim = await follow(connection, asked.eventHash, options.deadline, progress);
  if (claim.reason === 'another-run')
    throw new CliError('another run of the reconciliation is under way: nothing was compared');
  return asked.eventHash;
}

async function refuseUnknown(
  connection: Connection,
  { acceptLists, package: packageKey, worker }: ReconcileOptions,
): Promise<void> {
  if (acceptLists && packageKey === undefined)
    throw new CliError('--accept-lists needs --package: one list is accepted at a time', 2);
  if (packageKey !== undefined) {
    const { model } = await rulesOf(connection);
    if (model && !model.accessPackages.some(({ key }) => key === packageKey))
      throw new CliError(`the access model has no package ${packageKey}`, 2);
  }
  if (worker === undefined) return;
  if (!Id.safeParse(worker).success)
    throw new CliError('--worker must be an id: 1 to 64 of A-Z a-z 0-9 . _ : -', 2);
  const { facts } = await openWorkers(connection).person(worker);
  if (facts.length === 0)
    throw new CliError(
      `nothing is known of the worker ${worker}: no event has named them, and no roster that was taken in`,
      2,
    );
}

async function show(
  connection: Connection,
  ofRun: string | undefined,
  { reports, json }: ReconcileOptions,
): Promise<void> {
  const staging = openStaging(connection);
  const eventHash = ofRun ?? (await lastReport(staging));
  if (eventHash === undefined) throw new CliError('no run of the reconciliation has ended yet');
  const [report, claim, written] = await Promise.all([
    readReport(staging, eventHash),
    openClaims(connection).read(eventHash),
    writtenReport(staging, eventHash),
  ]);
  if (!report)
    throw new CliError(
      `the run ended as ${claim?.outcome ?? 'unknown'} without a report: ${claim?.reason ?? 'no reason'}`,
    );
  const by = claim?.fact.requestedBy ?? 'unknown';
  const file = join(reports, reportName(report));
  // The run is over, and what it found is not to be lost with a file.
  const failure = faultOf(() => {
    for (const { end, text } of reportFiles(report, by)) writeFileSync(`${file}${end}`, text);
  });
  if (failure !== undefined)
    process.stderr.write(
      `cannot write into ${reports}: ${failure}; "joinery reconcile --last --reports <folder>" writes it elsewhere\n`,
    );
  const files = [
    ...(failure === undefined ? [file] : []),
    ...(written === undefined ? [] : [written]),
  ];
  for (const place of files) process.stderr.write(`report: ${place}.json and ${place}.md\n`);
  if (claim?.reason === NOT_WRITTEN)
    process.stderr.write('the app could not write this report into its container\n');
  print(report, json, (shown) => textOf(shown, by, claim?.reason));
  process.exitCode = exitCodeOf(report);
}

/** `why`: what beside the packages was not read whole. */
function textOf(report: ReconcileReport, by: string, why?: string): string {
  const { run: id, state, startedAt, findings, scopes, skipped, brakes } = report;
  const unread = scopes.filter((scope) => scope.state !== 'complete');
  return [
    `run ${id} by ${by}, for ${startedAt}: ${state}${why === undefined ? '' : ` (${why})`}`,
    ...(report.asked ? [askedLines(report).join('\n')] : []),
    tableOf(
      ['finding', 'worker or account', 'package', 'remedy', 'next step'],
      findings.map((one) => [
        ...[one.kind, one.workerId ?? one.objectId, one.packageKey, one.remedy, one.next],
      ]),
    ),
    ...(unread.length === 0
      ? []
      : [
          tableOf(
            ['not read whole', 'state', 'holders', 'why'],
            unread.map((one) => [one.packageKey, one.state, one.holders, one.why]),
          ),
        ]),
    ...rosterLines(report).map((line) => `roster: ${line}`),
    ...brakes.map(
      (one) =>
        `brake ${one.id} holds ${one.count} (limit ${one.limit}); "joinery held" lists who waits`,
    ),
    `not compared, and left to the next run: ${skipped.runOpen} with a run open, ${skipped.recentFact} with an event of the ` +
      `last 15 minutes; on the list of exclusions, so only reported: ${skipped.excluded}`,
  ].join('\n\n');
}
