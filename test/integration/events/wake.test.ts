import type { Services } from '../../../functions/services';
import { CLOCK } from '../../../shared/domain/events/event';
import { eventHash, instanceId } from '../../../shared/domain/events/keys';
import type { StoredFact } from '../../../shared/domain/lifecycle/facts';
import { activities } from '../../../shared/domain/workflow/activities';
import type { Run } from '../../../shared/domain/workflow/run';
import { recoverDueEvents, recoverEvent } from '../../../shared/events/recover';
import { planWake } from '../../../shared/events/wake';
import { GraphError } from '../../../shared/graph/errors';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import type { DueRow } from '../../../shared/storage/due';
import { shards } from '../../../shared/storage/due';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { TooManyNumbers } from '../../../shared/storage/workers';
import { hostOf, servicesOver } from '../../support/call-activity';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

const NOW = '2026-11-20T09:30:00.000Z';
let storage: Storage;
let services: Services;
let states: Record<string, string | number> = {};
let people = 0;

beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage, {
    getAssignmentRequest: (id) => {
      const state = states[id];
      if (typeof state === 'string')
        return Promise.resolve({
          ...{ id, state, requestStatus: state },
          ...(state === 'delivered' && { assignmentId: `s-${id}` }),
        } as never);
      const fault = {
        code: state === undefined ? 'ResourceNotFound' : '',
        detailCodes: [],
        ambiguous: false,
      };
      return Promise.reject(
        new GraphError('getAssignmentRequest', { ...fault, status: state ?? 404 }),
      );
    },
  });
});
afterAll(() => storage.close());
beforeEach(() => {
  states = {};
});

const END = '2027-05-31';
const AFTER_END = '2027-06-01T00:00:00.000Z';

/** A contractor of the sample model, whose access ends; and the run that closes. */
async function contractor(endDate = END, more: Partial<StoredFact> = {}): Promise<Run> {
  people += 1;
  const workerId = `W-${people}`;
  const fact: StoredFact = {
    ...{ source: 'urn:hr', id: `${workerId}-1`, hash: eventHash('urn:hr', `${workerId}-1`) },
    ...{ workerId, employmentId: 'primary', time: NOW, timeZone: 'Etc/UTC', acceptedAt: NOW },
    states: {
      ...{ kind: 'joined', startDate: '2026-11-01', endDate },
      attributes: { department: 'Finance', workerType: 'employee' },
    },
    ...more,
  };
  await services.workers.addFact(fact);
  const row = { eventId: fact.id, eventSource: 'urn:hr', eventType: 't', bodyHash: hash('b') };
  return {
    ...{ eventHash: fact.hash, attempt: 1, instanceId: instanceId(fact.hash, 1), token: 't' },
    fact: { ...row, workerId, employmentId: 'primary', occurredAt: NOW, receivedAt: NOW },
  };
}

async function dueRows(): Promise<DueRow[]> {
  const rows: DueRow[] = [];
  for (const shard of shards)
    for await (const row of services.due.ready(shard, '9999-12-31T00:00:00.000Z')) rows.push(row);
  return rows;
}
const wakesOf = async (personId: string) =>
  (await dueRows()).flatMap((row) =>
    row.kind === 'wake' && row.personId === personId ? [row.at] : [],
  );
const plan = (run: Run, next?: string, over: Partial<Services> = {}) =>
  planWake({ ...services, ...over }, run, { at: NOW, next });

/** A host on which everything that is started runs on. */
function startingHost() {
  const started: string[] = [];
  const start = (id: string) => Promise.resolve(void started.push(id));
  return { started, start, status: () => Promise.resolve('Running' as const) };
}
/** One pass of the timer, when all that is planned so far is due. */
async function supervise(host = startingHost(), over: Partial<Services> = {}) {
  const due = {
    ...services.due,
    ready: (shard: string) => services.due.ready(shard, '2900-01-01T00:00:00.000Z'),
  };
  const logged: object[] = [];
  await recoverDueEvents({ ...services, due, ...over }, host, (line) => logged.push(line));
  return logged;
}
const isClaimed = async (id: string) =>
  (await services.claims.read(eventHash(CLOCK, id))) !== undefined;

