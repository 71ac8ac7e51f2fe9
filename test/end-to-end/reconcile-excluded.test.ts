import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FindingKind } from '../../shared/domain/reconcile/findings';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { BY_HAND, objectId, reconciliationOf } from '../resilience/reconciliation';
import { eventually } from '../support/eventually';
import { joinerMessage, SOURCE } from '../support/events';
import { startStack, type TestStack } from '../support/test-stack';

/** Two people with the same differences, one of them on the list of exclusions. */
const [EXCLUDED, OTHER] = [0, 1] as const;
/** Two of whom only the roster speaks, and two accounts of which nothing does. The first of each is on the list, too. */
const [LISTED, UNLISTED] = [2, 3] as const;
const [FOREIGN, STRANGE] = [4, 5] as const;
/** By whose event packages are made that the rules do not give the two. Also holds what is taken from them: an empty list is suspect. */
const FOUNDER = 6;
const joiners = [EXCLUDED, OTHER, FOUNDER].map((n) =>
  joinerMessage(workerId(n), { department: n === FOUNDER ? 'Founders' : 'Sales' }),
);

/** Each package is named after the finding that is planted of it. `base` is held, `audit` beside it, and does not go with it. */
const KEYS = [
  'base',
  'audit',
  'stuck',
  'broken',
  'taken',
  'end',
  'missing',
  'extra',
  'theirs',
  'rule',
];
const given = (isLater: boolean): string[] =>
  KEYS.filter((key) => key !== 'theirs' && !(isLater && ['audit', 'extra'].includes(key)));

type Sketched = { accessPackages: { key: string; policy: object }[] };
const stages = [{ durationBeforeAutomaticDenial: 'P60D', primaryApprovers: [{ managerLevel: 1 }] }];
/** Later the rules give less, `missing` is no longer only observed, and everything is repaired that can be. */
function modelWith(isLater: boolean): object {
  const { accessPackages, ...model } = modelOf(
    KEYS.map((key) => ({
      ...{ key, catalog: 'catalog' },
      ...(isLater && key === 'base' && { incompatibleWith: ['audit'] }),
    })),
    [
      { id: 'sales-rule', department: 'Sales', packages: given(isLater) },
      { id: 'guest-rule', department: 'Guests', packages: ['end'] },
      {
        id: 'founder-rule',
        department: 'Founders',
        packages: ['audit', 'extra', 'theirs', 'taken'],
      },
    ],
  ) as Sketched;
  const kinds = ['conflict', 'broken', 'taken', 'wrong-end', 'missing', 'extra-ours'];
  return {
    ...model,
    ...(isLater && { reconcile: Object.fromEntries(kinds.map((kind) => [kind, 'repair'])) }),
    accessPackages: accessPackages.map((one) => ({
      ...one,
      ...(one.key === 'missing' && !isLater && { mode: 'observe' }),
      ...(one.key === 'stuck' && {
        policy: { ...one.policy, approval: { required: true, stages } },
      }),
    })),
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
      ...{ CALL_PATIENCE: '10s', APPROVAL_DEADLINE: '3d', REMOVAL_SETTLE: '0s' },
      ...{ RECONCILE_FLOOR: '1000', RECONCILE_REMOVAL_LIMIT: '10' },
    },
    files: { GRAPH_TENANT: tenantOf(7), ACCESS_MODEL: modelWith(false) },
  });
  on = reconciliationOf(stack, 120);
  await stack.send(joiners.map(({ body }) => body));
  await eventually('all have joined', async () => {
    const claims = await on.claims();
    return claims.length === joiners.length && claims.every(({ state }) => state === 'closed');
  });
  for (const n of [EXCLUDED, OTHER]) await plantFor(n);
  await on.control('POST', 'policies', {
    packageName: 'Package rule',
    rule: `(user.employeeId -eq "${workerId(EXCLUDED)}") -or (user.employeeId -eq "${workerId(OTHER)}")`,
    members: { displayName: 'By rule' },
  });
  for (const n of [FOREIGN, STRANGE]) await on.give(n, 'theirs');
  await restartWithList();
  await stack.advance('4d');
}, 240_000);
afterAll(() => stack.stop());

async function plantFor(n: number): Promise<void> {
  const state = 'partiallyDelivered';
  const { id } = await on.assignmentOf(n, 'broken');
  const request = (await on.state()).requests.find((one) => one.assignmentId === id);
  await on.control('PATCH', `assignments/${id}`, { state });
  await on.control('PATCH', `requests/${request?.id ?? ''}`, { state });
  const end = new Date(stack.now().getTime() + 30 * 86_400_000);
  await on.control('PATCH', `assignments/${(await on.assignmentOf(n, 'end')).id}`, {
    schedule: {
      startDateTime: stack.now().toISOString(),
      expiration: { type: 'afterDateTime', endDateTime: end.toISOString(), duration: null },
    },
  });
  await on.take(n, 'taken');
  await on.take(n, 'rule');
  await on.give(n, 'theirs');
}

