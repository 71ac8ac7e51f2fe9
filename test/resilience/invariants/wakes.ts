import type { Row } from '../../support/tables';
import type { Evidence } from './evidence';
import { claimsIn, grouped, isOwnEvent, json, text } from './rows';

type Place = { partition: string; key: string };
type Fact = { workerId: string; employmentId: string; eventType: string };
type Content = { states: { kind: string; endDate?: string; attributes?: object } };

/**
 * No wake-up is lost or doubled, once all runs have ended: a person has at most one, which its records name, and whoever has
 * an end ahead has one. A request that is still open has a check of its own.
 */
export function wakeFaults({ tables, graph }: Evidence): string[] {
  const due = tables.due.filter(({ kind }) => kind === 'wake');
  const pointers = tables.workers.filter(({ rowKey, at }) => rowKey === 'wake' && at !== undefined);
  const named = new Set(pointers.map((row) => json<Place>(row, 'place').key));
  const keys = new Set(due.map(({ rowKey }) => rowKey));
  const awaited = new Set(pointers.map(({ partitionKey }) => partitionKey));
  return [
    ...due
      .filter(({ rowKey }) => !named.has(rowKey))
      .map((row) => `wake-up that no record names: ${text(row, 'personId')}`),
    ...pointers
      .filter((row) => !keys.has(json<Place>(row, 'place').key ?? ''))
      .map(({ partitionKey }) => `wake-up without a row: ${partitionKey}`),
    ...[...grouped(due, (row) => text(row, 'personId'))]
      .filter(([, rows]) => rows.length > 1)
      .map(([person]) => `more than one wake-up: ${person}`),
    ...endsAhead(tables)
      .filter((person) => !awaited.has(person))
      .map((person) => `nobody is woken at the end of the contract: ${person}`),
    ...openRequests(tables, graph),
  ];
}

/** People of whom nothing is known but one delivered hire, whose contract ends later than everything that was recorded. */
function endsAhead({ claims, audit, workers }: Evidence['tables']): string[] {
  const now =
    audit
      .map((row) => text(row, 'recordedAt'))
      .sort()
      .at(-1) ?? '';
  const events = claimsIn(claims).filter((claim) => !isOwnEvent(claim));
  const people = grouped(events, (claim) => json<Fact>(claim, 'fact').workerId ?? '');
  const joined = new Set(workers.filter(({ rowKey }) => rowKey.startsWith('fact-next-')));
  const isJoined = (person: string): boolean =>
    [...joined].some(
      ({ partitionKey, rowKey }) => partitionKey === person || rowKey === `fact-next-${person}`,
    );
  return [...people].flatMap(([person, [claim, ...others]]) => {
    if (claim === undefined || others.length > 0 || isJoined(person)) return [];
    const { kind, endDate = '' } = json<Content>(claim, 'content').states ?? {};
    const isDelivered = claim['outcome'] === 'delivered' && kind === 'joined';
    return isDelivered && endDate.slice(0, 10) > dayAfter(now) ? [person] : [];
  });
}

/** No zone is further than a day from UTC. */
const dayAfter = (time: string): string =>
  time === '' ? '' : new Date(Date.parse(time) + 86_400_000).toISOString().slice(0, 10);

/** Every run has ended, so a request that is open by its record is nobody's but the timer's. */
function openRequests({ due, workers }: Evidence['tables'], graph: Evidence['graph']): string[] {
  const ended = ['delivered', 'deliveryfailed', 'denied', 'canceled'];
  const open = new Set(
    graph.requests.filter(({ state }) => !ended.includes(state.toLowerCase())).map(({ id }) => id),
  );
  const checked = new Set(due.map((row) => text(row, 'requestId')));
  return workers
    .filter((row: Row) => row.rowKey.startsWith('holding-') && row['state'] === 'requested')
    .map((row) => text(row, 'requestId'))
    .filter((id) => open.has(id) && !checked.has(id))
    .map((id) => `open request that nobody reads: ${id}`);
}