test('somebody whose plan changes later has one wake-up, at the first instant at which it changes', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  await plan(run);
  expect(await wakesOf(workerId)).toEqual([AFTER_END]);
  await plan(run);
  expect(await wakesOf(workerId)).toEqual([AFTER_END]);
  // The last plan has seen in Graph what no row says.
  await plan(run, '2027-02-01T00:00:00.000Z');
  expect(await wakesOf(workerId)).toEqual(['2027-02-01T00:00:00.000Z']);
});

test('somebody who is to have nothing any more is not woken for an end that the last plan saw in Graph', async () => {
  const run = await contractor('2026-11-10');
  await plan(run, '2027-02-01T00:00:00.000Z');
  expect(await wakesOf(run.fact.workerId)).toEqual([]);
  // An instant that passed while the run was open has changed something that it did not see.
  await plan(run, '2026-11-11T00:00:00.000Z');
  expect(await wakesOf(run.fact.workerId)).toEqual(['2026-11-11T00:00:00.000Z']);
});

test('a date that is moved moves the wake-up, and one that is taken away removes it', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  await plan(run);
  const states = {
    kind: 'joined' as const,
    startDate: '2026-11-01',
    attributes: { department: 'Finance', workerType: 'employee' },
  };
  const later = { ...(await services.workers.facts(workerId))[0], sequence: 2 } as StoredFact;
  await services.workers.addFact({
    ...{ ...later, id: 'later', hash: eventHash('urn:hr', `${workerId}-later`) },
    ...{ time: '2026-11-21T00:00:00.000Z', states: { ...states, endDate: '2027-07-31' } },
  });
  await plan(run);
  expect(await wakesOf(workerId)).toEqual(['2027-08-01T00:00:00.000Z']);
  await services.workers.addFact({
    ...{ ...later, id: 'open', hash: eventHash('urn:hr', `${workerId}-open`) },
    ...{ time: '2026-11-22T00:00:00.000Z', states },
  });
  await plan(run);
  expect(await wakesOf(workerId)).toEqual([]);
});

test.each(['add', 'cancel'] as const)(
  'interrupted at every step of moving a wake-up (%s), the next try leaves exactly one',
  async (step) => {
    const run = await contractor();
    const { workerId } = run.fact;
    await plan(run);
    const due = { ...services.due, [step]: () => Promise.reject(new StoreUnavailable('away')) };
    const moved = '2027-02-01T00:00:00.000Z';
    await expect(plan(run, moved, { due })).rejects.toThrow(StoreUnavailable);
    await plan(run, moved);
    expect(await wakesOf(workerId)).toEqual([moved]);
  },
);

test('numbers that have come to be joined have one wake-up together', async () => {
  const [first, second] = [await contractor(), await contractor('2027-03-31')];
  await plan(first);
  await plan(second);
  const [fact] = await services.workers.facts(second.fact.workerId);
  await services.workers.addFact({
    ...{ ...(fact as StoredFact), id: 'joins', hash: hash('9') },
    previousWorkerId: first.fact.workerId,
  });
  await plan({ ...second, personId: first.fact.workerId });
  expect(await wakesOf(second.fact.workerId)).toEqual([]);
  expect(await wakesOf(first.fact.workerId)).toHaveLength(1);
});

test('a wake-up whose time has come is one event of the clock, however often and late the timer comes', async () => {
  const run = await contractor();
  const id = `${run.fact.workerId}@${AFTER_END}`;
  await plan(run);
  const host = startingHost();
  const all = await atOnce(5, () => supervise(host));
  expect(all.flat().filter((line) => 'what' in line && line.what === 'woken')).not.toHaveLength(0);
  await supervise(host);
  expect(host.started).toContain(instanceId(eventHash(CLOCK, id), 1));
  expect(await wakesOf(run.fact.workerId)).toEqual([]);
  expect((await services.claims.read(eventHash(CLOCK, id)))?.attempt).toBe(1);
  expect(await services.workers.wakeOf(run.fact.workerId)).toEqual({});
});

test('an instant that passed while a run was open is not planned again once its event of the clock exists', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  const passed = '2026-11-15T00:00:00.000Z';
  await plan(run, passed);
  await supervise();
  expect(await isClaimed(`${workerId}@${passed}`)).toBe(true);
  // The event of the clock closes, and then the run whose only plan was made before that instant.
  await plan(run);
  await plan(run, passed);
  expect(await wakesOf(workerId)).toEqual([AFTER_END]);
});