/** The list of exclusions, the later rules, and a roster without the two. */
async function restartWithList(): Promise<void> {
  const files = {
    ACCESS_MODEL: modelWith(true),
    EXCLUSIONS: {
      workerIds: [EXCLUDED, LISTED].map(workerId),
      objectIds: [objectId(FOREIGN)],
    },
    RECONCILE_ROSTER: [LISTED, UNLISTED, FOUNDER].map((n) => ({
      ...{ Number: workerId(n), First: '2026-11-23', Zone: 'Europe/Berlin' },
      Dept: n === FOUNDER ? 'Founders' : 'Guests',
    })),
    RECONCILE_ROSTER_MAP: {
      ...{ Number: 'workerId', First: 'from', Zone: 'timeZone', Dept: 'attributes.department' },
    },
  };
  const settings: Record<string, string> = {
    RECONCILE_ROSTER_SOURCE: SOURCE,
    RECONCILE_ROSTER_AS_OF: stack.now().toISOString(),
  };
  for (const [setting, content] of Object.entries(files)) {
    settings[setting] = join(stack.dataDir, `${setting.toLowerCase()}.json`);
    await writeFile(settings[setting], JSON.stringify(content));
  }
  await stack.kill('host', 'SIGTERM');
  await stack.start('host', settings);
}

/** What is done about the same differences of two people: of those that can be repaired, and of the others. */
const REPAIRABLE = [
  ...['conflict audit', 'broken broken', 'taken taken', 'wrong-end end', 'missing missing'],
  'extra-ours extra',
];
const LEFT_TO_PEOPLE = ['stuck stuck', 'theirs theirs', 'by-rule rule'];
function findingsOf(n: number, repairable: string[], remedy: string): string[] {
  const named = (what: string, does: string): string => {
    const [kind, packageKey] = what.split(' ');
    return `${kind} ${workerId(n)} ${packageKey} ${does}`;
  };
  return [
    ...repairable.map((what) => named(what, remedy)),
    ...LEFT_TO_PEOPLE.map((what) => named(what, 'report')),
    `absent-from-roster ${workerId(n)} report`,
  ];
}
const OF_NOBODY = [
  ...[FOREIGN, STRANGE].map((n) => `unknown-person ${objectId(n)} theirs report`),
  // In Entra the two still go together.
  ...['audit', 'base'].map((key) => `package-drift ${key} report`),
];
/** All that is in Graph of those who are on the list. */
async function accessOfExcluded(): Promise<object> {
  const { assignments, requests } = await on.state();
  const own = [EXCLUDED, LISTED, FOREIGN].map(objectId);
  return {
    assignments: assignments.filter(({ targetId }) => own.includes(targetId)),
    requests: requests.filter(({ targetId }) => own.includes(targetId)),
  };
}
let before: object = {};

test('each kind of difference of an excluded person is reported and not repaired, and repaired where another has the same', async () => {
  before = await accessOfExcluded();
  const { named, report } = await on.reconcile();
  expect(named).toEqual(
    [
      ...findingsOf(EXCLUDED, REPAIRABLE, 'report'),
      ...findingsOf(OTHER, REPAIRABLE, 'repair'),
      ...[LISTED, UNLISTED].map((n) => `roster-only ${workerId(n)} report`),
      `missing ${workerId(LISTED)} end report`,
      `missing ${workerId(UNLISTED)} end repair`,
      ...OF_NOBODY,
    ].sort(),
  );
  const ofExcluded = report?.findings.filter(({ workerId: who }) => who === workerId(EXCLUDED));
  const kinds = new Set(ofExcluded?.map(({ kind }) => kind));
  const ofOthers = ['unknown-person', 'roster-only', 'package-drift'];
  expect(FindingKind.options.filter((kind) => !kinds.has(kind)).sort()).toEqual(ofOthers.sort());
  for (const { packageKey, next } of ofExcluded ?? [])
    if (packageKey !== undefined) expect(next).toMatch(/\(excluded\b.*\)$/);
  // The person, the one of the roster and the account.
  expect(report?.skipped.excluded).toBe(3);
});

test('nothing is asked for them and nothing of theirs changes, and the next run names the same', async () => {
  expect(await accessOfExcluded()).toEqual(before);
  const asked = (await on.claims()).filter(({ fact }) =>
    [EXCLUDED, LISTED].some((n) => String(fact).includes(`${workerId(n)}@`)),
  );
  expect(asked).toEqual([]);
  await stack.advance('20m');
  const { named, report } = await on.reconcile();
  expect(named).toEqual(
    [
      ...findingsOf(EXCLUDED, REPAIRABLE, 'report'),
      ...findingsOf(OTHER, [], ''),
      `missing ${workerId(LISTED)} end report`,
      ...OF_NOBODY,
    ].sort(),
  );
  expect(report?.skipped.excluded).toBe(3);
  expect(await accessOfExcluded()).toEqual(before);
});

test('every invariant holds once what was made broken by hand is whole again', async () => {
  const { id } = await on.assignmentOf(EXCLUDED, 'broken');
  await on.control('PATCH', `assignments/${id}`, { state: 'delivered' });
  expect(
    violations(await collectEvidence(stack), { sent: joiners, others: [BY_HAND, ''] }),
  ).toEqual([]);
});
