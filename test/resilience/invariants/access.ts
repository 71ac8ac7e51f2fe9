import type { Row } from '../../support/tables';
import type { Evidence, GraphState } from './evidence';
import { attemptOf, claimsIn, repeats, text } from './rows';

/** What Graph holds is neither doubled nor unexplained: every write was intended, and the ledger agrees with the result. */
export const accessFaults = (evidence: Evidence, made: Made): string[] => [
  ...duplicateFaults(evidence.graph),
  ...writeFaults(evidence, made),
  ...ledgerAgreementFaults(evidence, made),
];

/** What others made: the justifications of their requests, the assignments that are theirs still, and their packages. */
type Made = {
  others: readonly string[];
  foreign: ReadonlySet<string | undefined>;
  packages: readonly string[];
};

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

const CORRELATION_TAG = /^joinery:([0-9a-f]{64}):(\d+):([a-z0-9-]+)(?::(revoke|extend):.*)?$/;

/** The step whose intended row a request must have, by what its tag says that it changes. */
const stepOfChange: Record<string, string> = { revoke: 'remove', extend: 'update' };

/** Every write to Graph has an intended row of an accepted event, so a rejected event wrote nothing. */
function writeFaults({ tables, graph }: Evidence, { others, packages: theirs }: Made): string[] {
  const claimed = new Set(claimsIn(tables.claims).map(({ partitionKey }) => partitionKey));
  const intended = (step: string): Row[] =>
    tables.audit.filter((row) => row['kind'] === 'intended' && row['step'] === step);
  const requested = new Set(
    ['assign', 'remove', 'update'].flatMap((step) =>
      intended(step).map((row) =>
        [row.partitionKey, row['attempt'], row['packageKey'], step].join(':'),
      ),
    ),
  );
  const created = new Set(intended('ensure').map((row) => text(row, 'packageName')));
  const requests = graph.requests.flatMap(({ id, justification }) => {
    if (others.includes(justification ?? '')) return [];
    const [, hash = '', attempt, packageKey, change = ''] =
      CORRELATION_TAG.exec(justification ?? '') ?? [];
    const step = stepOfChange[change] ?? 'assign';
    if (!claimed.has(hash)) return [`request of no accepted event: ${id}`];
    const isIntended = requested.has([hash, attempt, packageKey, step].join(':'));
    return isIntended ? [] : [`request without an intended row: ${id}`];
  });
  const packages = graph.accessPackages
    .filter(({ displayName }) => !created.has(displayName) && !theirs.includes(displayName))
    .map(({ displayName }) => `package without an intended row: ${displayName}`);
  return [...requests, ...packages];
}

/** A row may be written after the row of what came later. */
const carriedOutAt = (row: Row): string => text(row, 'deliveredAt') || text(row, 'recordedAt');

/**
 * The ledger agrees with Graph: what it calls delivered last is assigned and granted unless somebody else has removed it, what
 * it calls revoked last is not, and every assignment that nobody else has made has a settled row.
 */
function ledgerAgreementFaults({ tables, graph }: Evidence, { others, foreign }: Made): string[] {
  const madeByOthers = new Set(
    graph.requests
      .filter(({ justification }) => others.includes(justification ?? ''))
      .map(({ assignmentId }) => assignmentId),
  );
  const takenByOthers = new Set(
    graph.requests
      .filter(({ requestType, state }) => /remove/i.test(requestType) && state === 'delivered')
      .map(({ assignmentId }) => assignmentId)
      .filter((id) => madeByOthers.has(id)),
  );
  const active = graph.assignments.filter(({ state }) => isActive(state));
  const place = (packageId: string, targetId: string): string => `${packageId} ${targetId}`;
  const assigned = new Map(
    active.map(({ packageId, targetId, id }) => [place(packageId, targetId), id]),
  );
  const granted = new Set(graph.grants.flatMap(({ assignmentIds }) => assignmentIds));
  const placeOf = (row: Row): string => place(text(row, 'accessPackageId'), text(row, 'targetId'));
  const isOver = (row: Row): boolean => row['reason'] === 'policy-ended';
  const settled = tables.audit
    .filter((row) => row['kind'] === 'settled' && row['step'] !== 'ensure')
    .filter(
      (row) =>
        ['delivered', 'already-held', 'revoked'].includes(text(row, 'outcome')) || isOver(row),
    )
    .toSorted((one, other) => (carriedOutAt(one) < carriedOutAt(other) ? -1 : 1));
  const last = new Map(settled.map((row) => [placeOf(row), row]));
  const latest =
    tables.audit
      .map((row) => text(row, 'recordedAt'))
      .sort()
      .at(-1) ?? '';
  return [
    ...[...last].flatMap(([key, row]) => {
      const assignment = assigned.get(key);
      if (row['outcome'] === 'revoked') {
        const isOurs = assignment !== undefined && !foreign.has(assignment);
        return isOurs ? [`ledger says revoked, but it is assigned: ${attemptOf(row)}`] : [];
      }
      if (isOver(row))
        return assignment ? [`ledger says ended, but it is assigned: ${attemptOf(row)}`] : [];
      // Its own end has ended it since: the row names it, and nobody had to.
      if (!assignment && text(row, 'until') !== '' && text(row, 'until') <= latest) return [];
      // Somebody else has removed it since.
      if (!assignment && takenByOthers.has(text(row, 'assignmentId'))) return [];
      if (!assignment) return [`ledger says delivered, but nothing is assigned: ${attemptOf(row)}`];
      return granted.has(assignment) ? [] : [`assigned, but no role is granted: ${assignment}`];
    }),
    ...[...assigned]
      .filter(([key, id]) => !last.has(key) && !madeByOthers.has(id))
      .map(([, id]) => `assignment without a settled row: ${id}`),
  ];
}
