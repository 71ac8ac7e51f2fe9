import { createGate, type Planned } from '../../../shared/assignments/gate';
import { AccessModel } from '../../../shared/domain/access-model/access-model';
import { LifecycleEvent } from '../../../shared/domain/events/lifecycle-event';
import { factOf } from '../../../shared/domain/lifecycle/fact-of';
import type { Permit } from '../../../shared/domain/lifecycle/gate';
import type { StoredFact } from '../../../shared/domain/lifecycle/facts';
import type { Held } from '../../../shared/domain/lifecycle/held';
import { planFor, type Step } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import { createRemovalBrakes, type RemovalBrakes } from '../../../shared/storage/removals';
import { createWorkers, type Workers } from '../../../shared/storage/workers';
import { hash, openStorage, type Storage } from '../../support/storage';

const MINUTE = 60_000;
const HIRED = '2026-01-05T00:00:00.000Z';
const LEFT = '2026-06-01T00:00:00.000Z';
const AT = Date.parse(LEFT);
const OBJECT = '20000000-0000-4000-8000-000000000001';
const EMERGENCY = '20000000-0000-4000-8000-00000000000e';

const model = AccessModel.parse({
  version: 1,
  leadDays: 0,
  timeZones: { default: 'Etc/UTC', byLocation: {} },
  catalogs: [{ key: 'all', displayName: 'All', description: 'All.' }],
  accessPackages: ['badge', 'tools'].map((key) => ({
    ...{ key, catalog: 'all', displayName: key, description: key },
    resources: [
      {
        originSystem: 'AadGroup',
        originId: '10000000-0000-4000-8000-000000000001',
        role: 'Member',
      },
    ],
    policy: {
      displayName: 'Birthright',
      description: 'While the worker stays.',
      expiration: { type: 'noExpiration' },
      approval: { required: false },
    },
  })),
  birthrights: [
    {
      id: 'staff',
      description: 'Staff.',
      when: { attribute: 'kind', equals: 'staff' },
      packages: ['badge', 'tools'],
    },
  ],
});

let storage: Storage;
let workers: Workers;
let brakes: RemovalBrakes;
let events = 0;
beforeEach(async () => {
  storage = await openStorage();
  workers = createWorkers(storage.table('workers'));
  brakes = createRemovalBrakes(storage.table('removals'));
});
afterEach(() => storage.close());

async function state(workerId: string, type: string, data: object, acceptedAt: string) {
  events += 1;
  const event = LifecycleEvent.parse({
    specversion: '1.0',
    type: `hr.worker.${type}.v1`,
    source: 'urn:hr',
    id: `e-${events}`,
    time: new Date(Date.parse(HIRED) + events * 1000).toISOString(),
    data: { workerId, ...data },
  });
  await workers.addFact({ ...factOf(event), acceptedAt });
}
const hire = (workerId: string) =>
  state(workerId, 'joined', { startDate: '2026-01-05', attributes: { kind: 'staff' } }, HIRED);
/** Leaves with 31 May; known so many minutes before the end of that day. */
const leave = (workerId: string, minutesBefore = 60 * 24) =>
  state(
    workerId,
    'left',
    { lastDay: '2026-05-31' },
    new Date(AT - minutesBefore * MINUTE).toISOString(),
  );

const held: Held[] = ['badge', 'tools'].map((packageKey) => ({
  ...{ packageKey, whose: 'ours', state: 'held' },
}));
const removals = {
  ...{ settleSeconds: 900, windowSeconds: 3600, limit: 2, percent: 100, floor: 1000 },
  urgentLimit: 1,
};
type Options = {
  at?: number;
  limits?: Partial<typeof removals>;
  mode?: 'enforce' | 'observe' | 'paused';
  isRecheck?: boolean;
  permit?: Permit;
};
const gateWith = ({ limits, mode = 'enforce' }: Options) =>
  createGate({
    ...{ workers, brakes },
    model: () => ({ model, hash: 'm' }),
    exclusions: () => ({ workerIds: ['W-BREAK'], objectIds: [EMERGENCY] }),
    config: { mode, removals: { ...removals, ...limits } },
  });

