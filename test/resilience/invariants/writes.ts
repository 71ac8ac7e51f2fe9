import type { Evidence, Row } from '../evidence';
import { claimsIn, text } from './rows';

const MARK = /^joinery:([0-9a-f]{64}):(\d+):(.+)$/;

/** Every write to Graph was intended by an accepted event, as the ledger tells; so a rejected event wrote nothing. */
export function writeFaults({ tables, graph, graphLog }: Evidence): string[] {
  const claimed = new Set(claimsIn(tables.claims).map(({ partitionKey }) => partitionKey));
  const intended = (step: string): Row[] =>
    tables.audit.filter((row) => row['kind'] === 'intended' && row['step'] === step);
  const asked = new Set(
    intended('assign').map((row) =>
      [row.partitionKey, row['attempt'], row['packageKey']].join(':'),
    ),
  );
  const made = new Set(intended('ensure').map((row) => text(row, 'packageName')));
  const requests = graph.requests.flatMap(({ id, justification }) => {
    const [, hash = '', attempt, packageKey] = MARK.exec(justification ?? '') ?? [];
    if (!claimed.has(hash)) return [`request of no accepted event: ${id}`];
    const isAsked = asked.has([hash, attempt, packageKey].join(':'));
    return isAsked ? [] : [`request without an intended row: ${id}`];
  });
  const packages = graph.accessPackages
    .filter(({ displayName }) => !made.has(displayName))
    .map(({ displayName }) => `package without an intended row: ${displayName}`);
  return [...requests, ...packages, ...removalFaults({ graph, graphLog })];
}

/** No plan of joiners removes anything. */
function removalFaults({ graph, graphLog }: Pick<Evidence, 'graph' | 'graphLog'>): string[] {
  const deletions = graphLog.filter(({ method }) => method === 'DELETE');
  const removals = graph.requests.filter(({ requestType }) => /remove/i.test(requestType));
  return [
    ...deletions.map(({ path }) => `something was removed: DELETE ${path}`),
    ...removals.map(({ id }) => `something was removed: request ${id}`),
  ];
}