test('an event of the clock that another clock calls early plans what comes after its instant, not that instant again', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  const own = { ...run, fact: { ...run.fact, eventSource: CLOCK, actAt: AFTER_END } };
  const at = new Date(Date.parse(AFTER_END) - 200).toISOString();
  await planWake(services, own, { at });
  expect(await wakesOf(workerId)).toEqual([]);
});

test('a timer that is interrupted after it has started the event neither loses nor doubles it', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  await plan(run);
  const broken = {
    ...services.workers,
    changeWake: () => Promise.reject(new StoreUnavailable('away')),
  };
  await supervise(startingHost(), { workers: broken });
  expect(await isClaimed(`${workerId}@${AFTER_END}`)).toBe(true);
  expect(await wakesOf(workerId)).toEqual([AFTER_END]);
  const logged = await supervise();
  expect(logged.filter((line) => 'what' in line && line.what === 'woken')).toEqual([]);
  expect(await wakesOf(workerId)).toEqual([]);
});

test('a wake-up that its person does not name any more wakes nobody', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  await services.due.add({ kind: 'wake', personId: workerId, at: NOW }, NOW);
  await plan(run);
  await supervise();
  expect(await isClaimed(`${workerId}@${NOW}`)).toBe(false);
  expect(await wakesOf(workerId)).toEqual([]);
});

test('a run that is gone leaves the earlier wake-up that its plan has seen in Graph', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  const seen = '2027-02-01T00:00:00.000Z';
  await plan(run, seen);
  const due = await services.due.schedule(run.eventHash, '2999-01-01T00:00:00.000Z');
  await services.claims.claim(run.eventHash, {
    ...{ state: 'started', contentHash: hash('c'), attempt: 1, token: 't', updatedAt: NOW },
    ...{ fact: run.fact, due },
  });
  const host = { ...startingHost(), status: () => Promise.resolve('Terminated' as const) };
  const row = { kind: 'event' as const, eventHash: run.eventHash, ...due };
  await recoverEvent(services, host, row, () => undefined);
  expect((await services.claims.read(run.eventHash))?.state).toBe('closed');
  expect(await wakesOf(workerId)).toEqual([seen]);
});

test('a wake-up of somebody whose numbers cannot be one person wakes once, and does not stay', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  await plan(run);
  const tooMany = () => Promise.reject(new TooManyNumbers());
  const logged = await supervise(startingHost(), {
    workers: { ...services.workers, facts: tooMany },
  });
  expect(logged).not.toContainEqual(expect.objectContaining({ what: 'defect' }));
  expect(await isClaimed(`${workerId}@${AFTER_END}`)).toBe(true);
  expect(await wakesOf(workerId)).toEqual([]);
});

test('an open event that waits for the same instant itself is woken by nobody else', async () => {
  const run = await contractor();
  const { workerId } = run.fact;
  const { eventHash: own } = run;
  await plan(run);
  const due = await services.due.schedule(own, '2999-01-01T00:00:00.000Z');
  const waiting = { for: 'parked', reason: 'future-end', since: NOW, until: AFTER_END } as const;
  await services.claims.claim(own, {
    ...{ state: 'started', contentHash: hash('c'), attempt: 1, token: 't', updatedAt: NOW },
    ...{ fact: run.fact, due, waiting },
  });
  await supervise();
  expect(await isClaimed(`${workerId}@${AFTER_END}`)).toBe(false);
  expect(await wakesOf(workerId)).toEqual([]);
});

