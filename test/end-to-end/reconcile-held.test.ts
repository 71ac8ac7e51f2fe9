import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { BY_HAND, objectId, reconciliationOf } from '../resilience/reconciliation';
import { eventually } from '../support/eventually';
import { joinerMessage, lifecycleEvent, messageOf, type TestMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { graphCalls } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/** So many wait for tools; the two after them lose office. */
const WAITING = 60;
const LEFT_OVER = WAITING;
/** The last of them goes on under a number of its own, with another account that gets finance, too. */
const [BEFORE, AFTER] = [WAITING + 1, WAITING + 2];
const sent: TestMessage[] = Array.from({ length: WAITING + 2 }, (_, n) =>
  joinerMessage(workerId(n), { department: n < WAITING ? 'Sales' : 'Office' }),
);
const goesOn = messageOf(
  lifecycleEvent(
    'joined',
    workerId(AFTER),
    {
      ...{ startDate: '2027-01-04', previousWorkerId: workerId(BEFORE) },
      attributes: { department: 'Desk' },
    },
    { id: 'goes-on', time: '2027-01-04T11:00:00Z' },
  ),
);

/** Each package gives access in one rule. Tools is only observed at first; later nobody is given office. */
function modelWith(isLater: boolean): object {
  const keys = ['tools', 'office', 'finance'] as const;
  const { accessPackages, ...model } = modelOf(
    keys.map((key) => ({ key, catalog: 'catalog' })),
    [
      { id: 'sales-rule', department: 'Sales', packages: ['tools'] },
      { id: 'finance-rule', department: 'Finance', packages: ['finance'] },
      { id: 'office-rule', department: isLater ? 'Nobody' : 'Office', packages: ['office'] },
      {
        ...{ id: 'desk-rule', department: isLater ? 'Nobody' : 'Desk' },
        packages: ['office', 'finance'],
      },
    ],
  ) as { accessPackages: { key: string }[] };
  return {
    ...model,
    reconcile: { missing: 'repair', taken: 'repair', 'extra-ours': 'repair' },
    accessPackages: accessPackages.map((one) =>
      one.key === 'tools' && !isLater ? { ...one, mode: 'observe' } : one,
    ),
  };
}

jest.setTimeout(300_000);

let stack: TestStack;
let on: ReturnType<typeof reconciliationOf>;
beforeAll(async () => {
  stack = await startStack({
    now: new Date('2027-01-04T12:00:00Z'),
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      // The limits of numbers are the defaults, and no percentage is asked of so few people.
      ...{ CALL_PATIENCE: '10s', REMOVAL_SETTLE: '0s', RECONCILE_FLOOR: '1000' },
    },
    files: { GRAPH_TENANT: tenantOf(WAITING + 3), ACCESS_MODEL: modelWith(false) },
  });
  on = reconciliationOf(stack, 120);
  await stack.send(sent.map(({ body }) => body));
  await eventually('everybody has joined', isIdle, { seconds: 120 });
  sent.push(goesOn);
  await stack.send([goesOn.body]);
  await eventually('one of them has gone on', isIdle);
  expect(await closings()).toEqual({ observed: WAITING, delivered: 3 });
  await writeFile(join(stack.dataDir, 'access_model.json'), JSON.stringify(modelWith(true)));
  await restart({});
  await stack.advance('20m');
}, 240_000);
afterAll(() => stack.stop());

/** Settings and rules are read at the start of the app. */
async function restart(settings: Record<string, string>): Promise<void> {
  await stack.kill('host', 'SIGTERM');
  await stack.start('host', settings);
}
async function isIdle(): Promise<boolean> {
  const claims = await on.claims();
  const isClosed = claims.length >= sent.length && claims.every(({ state }) => state === 'closed');
  return isClosed && (await stack.isQueueEmpty());
}
async function closings(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome } of await on.claims())
    counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  return counts;
}
const writes = async (): Promise<number> =>
  (await graphCalls(stack.graphUrl)).filter(({ method }) => method !== 'GET').length;
