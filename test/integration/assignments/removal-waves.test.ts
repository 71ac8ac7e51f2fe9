import { AccessModel } from '../../../shared/domain/access-model/access-model';
import { RECHECK } from '../../../shared/domain/events/event';
import { eventHash, instanceId } from '../../../shared/domain/events/keys';
import { LifecycleEvent } from '../../../shared/domain/events/lifecycle-event';
import { factOf } from '../../../shared/domain/lifecycle/fact-of';
import { activities } from '../../../shared/domain/workflow/activities';
import type { Run } from '../../../shared/domain/workflow/run';
import type { HeldAccess } from '../../../shared/graph/assignment-verbs';
import { mapConcurrent } from '../../../shared/promises';
import { readConfig } from '../../../shared/config/config';
import { hostOf, servicesOver } from '../../support/call-activity';
import { openStorage, type Storage } from '../../support/storage';

// Waves of people, planned and counted by the code of the app, in two processes, on real tables. Of Graph only who has what is
// here: test/end-to-end/gate.test.ts carries a small wave out through the whole stack. `npm run waves` runs them at full size.

/** At most so many people may lose access in an hour by default. */
const LIMIT = 50;
const sizeOf = (full: number): number =>
  process.env['JOINERY_WAVES'] === 'full' ? full : full / 20;

const MINUTE = 60_000;
const DAY = 86_400_000;
const PACKAGE = 'sales-tools';
const PACKAGE_ID = '30000000-0000-4000-8000-000000000001';
const SOURCE = 'urn:hr:acme:workday';

const model = AccessModel.parse({
  version: 1,
  leadDays: 0,
  timeZones: { default: 'Etc/UTC', byLocation: {} },
  catalogs: [{ key: 'all', displayName: 'All', description: 'All.' }],
  accessPackages: [
    {
      ...{ key: PACKAGE, catalog: 'all', displayName: 'Sales', description: 'Sales tools.' },
      resources: [
        {
          originSystem: 'AadGroup',
          originId: '10000000-0000-4000-8000-000000000001',
          role: 'Member',
        },
      ],
      policy: {
        displayName: 'Birthright',
        description: 'While the worker is in sales.',
        expiration: { type: 'noExpiration' },
        approval: { required: false },
      },
    },
  ],
  birthrights: [
    {
      id: 'sales',
      description: 'Everybody in sales.',
      when: { attribute: 'department', equals: 'Sales' },
      packages: [PACKAGE],
    },
  ],
});

const GIVEN = {
  ...{ packageId: PACKAGE_ID, policyId: undefined, catalogId: undefined },
  ...{ status: 'delivered' as const, until: undefined },
};

const objectOf = (person: number): string =>
  `20000000-0000-4000-8000-${String(person).padStart(12, '0')}`;
const workerOf = (person: number): string => `W-${100_001 + person}`;
const isoOf = (time: number): string => new Date(time).toISOString();
const dayOf = (time: number): string => isoOf(time).slice(0, 10);

/** All waits and plans at the same time, as many processes would make them. */
const AT_ONCE = 32;

let storage: Storage;
let clock: jest.SpyInstance;
let passed = 0;
const start = Date.now();
/** Who holds the package. */
let holders: Set<string>;

beforeEach(async () => {
  storage = await openStorage();
  holders = new Set();
  passed = 0;
  clock = jest.spyOn(Date, 'now').mockImplementation(() => start + passed);
});
afterEach(async () => {
  clock.mockRestore();
  await storage.close();
});

/** Two processes of the app that are set up by default. */
function processes() {
  const graph = {
    findUsers: (_: string, value: string) =>
      Promise.resolve([{ id: objectOf(personOf(value)), accountEnabled: true, value }]),
    assignmentsOf: (id: string): Promise<HeldAccess[]> =>
      Promise.resolve(holders.has(id) ? [{ ...GIVEN, id: `assignment-${id}` }] : []),
  };
  const services = servicesOver(storage, graph);
  const config = readConfig({
    ...{ PROVISIONING_QUEUE: 'events', EVENT_SOURCES: SOURCE },
    ...{ RECORDS_STORAGE: storage.connectionString, AUDIT_STORAGE: storage.connectionString },
  });
  const one = () => hostOf({ ...services, config, model: () => ({ model, hash: 'm' }) });
  return { services, hosts: [one(), one()] as const };
}
const personOf = (worker: string): number => Number(worker.slice(2)) - 100_001;

