import type { Row } from '../../support/tables';
import type { Evidence, GraphState } from './evidence';
import { attemptOf, claimsIn, repeats, text } from './rows';

/** What Graph holds is neither doubled nor unexplained: every write was intended, and the ledger agrees with the result. */
export const accessFaults = (evidence: Evidence): string[] => [
  ...duplicateFaults(evidence.graph),
  ...writeFaults(evidence),
  ...ledgerAgreementFaults(evidence),
];

/** The final states of a request, in lower case: dialects spell them differently. */
const FINAL_STATES = ['delivered', 'partiallydelivered', 'deliveryfailed', 'denied', 'canceled'];

const isOpen = (state: string): boolean => !FINAL_STATES.includes(state.toLowerCase());
const isActive = (state: string): boolean => state.toLowerCase() === 'delivered';

/** Nothing exists twice: catalogs, resources, packages, policies, roles, and open requests and assignments per person. */
function duplicateFaults(graph: GraphState): string[] {
  const { catalogs, resources, accessPackages, policies, requests, assignments } = graph;
  const person = (one: { targetId?: string; packageId?: string }): string =>
    `person ${one.targetId ?? '?'} and package ${one.packageId ?? '?'}`;
  const open = requests.filter(({ state, targetId }) => targetId && isOpen(state));
  const active = assignments.filter(({ state }) => isActive(state));
  const tagged = requests.filter(({ justification }) => justification?.startsWith('joinery:'));
  const found: [what: string, keys: string[]][] = [
    ['more than one catalog', repeats(catalogs, ({ displayName }) => displayName)],
    [
      'more than one resource in a catalog',
      repeats(resources, ({ catalogId, originId }) => `${catalogId} ${originId}`),
    ],
    [
      'more than one package in a catalog',
      repeats(accessPackages, ({ catalogId, displayName }) => `${catalogId ?? '-'} ${displayName}`),
    ],
    [
      'more than one policy of a package',
      repeats(policies, ({ packageId, displayName }) => `${packageId} ${displayName ?? ''}`),
    ],
    [
      'a role more than once in a package',
      accessPackages.flatMap(({ id, roles }) => repeats(roles, (role) => `${id} ${role}`)),
    ],
    ['more than one open request', repeats(open, person)],
    ['more than one active assignment', repeats(active, person)],
    [
      'more than one request of one step',
      repeats(tagged, ({ justification }) => justification ?? ''),
    ],
  ];
  return found.flatMap(([what, keys]) => keys.map((key) => `${what}: ${key}`));
}

const CORRELATION_TAG = /^joinery:([0-9a-f]{64}):(\d+):(.+)$/;

/** Every write to Graph has an intended row of an accepted event, so a rejected event wrote nothing. */
function writeFaults({ tables, graph, graphLog }: Evidence): string[] {
  const claimed = new Set(claimsIn(tables.claims).map(({ partitionKey }) => partitionKey));
  const intended = (step: string): Row[] =>
    tables.audit.filter((row) => row['kind'] === 'intended' && row['step'] === step);
  const requested = new Set(
    intended('assign').map((row) =>
      [row.partitionKey, row['attempt'], row['packageKey']].join(':'),
    ),
  );
  const created = new Set(intended('ensure').map((row) => text(row, 'packageName')));
  const requests = graph.requests.flatMap(({ id, justification }) => {
    const [, hash = '', attempt, packageKey] = CORRELATION_TAG.exec(justification ?? '') ?? [];
    if (!claimed.has(hash)) return [`request of no accepted event: ${id}`];
    const isIntended = requested.has([hash, attempt, packageKey].join(':'));
    return isIntended ? [] : [`request without an intended row: ${id}`];
  });
  const packages = graph.accessPackages
    .filter(({ displayName }) => !created.has(displayName))
    .map(({ displayName }) => `package without an intended row: ${displayName}`);
  return [...requests, ...packages, ...removalFaults({ graph, graphLog })];
}

/** A plan for joiners removes nothing. */
function removalFaults({ graph, graphLog }: Pick<Evidence, 'graph' | 'graphLog'>): string[] {
  const deletions = graphLog.filter(({ method }) => method === 'DELETE');
  const removals = graph.requests.filter(({ requestType }) => /remove/i.test(requestType));
  return [
    ...deletions.map(({ path }) => `something was removed: DELETE ${path}`),
    ...removals.map(({ id }) => `something was removed: request ${id}`),
  ];
}

/** The ledger agrees with Graph: delivered means assigned and granted, and every assignment has a settled row. */
function ledgerAgreementFaults({ tables, graph }: Evidence): string[] {
  const active = graph.assignments.filter(({ state }) => isActive(state));
  const place = (packageId: string, targetId: string): string => `${packageId} ${targetId}`;
  const assigned = new Map(
    active.map(({ packageId, targetId, id }) => [place(packageId, targetId), id]),
  );
  const granted = new Set(graph.grants.flatMap(({ assignmentIds }) => assignmentIds));
  const delivered = tables.audit.filter(
    (row) =>
      row['kind'] === 'settled' &&
      row['step'] === 'assign' &&
      ['delivered', 'already-held'].includes(text(row, 'outcome')),
  );
  const placeOf = (row: Row): string => place(text(row, 'accessPackageId'), text(row, 'targetId'));
  const deliveredPlaces = new Set(delivered.map(placeOf));
  return [
    ...delivered.flatMap((row) => {
      const assignment = assigned.get(placeOf(row));
      if (!assignment) return [`ledger says delivered, but nothing is assigned: ${attemptOf(row)}`];
      return granted.has(assignment) ? [] : [`assigned, but no role is granted: ${assignment}`];
    }),
    ...[...assigned]
      .filter(([key]) => !deliveredPlaces.has(key))
      .map(([, id]) => `assignment without a settled row: ${id}`),
  ];
}