/** Plans for a person as a run does, and passes the gate; in short. */
async function pass(workerId: string, options: Options = {}, objectId = OBJECT) {
  const { at = AT, permit, isRecheck = permit !== undefined } = options;
  const facts: StoredFact[] = await workers.facts(workerId);
  const { steps } = planFor({ timeline: timelineOf(facts, model), held, model, at });
  const planned: Planned<Step> = {
    ...{ eventHash: hash('a'), personId: workerId, workerIds: [workerId], facts, at, isRecheck },
    ...{ accounts: [{ objectId, held, steps }], permit },
  };
  const { run, would, waiting, stopped, decisions, tripped } =
    await gateWith(options).pass(planned);
  return {
    run: run.map(({ id }) => id),
    would: would.map(({ id }) => id),
    waiting: waiting.map(({ step, why }) => `${step.id} ${why}`),
    stopped: stopped.map(({ step, reason }) => `${step.id} ${reason}`),
    by: [...new Set([...decisions.values()].map(({ by, reason }) => `${by} ${reason}`))],
    tripped,
  };
}
const both = ['revoke:badge', 'revoke:tools'];
const waitingFor = (why: string) => both.map((id) => `${id} ${why}`);
const none = { run: [], would: [], waiting: [], stopped: [], by: [], tripped: [] };
async function leavers(...ids: string[]): Promise<void> {
  for (const id of ids) {
    await hire(id);
    await leave(id);
  }
}
const isEmpty = async () => (await storage.table('removals').list('counts-usual')).length === 0;

test('a leaver known for a day loses everything at the instant, and nothing of it waits any more afterwards', async () => {
  await leavers('W-1');
  expect(await pass('W-1')).toEqual({ ...none, run: both });
});

test('a late leaver is entered at once, waits for the settle time and then goes; a rehire takes the entry back', async () => {
  await hire('W-1');
  await leave('W-1', 5);
  expect(await pass('W-1')).toEqual({ ...none, waiting: waitingFor('settling') });
  expect(await isEmpty()).toBe(false);
  expect(await pass('W-1', { at: AT + 10 * MINUTE })).toEqual({ ...none, run: both });

  await hire('W-2');
  await leave('W-2', 5);
  await pass('W-2');
  await state('W-2', 'left', { lastDay: '2026-12-31' }, LEFT);
  expect(await pass('W-2')).toEqual(none);
  const waiting = { from: 'waiting-', below: 'waiting.' };
  expect(await storage.table('removals').list('counts-usual', waiting)).toEqual([]);
});

test('too many leavers at the instant: those within the limit go, all others wait for one person to decide', async () => {
  await leavers('W-1', 'W-2', 'W-3', 'W-4');
  expect(await pass('W-1')).toMatchObject({ run: both });
  expect(await pass('W-2')).toMatchObject({ run: both });
  expect(await pass('W-3')).toEqual({
    ...none,
    waiting: waitingFor('brake'),
    tripped: ['usual-1'],
  });
  expect(await pass('W-4')).toEqual({ ...none, waiting: waitingFor('brake') });
  await brakes.close('usual-1', { state: 'released', by: 'ann', reason: 'T-1', at: LEFT });
  for (const id of ['W-3', 'W-4'])
    expect(await pass(id)).toEqual({ ...none, run: both, by: ['ann T-1'] });
});

test('what somebody discarded stays until something else is stated, or a person asks again', async () => {
  await leavers('W-1');
  const limits = { limit: 0 };
  await pass('W-1', { limits });
  await brakes.close('usual-1', { state: 'discarded', by: 'ann', reason: 'T-1', at: LEFT });
  const stays = { ...none, stopped: waitingFor('discarded'), by: ['ann T-1'] };
  expect(await pass('W-1')).toEqual(stays);
  expect(await pass('W-1', { at: AT + 60 * 24 * MINUTE })).toEqual(stays);
  expect((await pass('W-1', {}, OBJECT.replace('2', '9'))).run).toEqual(both);
  expect(await pass('W-1', { isRecheck: true })).toEqual({ ...none, run: both });
  await state('W-1', 'left', { lastDay: '2026-05-30' }, HIRED);
  expect((await pass('W-1')).run).toEqual(both);
});

const permit: Permit = { run: 'run-1', pairs: [{ packageKey: 'badge', action: 'revoke' }] };
const released: Permit = { ...permit, released: { brake: 'b-1', by: 'ann', reason: 'INC-7' } };
const forbidden = ['revoke:tools not-permitted'];

test('what a permit does not name is not entered with a brake, and what a run of the same person waits with goes on waiting', async () => {
  await leavers('W-1');
  const limits = { limit: 0 };
  const elsewhere = { ...permit, pairs: [{ packageKey: 'other', action: 'grant' as const }] };
  const all = { ...none, stopped: waitingFor('not-permitted') };
  expect(await pass('W-1', { limits, permit: elsewhere })).toEqual(all);
  expect(await isEmpty()).toBe(true);

  const both = { ...none, waiting: waitingFor('brake') };
  expect(await pass('W-1', { limits })).toEqual({ ...both, tripped: ['usual-1'] });
  expect(await pass('W-1', { limits, permit: elsewhere })).toEqual(all);
  const held = { ...none, waiting: ['revoke:badge brake'], stopped: forbidden };
  expect(await pass('W-1', { limits, permit })).toEqual(held);
  await brakes.close('usual-1', { state: 'released', by: 'bob', reason: 'T-1', at: LEFT });
  const run = ['revoke:badge', 'revoke:tools'];
  expect(await pass('W-1', { limits })).toEqual({ ...none, run, by: ['bob T-1'] });
});

