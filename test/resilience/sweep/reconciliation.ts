import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readReport } from '../../../shared/reconcile/report';
import { openTable } from '../../../shared/storage/table';
import { joinerMessage, messageOf, SOURCE, type TestMessage } from '../../support/events';
import { readTable } from '../../support/tables';
import type { TestStack } from '../../support/test-stack';
import { modelOf, workerId } from '../model';
import { objectId, reconciliationOf } from '../reconciliation';
import type { Scenario } from './scenario';

/** Whoever is robbed of a package, whoever moves by the roster alone, and whoever stays as they are. */
const [ROBBED, MOVED, UNCHANGED] = [0, 1, 2];
const PEOPLE = [ROBBED, MOVED, UNCHANGED];

const PLACES = [0, 1, 2];
const [AT_HOME, HERE, THERE] = [0, 1, 2];
const packageOf = (place: number): string => `package-${place}`;
const departmentOf = (place: number): string => `Department ${place}`;
/** Where the mover is after the event; all others stay at home, so that it matters to nobody else. */
const placeAfter = (n: number): number => (n % 2 === 0 ? HERE : THERE);
const placeOf = (person: number, n: number): number => (person === MOVED ? placeAfter(n) : AT_HOME);

const joins = (person: number): TestMessage =>
  joinerMessage(workerId(person), { department: departmentOf(placeOf(person, -1)) });

const runOf = (n: number): string => `sweep-${n}`;
const reconcileEvent = (n: number): TestMessage =>
  messageOf({
    ...{ specversion: '1.0', type: 'joinery.reconcile.v1', source: 'urn:joinery:reconcile' },
    ...{ id: `reconcile@${runOf(n)}`, time: '2026-11-24T09:30:00Z' },
  });
const recheckOf = (n: number, person: number) => {
  const { eventHash } = messageOf({
    source: 'urn:joinery:recheck',
    id: `${workerId(person)}@${runOf(n)}`,
  });
  return { eventHash, workerId: workerId(person) };
};

async function putRoster(stack: TestStack, n: number): Promise<void> {
  const rows = PEOPLE.map((person) => ({
    ...{ Number: workerId(person), First: '2026-11-23', Zone: 'Europe/Berlin' },
    Dept: departmentOf(placeOf(person, n)),
  }));
  const file = join(stack.dataDir, 'reconcile_roster.json');
  await writeFile(file, JSON.stringify(rows));
  await utimes(file, stack.now(), stack.now());
}

/** Somebody takes a package away, and HR moves a person whose event is lost. */
async function prepare(stack: TestStack, n: number): Promise<void> {
  // A fact of the last minutes is left to its own run.
  await stack.advance('20m');
  const on = reconciliationOf(stack);
  await on.take(ROBBED, packageOf(AT_HOME));
  // What was taken is given back once: each run begins as the first one did.
  const given = `${objectId(ROBBED)}-${packageOf(AT_HOME)}`;
  await openTable(stack.storage, 'staging').remove('kept-given-back', given);
  await putRoster(stack, n);
  const who = { by: 'a-person', reason: 'a-test', at: stack.now().toISOString() };
  await on.staging.ask(reconcileEvent(n).eventHash, { id: `reconcile@${runOf(n)}`, ...who });
}

/** What differs from any other run: its report, the writes to Graph, its rechecks, and what it leaves behind. */
async function faults(stack: TestStack, n: number): Promise<string[]> {
  const on = reconciliationOf(stack);
  const report = await readReport(on.staging, reconcileEvent(n).eventHash);
  const { holder, generation } = await on.staging.lease();
  const runs = n + 1;
  const { requests } = await on.state();
  const claims = await on.claims();
  const rows = await readTable(stack.storage, 'staging');
  const own = String(generation).padStart(10, '0');
  const isLeft = ({ partitionKey }: { partitionKey: string }): boolean =>
    /^\d{10}-/.test(partitionKey) && !partitionKey.startsWith(`${own}-`);
  const found = {
    findings: report?.findings
      .map(({ kind, workerId: worker, packageKey, remedy }) =>
        [kind, worker, packageKey, remedy].join(' '),
      )
      .sort(),
    state: report?.state,
    scopes: report?.scopes.map(({ packageKey, state }) => `${packageKey} ${state}`),
    roster: report?.roster,
    skipped: report?.skipped,
    requests: requests.filter(({ justification }) => justification?.startsWith('joinery:')).length,
    rechecks: claims.filter((claim) => String(claim['fact']).includes('urn:joinery:recheck'))
      .length,
    holder,
    left: rows.filter(isLeft).length,
  };
  const expected = {
    findings: [
      `extra-ours ${workerId(MOVED)} ${packageOf(placeAfter(n - 1))} repair`,
      `missing ${workerId(MOVED)} ${packageOf(placeAfter(n))} repair`,
      `taken ${workerId(ROBBED)} ${packageOf(AT_HOME)} repair`,
    ],
    state: 'drift',
    scopes: PLACES.map((place) => `${packageOf(place)} complete`),
    roster: { state: 'complete', workers: PEOPLE.length, facts: 1 },
    skipped: { runOpen: 0, recentFact: 0, excluded: 0 },
    // Everybody has joined by one; each run takes one and gives two.
    requests: PEOPLE.length + 3 * runs,
    rechecks: 2 * runs,
    holder: undefined,
    left: 0,
  };
  return Object.keys(expected).flatMap((what) => {
    const [is, should] = [found, expected].map((all) => all[what as keyof typeof all]);
    if (isDeepStrictEqual(is, should)) return [];
    return [`${what} of run ${n}: ${JSON.stringify(is)}, not ${JSON.stringify(should)}`];
  });
}

/**
 * A run of the reconciliation with its repairs. All runs are about the same three people: by turns the mover belongs into the
 * one department and the other, which only the roster says.
 */
export const reconciliation: Omit<Scenario, 'name' | 'dialect'> = {
  model: () => ({
    ...modelOf(
      PLACES.map((place) => ({ key: packageOf(place), catalog: 'catalog' })),
      PLACES.map((place) => ({
        ...{ id: `rule-${place}`, department: departmentOf(place) },
        packages: [packageOf(place)],
      })),
    ),
    reconcile: { taken: 'repair', missing: 'repair', 'extra-ours': 'repair' },
  }),
  people: PEOPLE.length,
  env: {
    // No lease of a catalog is taken. A call that is slow on a busy machine would be one more call.
    GRAPH_DEADLINE: '5s',
    RECONCILE_REMOVAL_LIMIT: '1',
    // Of so few people, one is many.
    SHRINK_PERCENT: '100',
    RECONCILE_ROSTER_SOURCE: SOURCE,
    // All requests of many runs on one page, so that all runs make the same calls.
    GRAPH_PAGE_SIZE: '999',
  },
  files: {
    RECONCILE_ROSTER: [],
    RECONCILE_ROSTER_MAP: {
      ...{ Number: 'workerId', First: 'from', Zone: 'timeZone', Dept: 'attributes.department' },
    },
  },
  before: (n) => (n === 0 ? PEOPLE.map(joins) : []),
  prepare,
  event: reconcileEvent,
  makes: (n) => [recheckOf(n, ROBBED), recheckOf(n, MOVED)],
  hasLoops: true,
  outcome: 'drift',
  held: (events) =>
    Object.fromEntries(
      PEOPLE.map((person) => [workerId(person), [packageOf(placeOf(person, events - 1))]]),
    ),
  faults,
};