const joinery = async (...asked: string[]): Promise<unknown> => {
  const settings = { JOINERY_DATA_DIR: stack.dataDir };
  const { code, stdout, stderr } = await runCommand([...asked, '--json'], settings);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};
const release = (brake: string) => joinery('release', brake, '--by', 'ann', '--reason', 'T-1');
/** The accounts of those who hold a package. */
const holdersOf = async (key: string): Promise<string[]> => {
  const [{ assignments }, id] = [await on.state(), await on.packageId(key)];
  const held = assignments.filter(
    ({ packageId, state }) => packageId === id && state !== 'expired',
  );
  return held.map(({ targetId }) => targetId).sort();
};
/** Our requests for a package, by account. */
const requestsFor = async (key: string): Promise<string[]> => {
  const [{ requests }, id] = [await on.state(), await on.packageId(key)];
  const ours = requests.filter(
    (one) => one.packageId === id && one.justification?.startsWith('joinery:'),
  );
  return ours.map(({ targetId }) => targetId).sort();
};
/** The accounts that hold office. */
const extra = [LEFT_OVER, BEFORE, AFTER].map((n) => objectId(n));
type HeldBrake = {
  id: string;
  people: { person: string; packages: string[]; objectIds: string[] }[];
};
const everybody = Array.from({ length: WAITING }, (_, n) => objectId(n)).sort();
const auditRows = () => readTable(stack.storage, 'audit');

describe('60 people without what they are to have, and two with too much, one of them in two accounts', () => {
  let grants = '';
  let removals = '';

  test('both are more than the limits: the run writes nothing and ends as held', async () => {
    const before = await writes();
    const { claim, report } = await on.reconcile();
    expect(claim['outcome']).toBe('held');
    expect(report?.counts).toEqual({ missing: WAITING, 'extra-ours': 4 });
    expect(new Set(report?.findings.map(({ remedy }) => remedy))).toEqual(new Set(['held']));
    expect(report?.brakes).toMatchObject([
      { scope: 'run', action: 'grant', count: 60, limit: 50, state: 'held' },
      { scope: 'run', action: 'removal', count: 4, limit: 0, state: 'held' },
    ]);
    [grants = '', removals = ''] = report?.brakes.map(({ id }) => id) ?? [];
    expect(await writes()).toBe(before);
    // No recheck was asked for either.
    expect(await on.claims()).toHaveLength(sent.length + 1);
  });

  test('each of them is listed once, with what all their accounts hold', async () => {
    const { brakes } = (await joinery('held')) as { brakes: HeldBrake[] };
    const people = brakes.find(({ id }) => id === removals)?.people ?? [];
    const listed = people.map(({ person, packages, objectIds }) =>
      [person, ...packages.sort(), ...objectIds.sort()].join(' '),
    );
    expect(listed.sort()).toEqual([
      `${workerId(LEFT_OVER)} office ${objectId(LEFT_OVER)}`,
      `${workerId(AFTER)} finance office ${objectId(BEFORE)} ${objectId(AFTER)}`,
    ]);
  });

  test('both are released at once, in two terminals: each of the 60 gets it once, and one recheck takes what both accounts of a person hold', async () => {
    const before = (await on.claims()).length;
    expect(await Promise.all([release(grants), release(removals)])).toMatchObject([
      { state: 'released', people: WAITING },
      { state: 'released', people: 2 },
    ]);
    await eventually('all have it', async () => (await holdersOf('tools')).length === WAITING, {
      seconds: 200,
    });
    await eventually('it is taken', async () => (await holdersOf('office')).length === 0);
    await eventually('all runs have ended', isIdle);
    // Two decisions, and a recheck for each person.
    expect(await on.claims()).toHaveLength(before + 2 + WAITING + 2);
    expect(await holdersOf('tools')).toEqual(everybody);
    expect(await holdersOf('finance')).toEqual([]);
    // One gave it, and one took it.
    expect(await requestsFor('office')).toEqual([...extra, ...extra].sort());
    expect(await requestsFor('finance')).toEqual([objectId(AFTER), objectId(AFTER)]);
    expect(await requestsFor('tools')).toEqual(everybody);
  });

  test('the audit has both acts: the run that held, and who released, in the decision and in each step', async () => {
    const rows = await auditRows();
    const ofRuns = rows.filter(({ eventSource }) => eventSource === 'urn:joinery:reconcile');
    const ends = ofRuns.filter(({ kind }) => kind === 'closing').map(({ outcome }) => outcome);
    expect(ends.sort()).toEqual(['held', 'released', 'released']);
    for (const [brake, people] of [
      [grants, everybody],
      [removals, [...extra, objectId(AFTER)].sort()],
    ] as const) {
      const decided = rows.filter((row) => row['brake'] === brake);
      for (const row of decided)
        expect(row).toMatchObject({ decidedBy: 'ann', decisionReason: 'T-1' });
      expect(decided.filter((row) => ofRuns.includes(row))).not.toEqual([]);
      const steps = decided.filter(
        ({ kind, outcome }) =>
          kind === 'settled' && ['delivered', 'revoked'].includes(String(outcome)),
      );
      expect(steps.map(({ targetId }) => targetId).sort()).toEqual(people);
    }
    await stack.advance('20m');
    expect((await on.reconcile()).named).toEqual([]);
  });
});