test('a permit that a person released passes an open brake and is not counted, and those who wait go on waiting', async () => {
  await leavers('W-1', 'W-2');
  const limits = { limit: 0 };
  await pass('W-1', { limits });
  const waits = await storage.table('removals').list('counts-usual');
  const goes = { ...none, run: ['revoke:badge'], stopped: forbidden, by: ['ann INC-7'] };
  for (const id of ['W-1', 'W-2'])
    expect(await pass(id, { limits, permit: released })).toEqual(goes);
  expect(await storage.table('removals').list('counts-usual')).toEqual(waits);
});

test('a released permit passes neither exclusions, nor modes, nor the settle time', async () => {
  await leavers('W-1', 'W-BREAK');
  await hire('W-2');
  await leave('W-2', 5);
  const by = ['ann INC-7'];
  const only = { ...none, stopped: forbidden, by };
  expect(await pass('W-BREAK', { permit: released })).toMatchObject({
    ...{ run: [], stopped: ['revoke:badge excluded', ...forbidden] },
  });
  expect(await pass('W-1', { permit: released, mode: 'observe' })).toEqual({
    ...{ ...only, would: ['revoke:badge'] },
  });
  expect(await pass('W-1', { permit: released, mode: 'paused' })).toEqual({
    ...{ ...only, waiting: ['revoke:badge paused'] },
  });
  expect(await pass('W-2', { permit: released })).toEqual({
    ...{ ...only, waiting: ['revoke:badge settling'] },
  });
});

test('a permit does not end a discard unless a person released it', async () => {
  await leavers('W-1');
  const limits = { limit: 0 };
  await pass('W-1', { limits });
  await brakes.close('usual-1', { state: 'discarded', by: 'bob', reason: 'T-1', at: LEFT });
  expect(await pass('W-1', { permit })).toEqual({
    ...{ ...none, stopped: ['revoke:badge discarded', ...forbidden], by: ['bob T-1'] },
  });
  expect(await pass('W-1', { permit: released })).toMatchObject({ run: ['revoke:badge'] });
});

test('urgent leavers go at once, and have a limit of their own', async () => {
  const endsAt = '2026-05-31T23:59:00Z';
  for (const id of ['W-1', 'W-2']) {
    await hire(id);
    await state(id, 'left', { endsAt }, endsAt);
  }
  expect(await pass('W-1')).toEqual({ ...none, run: both });
  expect(await pass('W-2')).toEqual({
    ...none,
    waiting: waitingFor('brake'),
    tripped: ['urgent-1'],
  });
});

test('a mode without writes counts nothing, and neither does an excluded person', async () => {
  await leavers('W-1', 'W-BREAK');
  expect(await pass('W-1', { mode: 'observe' })).toEqual({ ...none, would: both });
  expect(await pass('W-1', { mode: 'paused' })).toEqual({ ...none, waiting: waitingFor('paused') });
  expect(await pass('W-BREAK')).toEqual({ ...none, stopped: waitingFor('excluded') });
  expect(await pass('W-1', {}, EMERGENCY)).toEqual({ ...none, stopped: waitingFor('excluded') });
  expect(await isEmpty()).toBe(true);
});

test('a removal that settles when everything is paused is not counted meanwhile', async () => {
  await hire('W-1');
  await leave('W-1', 5);
  await pass('W-1');
  await pass('W-1', { mode: 'paused' });
  expect(await isEmpty()).toBe(true);
});

describe('the share of the people with a current employment', () => {
  const share = { limits: { limit: 100, percent: 10, floor: 3 } };

  test('counts those who leave among them: 4 of 40 go, the fifth does not', async () => {
    const gone = ['W-1', 'W-2', 'W-3', 'W-4'];
    await leavers(...gone, 'W-5');
    for (let index = 0; index < 36; index += 1) await hire(`P-${index}`);
    // Whose employment has yet to begin is not counted.
    await state(
      'P-later',
      'joined',
      { startDate: '2026-09-01', attributes: { kind: 'staff' } },
      HIRED,
    );
    for (const id of gone) expect((await pass(id, share)).run).toEqual(both);
    expect((await pass('W-5', share)).tripped).toEqual(['usual-1']);
  });

  test('says nothing below the floor', async () => {
    await leavers('W-1', 'W-2');
    for (const id of ['W-1', 'W-2']) expect((await pass(id, share)).run).toEqual(both);
  });
});
