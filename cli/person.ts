import type { Json } from './command';
import { personReport, type PersonReport } from '../shared/reports/person';
import { TooManyNumbers } from '../shared/storage/workers';
import { exportPerson } from '../shared/privacy/export';
import {
  openAudit,
  openClaims,
  openHoldings,
  openStaging,
  openTables,
  openWorkers,
  type Connection,
} from './connection';
import { factText } from './explain';
import { rulesOf } from './model';
import { CliError, print, tableOf } from './print';

export type PersonOptions = Json & { export: boolean };

/** Prints what a person has, why, what is under way and what comes next; or everything that is held of them. */
export async function person(
  connection: Connection,
  workerId: string,
  { json, ...options }: PersonOptions,
): Promise<void> {
  if (options.export) {
    const stores = { tables: openTables(connection), workers: openWorkers(connection) };
    const exported = await exportPerson({ ...stores, staging: openStaging(connection) }, workerId);
    if (!exported) throw new CliError(`no row names the worker ${workerId}`);
    print(exported, true, () => '');
    return;
  }
  const stores = {
    ...{ claims: openClaims(connection), audit: openAudit(connection) },
    ...{ workers: openWorkers(connection), holdings: openHoldings(connection) },
  };
  const { model, notes } = await rulesOf(connection);
  const now = connection.now();
  const found = await personReport(stores, workerId, model, now).catch(tooManyNumbers);
  if (!found) throw new CliError(`no event of the worker ${workerId} is known`);
  const report = { ...found, notes: [...notes, ...found.notes] };
  print(report, json, personText);
}

export function tooManyNumbers(error: unknown): never {
  if (!(error instanceof TooManyNumbers)) throw error;
  throw new CliError('previousWorkerId joins more than 32 numbers, which cannot be one person');
}

export function personText({ person, numbers, has, asked, open, ...more }: PersonReport): string {
  const { facts, next, wakeAt, notes } = more;
  const others = numbers.filter((number) => number !== person);
  const list = (title: string, headings: string[], rows: unknown[][]) =>
    rows.length === 0 ? `${title}: none` : `${title}\n${tableOf(headings, rows)}`;
  return [
    others.length === 0 ? `Worker ${person}` : `Worker ${person}, also ${others.join(', ')}`,
    list(
      'Has',
      ['package', 'whose', 'since', 'until', 'given by', 'rule', 'events', 'rule now', 'account'],
      has.map((one) => [
        ...[one.packageKey, one.whose, one.since, one.until, one.event.eventId, one.ruleId],
        one.facts.map(({ eventId, eventHash }) => eventId ?? eventHash.slice(0, 12)).join(' '),
        ...[ruleText(one.ruleNow), one.targetId],
      ]),
    ),
    ...has.flatMap(({ packageKey = '', last }) => {
      if (!last) return [];
      const { action = '', outcome = '', reason, eventId = '', recordedAt } = last;
      const why = reason === undefined ? '' : `: ${reason}`;
      return `${packageKey}: ${action} ended as ${outcome}${why} at ${recordedAt} (${eventId})`;
    }),
    list(
      'Asked for and open',
      ['package', 'action', 'state', 'since', 'event', 'request', 'account'],
      asked.map((one) => [
        ...[one.packageKey, one.action, one.state, one.since, one.event.eventId, one.requestId],
        one.targetId,
      ]),
    ),
    list(
      'Open events',
      ['event', 'state', 'waits for', 'reason', 'until'],
      open.map(({ eventId, state, waitingFor, waitingReason, waitingUntil }) => [
        ...[eventId, state, waitingFor, waitingReason, waitingUntil],
      ]),
    ),
    list(
      'Events',
      ['event', 'fate'],
      facts.map(({ fate, ...fact }) => [factText(fact), fate]),
    ),
    list(
      'Next changes',
      ['at', 'there', 'time zone', 'gets', 'loses'],
      next.map(({ at, local, timeZone, gains, losses }) => [
        ...[at, local, timeZone, keysOf(gains), keysOf(losses)],
      ]),
    ),
    ...(wakeAt === undefined ? [] : [`Next look: ${wakeAt}`]),
    ...notes,
  ].join('\n\n');
}

const keysOf = (packages: { packageKey: string }[]): string =>
  packages.map(({ packageKey }) => packageKey).join(' ');

/** `-` where the rules could not be read. */
function ruleText(rule: PersonReport['has'][number]['ruleNow']): string {
  if (rule === undefined) return '-';
  if (rule === null) return 'none';
  const { ruleId, reason, until } = rule;
  const overlap = reason === 'overlap' ? ' (overlap)' : '';
  return `${ruleId}${overlap}${until === undefined ? '' : `, until ${until}`}`;
}