test('who moves, leaves or gets it by hand while the run is held is left alone by the release, and the audit says why', async () => {
  const [moves, leaves, isGiven] = [0, 1, 2] as const;
  await restart({ RECONCILE_GRANT_LIMIT: '0' });
  for (const n of [moves, leaves, isGiven]) await on.take(n, 'tools');
  const { report, named } = await on.reconcile();
  expect(named).toEqual([moves, leaves, isGiven].map((n) => `taken ${workerId(n)} tools held`));

  const at = { time: stack.now().toISOString() };
  const attributes = { department: 'Finance' };
  const events = [
    lifecycleEvent(
      'moved',
      workerId(moves),
      { effectiveDate: '2027-01-04', attributes },
      { id: 'moved', ...at },
    ),
    lifecycleEvent('left', workerId(leaves), { lastDay: '2027-01-03' }, { id: 'left', ...at }),
  ].map(messageOf);
  const earlier = (await on.claims()).length;
  sent.push(...events);
  await stack.send(events.map(({ body }) => body));
  await on.give(isGiven, 'tools');
  await eventually('HR was obeyed', async () => {
    const isTaken = (await on.claims()).length === earlier + events.length;
    return isTaken && (await isIdle());
  });
  expect(await holdersOf('finance')).toEqual([objectId(moves)]);

  const before = await writes();
  const known = new Set((await on.claims()).map(({ partitionKey }) => partitionKey));
  await release(report?.brakes[0]?.id ?? '');
  await eventually('all rechecks have ended', async () => {
    const decided = (await on.claims()).filter(({ partitionKey }) => !known.has(partitionKey));
    return decided.length === 4 && (await isIdle());
  });
  expect(await writes()).toBe(before);
  const rows = (await auditRows()).filter(({ partitionKey }) => !known.has(partitionKey));
  const ends = rows.filter(({ kind, workerId: who }) => kind === 'closing' && who !== undefined);
  expect(
    ends.map(({ workerId: who, outcome, reason }) => [who, outcome, reason].join(' ')).sort(),
  ).toEqual([
    `${workerId(moves)} superseded no-longer-planned`,
    `${workerId(leaves)} superseded no-longer-planned`,
    `${workerId(isGiven)} already-held held-meanwhile`,
  ]);
});

test('every invariant holds', async () => {
  expect(violations(await collectEvidence(stack), { sent, others: [BY_HAND] })).toEqual([]);
});