type Stage = ReturnType<typeof processes>;

/** Records what HR states of a person, and answers the run that it starts. */
async function state({ services }: Stage, kind: string, data: object, person: number, at: number) {
  const event = LifecycleEvent.parse({
    ...{ specversion: '1.0', type: `hr.worker.${kind}.v1`, source: SOURCE, time: isoOf(at) },
    ...{ id: `${kind}-${person}`, data: { workerId: workerOf(person), ...data } },
  });
  const hash = eventHash(event.source, event.id);
  await services.workers.addFact({ ...factOf(event), acceptedAt: isoOf(at) });
  return {
    ...{ eventHash: hash, attempt: 1, instanceId: instanceId(hash, 1), token: 'token' },
    fact: {
      ...{ eventId: event.id, eventSource: SOURCE, eventType: event.type, bodyHash: hash },
      ...{ workerId: workerOf(person), employmentId: 'primary' },
      ...{ occurredAt: isoOf(at), receivedAt: isoOf(at) },
    },
  } satisfies Run;
}

async function hire(stage: Stage, person: number): Promise<void> {
  const run = await state(
    stage,
    'joined',
    { startDate: dayOf(start - 100 * DAY), attributes: { department: 'Sales' } },
    person,
    start - 100 * DAY,
  );
  const targetId = objectOf(person);
  holders.add(targetId);
  await stage.services.holdings.save({
    ...{ personId: workerOf(person), targetId, packageKey: PACKAGE, state: 'held' },
    ...{ action: 'grant', whose: 'ours', accessPackageId: PACKAGE_ID, absentReads: 0 },
    ...{ assignmentId: `assignment-${targetId}`, eventHash: run.eventHash, attempt: 1 },
    ...{ instanceId: run.instanceId, updatedAt: isoOf(start - 100 * DAY) },
  });
}

const removals = {
  leavers: ['left', { lastDay: dayOf(start - 2 * DAY) }],
  'movers of a renamed department': [
    'moved',
    { effectiveDate: dayOf(start - DAY), attributes: { department: 'Sales and Service' } },
  ],
} as const;
type Wave = keyof typeof removals;

/** So many people of whom the same is stated within a minute; answers the runs. */
async function wave(stage: Stage, kind: Wave, count: number): Promise<Run[]> {
  const people = Array.from({ length: count }, (_, person) => person);
  await mapConcurrent(AT_ONCE, people, (person) => hire(stage, person));
  const [type, data] = removals[kind];
  const runs = await mapConcurrent(AT_ONCE, people, (person) =>
    state(stage, type, data, person, start + (person * MINUTE) / count),
  );
  passed = MINUTE;
  return runs;
}

/** Each plan has a fencing token of its own. */
let plans = 0;

/** Plans of all runs, each by one of the processes: how many have waited for what, and who loses the package. */
async function planAll({ hosts }: Stage, runs: readonly Run[], isHeld = false) {
  const heldSince = isHeld ? isoOf(Date.now()) : undefined;
  const waits: Record<string, number> = {};
  const lost: string[] = [];
  const discarded: string[] = [];
  await mapConcurrent(AT_ONCE, [...runs.entries()], async ([at, run]) => {
    const host = hosts[at % 2 === 0 ? 0 : 1];
    plans += 1;
    const input = { run, fencingToken: plans, done: [], heldSince };
    const { outcome } = await host.call(activities.planAccess, input);
    if (outcome.kind === 'later') waits[outcome.why] = (waits[outcome.why] ?? 0) + 1;
    if (outcome.kind !== 'done') return;
    lost.push(...outcome.steps.map(({ action, targetId }) => `${action} ${targetId}`));
    discarded.push(
      ...outcome.decided.flatMap(({ result, decision }) =>
        result.outcome === 'discarded' ? `${decision?.brake} ${decision?.by}` : [],
      ),
    );
  });
  return { waits, lost, discarded };
}
const nobody = { lost: [], discarded: [] };
const alertsOf = ({ hosts }: Stage): string[] =>
  hosts.flatMap(({ logged }) => logged.filter((line) => line.includes('removal-brake')));
const close = ({ services }: Stage, id: string, state: 'released' | 'discarded') =>
  services.brakes.close(id, { state, by: 'ann', reason: 'INC-1', at: isoOf(Date.now()) });