describe('a request that is open when its run closes', () => {
  async function open(requestId: string, updatedAt = new Date().toISOString()) {
    const run = await contractor(undefined);
    const { workerId: personId } = run.fact;
    await services.holdings.save({
      ...{ personId, targetId: 'u-1', packageKey: 'finance', state: 'requested', action: 'grant' },
      ...{ whose: 'ours', requestId, eventHash: run.eventHash, attempt: 1, absentReads: 0 },
      ...{ instanceId: run.instanceId, updatedAt },
    });
    await plan(run);
    await plan(run);
    return personId;
  }
  const checks = async (requestId: string) =>
    (await dueRows()).filter((row) => row.kind === 'request' && row.requestId === requestId);

  test('is read every hour while it is open, also while Graph cannot say', async () => {
    states = { 'q-1': 'waiting-for-approval', 'q-2': 503 };
    for (const id of ['q-1', 'q-2']) {
      const personId = await open(id);
      const [before, ...more] = await checks(id);
      expect(more).toEqual([]);
      await supervise();
      const after = await checks(id);
      expect(after).toHaveLength(1);
      expect(after[0]?.key).not.toBe(before?.key);
      expect(await isClaimed(`${personId}@${id}`)).toBe(false);
    }
  });

  test('wakes its person once it has ended, or Graph does not know it any more', async () => {
    states = { 'q-3': 'delivered' };
    for (const id of ['q-3', 'q-4']) {
      const personId = await open(id);
      await supervise();
      expect(await isClaimed(`${personId}@${id}`)).toBe(true);
      expect(await checks(id)).toEqual([]);
    }
  });

  test('leaves the assignment that it gave in the record, because Graph forgets requests', async () => {
    states = { 'q-6': 'delivered' };
    const personId = await open('q-6');
    const place = { personId, targetId: 'u-1', packageKey: 'finance' };
    const away = {
      ...services.holdings,
      save: () => Promise.reject(new StoreUnavailable('away')),
    };
    await supervise(startingHost(), { holdings: away });
    expect(await isClaimed(`${personId}@q-6`)).toBe(true);
    await supervise();
    const kept = { state: 'held', whose: 'ours', assignmentId: 's-q-6' };
    expect(await services.holdings.load(place)).toMatchObject(kept);
    expect(await checks('q-6')).toEqual([]);
  });

  test('is followed although its person has another request by now, and as long as Graph has it', async () => {
    states = { 'q-7': 'denied', 'q-8': 'waiting-for-approval' };
    for (const id of ['q-7', 'q-8']) {
      const personId = await open(id, '2026-01-01T00:00:00.000Z');
      const place = { personId, targetId: 'u-1', packageKey: 'finance' };
      const holding = await services.holdings.load(place);
      if (!holding) throw new Error('the holding is there');
      await services.holdings.save({ ...holding, requestId: 'another', action: 'revoke' });
      await supervise();
      const claim = await services.claims.read(eventHash(CLOCK, `${personId}@${id}`));
      expect(claim?.ended).toMatchObject({
        ...{ assignmentRequestId: id, action: 'grant', approver: 'not-readable' },
        ...(id === 'q-7'
          ? { outcome: 'denied', graphState: 'denied' }
          : { outcome: 'not-readable', reason: 'request-too-old' }),
      });
      expect(await checks(id)).toEqual([]);
    }
  });

  test('has one row about its end, however often its run begins and dies', async () => {
    states = { 'q-9': 'delivered' };
    const personId = await open('q-9');
    await supervise();
    const ofEnd = eventHash(CLOCK, `${personId}@q-9`);
    const execution = { eventHash: ofEnd, attempt: 1, token: 'once', version: 1 };
    const begin = () =>
      hostOf(services).call(activities.beginRun, {
        ...{ ...execution, instanceId: instanceId(ofEnd, 1) },
      });
    const first = await begin();
    expect(first.chain).toMatchObject({ seq: 1 });
    expect((await begin()).chain).toEqual(first.chain);
    const rows = await createLedgerReader(
      storage.table('audit'),
      storage.table('auditIndex'),
    ).ofWorker(personId);
    expect(rows).toMatchObject([{ kind: 'request-ended', outcome: 'delivered', seq: 1 }]);
    expect(chainFaults(rows)).toEqual([]);
  });

  test('that another run has settled since is read no more', async () => {
    const personId = await open('q-5');
    const holding = await services.holdings.load({
      personId,
      targetId: 'u-1',
      packageKey: 'finance',
    });
    if (!holding) throw new Error('the holding is there');
    await services.holdings.save({ ...holding, state: 'held' });
    await supervise();
    expect(await isClaimed(`${personId}@q-5`)).toBe(false);
    expect(await checks('q-5')).toEqual([]);
  });
});
