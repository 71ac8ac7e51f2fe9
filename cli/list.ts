import { LIST_DAYS, listEvents, type ListLine, type ListQuestion } from '../shared/reports/list';
import { openAudit, openClaims, openDue, openWorkers, type Connection } from './connection';
import { print, tableOf } from './print';

export type ListOptions = Omit<ListQuestion, 'outcomes'> & { outcome: string[]; json: boolean };

/** Lists events with what each waits for or how it ended, and counts them by that. */
export async function list(
  connection: Connection,
  { outcome: outcomes, json, ...question }: ListOptions,
): Promise<void> {
  const stores = {
    ...{ claims: openClaims(connection), due: openDue(connection) },
    ...{ workers: openWorkers(connection), audit: openAudit(connection) },
  };
  const events = await listEvents(stores, { ...question, outcomes });
  const groups = groupsOf(events);
  print({ events, groups }, json, () =>
    events.length === 0 ? nothing({ ...question, outcomes }) : textOf(events, groups),
  );
}

type Group = { state: string; why: string; events: number };

/** How many events wait for the same or ended the same way, the most first. */
function groupsOf(lines: readonly ListLine[]): Group[] {
  const groups = new Map<string, Group>();
  for (const line of lines) {
    const [state, why] = [stateOf(line), whyOf(line)];
    const key = `${state} ${why}`;
    const group = groups.get(key) ?? { state, why, events: 0 };
    groups.set(key, { ...group, events: group.events + 1 });
  }
  return [...groups.values()].sort((one, other) => other.events - one.events);
}

const isOpen = ({ state }: ListLine): boolean => state !== 'closed' && state !== 'rejected';

function stateOf(line: ListLine): string {
  if (line.state === 'rejected' || !isOpen(line)) return line.outcome ?? '';
  return line.stalledSince === undefined ? 'open' : 'stalled';
}

function whyOf(line: ListLine): string {
  if (line.state === 'rejected' || !isOpen(line)) return line.reason ?? '';
  const { waitingFor = '', waitingReason } = line;
  return waitingReason === undefined ? waitingFor : `${waitingFor} (${waitingReason})`;
}

const HEADINGS = ['event', 'worker', 'attempt', 'state', 'waits for, or why', 'since', 'until'];

function textOf(lines: readonly ListLine[], groups: readonly Group[]): string {
  const rows = lines.map((line) =>
    line.state === 'rejected'
      ? [
          line.eventId ?? `body ${line.bodyHash?.slice(0, 12) ?? ''}`,
          line.workerId,
          '',
          'rejected',
          line.reason,
          short(line.receivedAt),
        ]
      : [
          ...[line.eventId, line.workerId, line.attempt, stateOf(line), whyOf(line)],
          short(isOpen(line) ? line.waitingSince : line.updatedAt),
          short(line.waitingUntil),
        ],
  );
  const counts = groups.map(({ state, why, events }) => [events, state, why]);
  return `${tableOf(HEADINGS, rows)}\n\n${tableOf(['events', 'state', 'waits for, or why'], counts)}`;
}

/** What is said where no event is found: also how far back it was searched, unless the caller said that. */
function nothing({ open, problems, outcomes, since, worker }: ListQuestion): string {
  if (since !== undefined || worker !== undefined) return 'no such event';
  const note = `ended events are searched for ${LIST_DAYS} days unless --since or --worker is given`;
  if (problems || outcomes.length > 0) return `no such event; ${note}`;
  return `no event is open${open ? '' : '; --problems, --outcome, --since and --worker list others'}`;
}

/** Without milliseconds. */
const short = (time: string | undefined): string => time?.replace(/\.\d+Z$/, 'Z') ?? '';