async function heldBy({ services }: Stage): Promise<number> {
  let people = 0;
  for (const brake of await services.brakes.open())
    for await (const page of services.brakes.waitingUnder(brake)) people += page.length;
  return people;
}

/** The run of a person that somebody asks to plan again. */
const recheckOf = async ({ services }: Stage, run: Run): Promise<Run> => {
  const { workerId } = run.fact;
  const id = `${workerId}@1`;
  const hash = eventHash(RECHECK, id);
  const asked = { id, workerId, at: isoOf(Date.now()), by: 'ann', reason: 'INC-1' };
  await services.brakes.askRecheck(hash, asked);
  const fact = { ...run.fact, eventSource: RECHECK };
  return { ...run, eventHash: hash, instanceId: instanceId(hash, 1), fact };
};

const waves: [number, Wave][] = [
  [sizeOf(5000), 'leavers'],
  [sizeOf(3000), 'movers of a renamed department'],
];

/** A wave that has settled: nobody loses anything, everybody is held, and one alert says so. */
async function heldWave(count: number, kind: Wave) {
  const stage = processes();
  const runs = await wave(stage, kind, count);
  expect(await planAll(stage, runs)).toEqual({ ...nobody, waits: { settling: count } });
  passed = 17 * MINUTE;
  expect(await planAll(stage, runs)).toEqual({ ...nobody, waits: { 'brake:usual-1': count } });
  expect(await heldBy(stage)).toBe(count);
  expect(alertsOf(stage)).toHaveLength(1);
  return { stage, runs };
}
const everybody = (): string[] => [...holders].map((id) => `revoke ${id}`).sort();

test.each(waves)(
  'of %i %s within a minute nobody loses anything, with one alert; released each does once',
  async (count, kind) => {
    const { stage, runs } = await heldWave(count, kind);
    await close(stage, 'usual-1', 'released');
    const { lost, ...rest } = await planAll(stage, runs, true);
    expect(rest).toEqual({ waits: {}, discarded: [] });
    expect(lost.toSorted()).toEqual(everybody());
    expect(alertsOf(stage)).toHaveLength(1);
  },
  7_200_000,
);

test.each(waves)(
  'of %i %s that are discarded nobody loses anything; asked for again and released each does once',
  async (count, kind) => {
    const { stage, runs } = await heldWave(count, kind);
    await close(stage, 'usual-1', 'discarded');
    const discarded = Array.from({ length: count }, () => 'usual-1 ann');
    expect(await planAll(stage, runs, true)).toEqual({ ...nobody, waits: {}, discarded });

    // Their facts settled long ago. As many as the limit allows may go before too many are counted.
    passed = DAY;
    const rechecks = await mapConcurrent(AT_ONCE, runs, (run) => recheckOf(stage, run));
    const { lost: first, ...others } = await planAll(stage, rechecks);
    expect(first.length).toBeLessThanOrEqual(LIMIT);
    expect(others).toEqual({ waits: { 'brake:usual-2': count - first.length }, discarded: [] });
    await close(stage, 'usual-2', 'released');
    const gone = new Set(first);
    const left = rechecks.filter((_, person) => !gone.has(`revoke ${objectOf(person)}`));
    const { lost, ...rest } = await planAll(stage, left, true);
    expect(rest).toEqual({ waits: {}, discarded: [] });
    expect([...first, ...lost].sort()).toEqual(everybody());
    expect(alertsOf(stage)).toHaveLength(2);
  },
  7_200_000,
);

test('40 leavers among 2,000 people all lose it after the settle time, because that is not above 2 percent; the next one does not', async () => {
  const stage = processes();
  const runs = await wave(stage, 'leavers', 40);
  const others = Array.from({ length: 1960 }, (_, index) => 40 + index);
  await mapConcurrent(AT_ONCE, others, (person) => hire(stage, person));
  expect(await planAll(stage, runs)).toEqual({ ...nobody, waits: { settling: 40 } });
  passed = 17 * MINUTE;
  const { lost, ...rest } = await planAll(stage, runs);
  expect(rest).toEqual({ waits: {}, discarded: [] });
  expect(lost).toHaveLength(40);
  expect(alertsOf(stage)).toEqual([]);

  const next = await state(stage, ...removals.leavers, 40, start);
  expect(await planAll(stage, [next])).toEqual({ ...nobody, waits: { 'brake:usual-1': 1 } });
}, 300_000);
