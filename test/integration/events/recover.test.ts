import type { FunctionHandler, InvocationContext } from '@azure/functions';
import { plannedStep } from '../../support/steps';
import * as df from 'durable-functions';
import type { Services } from '../../../functions/services';
import { registerTimers } from '../../../functions/timers';
import { activities } from '../../../shared/domain/workflow/activities';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import type { Claim, StoredClaim } from '../../../shared/domain/workflow/claim';
import type { Waiting } from '../../../shared/domain/workflow/workflow-state';
import { eventHash as hashOf, instanceId } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { placeOf } from '../../../shared/storage/due';
import { lockOf } from '../../../shared/storage/worker-locks';
import { hostOf, servicesOver } from '../../support/call-activity';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

const PAST = '2026-11-20T09:30:02.000Z';
const ids = { accessPackageId: 'p-1', catalogId: 'c-1', assignmentPolicyId: 'a-1' };
const step = plannedStep('finance', { ids });
let storage: Storage;
let services: Services;
let events = 0;

beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage, { findAssignments: () => Promise.reject(new Error('broken')) });
});
afterAll(() => storage.close());

/** The texts of the durable client's errors. */
const refusals: Readonly<Record<string, string>> = {
  Gone: 'DurableClient error: Durable Functions extension replied with HTTP 404 response.',
  away: 'connect ECONNREFUSED',
};

/** A task hub that says one thing of every instance, or knows none, and remembers what it was asked to start. */
function taskHub(status: string) {
  const started: string[] = [];
  const client = {
    startNew: (_: string, options?: { instanceId?: string }) => {
      started.push(options?.instanceId ?? '');
      return Promise.resolve('');
    },
    getStatus: () =>
      status in refusals
        ? Promise.reject(new Error(refusals[status]))
        : Promise.resolve({ runtimeStatus: status }),
  };
  return { client: client as unknown as df.DurableClient, started };
}

/** One run of the timer, as the host makes it. */
async function supervise(
  client: df.DurableClient,
  over: Partial<Services> = {},
): Promise<string[]> {
  let handler: FunctionHandler | undefined;
  const registering = jest.spyOn(df.app.client, 'timer').mockImplementation((name, options) => {
    if (name !== 'supervise') return;
    handler = (timer, context) => options.handler(timer as never, client, context);
  });
  registerTimers({ ...services, ...over });
  registering.mockRestore();
  const logged: string[] = [];
  const context = { log: (line: string) => logged.push(line) } as unknown as InvocationContext;
  await handler?.({}, context);
  return logged;
}

/** An accepted event whose time to be looked at has come. */
async function claimed() {
  events += 1;
  const eventHash = hashOf('urn:hr:acme:workday', `e-${events}`);
  const due = await services.due.schedule(eventHash, PAST);
  const claim: Claim = {
    ...{ state: 'claimed', contentHash: hash('c'), attempt: 1, due, updatedAt: PAST },
    fact: {
      ...{ eventId: `e-${events}`, eventSource: 'urn:hr:acme:workday', bodyHash: hash('b') },
      ...{ eventType: 'hr.worker.joined.v1', workerId: `W-${events}`, employmentId: 'primary' },
      ...{ startDate: '2026-11-23', timeZone: 'Europe/Berlin', actAt: '2026-11-22T23:00:00.000Z' },
      ...{ occurredAt: PAST, receivedAt: PAST },
    },
    content: {
      states: {
        kind: 'joined',
        startDate: '2026-11-23',
        attributes: { department: 'Finance', workerType: 'employee' },
      },
      acceptedAt: PAST,
    },
  };
  await services.claims.claim(eventHash, claim);
  return { eventHash, execution: { eventHash, attempt: 1, token: 't-1' } };
}

/** Such an event whose run has begun, holds its worker's turn and has written one row. */
async function started() {
  const { eventHash, execution } = await claimed();
  const host = hostOf(services);
  const begun = await host.call(activities.beginRun, {
    ...execution,
    instanceId: instanceId(eventHash, 1),
    version: 1,
  });
  if (begun.outcome.kind !== 'done') throw new Error('the run has begun');
  const { run } = begun.outcome;
  await services.workerLocks.acquire(lockOf(run, 1), services.claims.isOver);
  const input = { run, chain: START_OF_CHAIN, at: PAST, step };
  const { chain } = await host.call(activities.submitRequest, { ...input, intentRecorded: false });
  return { eventHash, run, host, chain: chain ?? START_OF_CHAIN };
}

const linesOf = (logged: string[], eventHash: string) =>
  logged
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['eventHash'] === eventHash);

const rowsOf = (eventHash: string) =>
  createLedgerReader(storage.table('audit'), storage.table('auditIndex')).ofEvent(eventHash);

async function watched(eventHash: string) {
  const rows = await storage.table('due').list(placeOf(eventHash, PAST).partition);
  return rows.filter(({ columns }) => columns['eventHash'] === eventHash).map(({ key }) => key);
}

/** Moves the event's next check into the past. */
async function makeDue(claim: StoredClaim | undefined): Promise<void> {
  if (!claim) throw new Error('the event has a claim');
  const place = await services.due.schedule(claim.eventHash, PAST, 'again');
  await services.claims.reschedule(claim, place, claim.stalledSince);
  await services.due.cancel(claim.due);
}

/** Closed with one closing row behind what stood, its chain whole, and nothing left to look at. */
async function expectClosed(eventHash: string, outcome: string, kinds: string[]) {
  const rows = await rowsOf(eventHash);
  const claim = await services.claims.read(eventHash);
  expect(claim).toMatchObject({ state: 'closed', outcome });
  expect(rows.map(({ kind }) => kind)).toEqual(kinds);
  expect(rows.at(-1)).toMatchObject({ outcome, runToken: claim?.token });
  expect(chainFaults(rows, { attempt: 1, ...(claim?.chain ?? START_OF_CHAIN) })).toEqual([]);
  expect(await watched(eventHash)).toEqual([]);
  expect(
    await services.workerLocks.isHeldBy(claim?.fact.workerId ?? '', instanceId(eventHash, 1)),
  ).toBe(false);
}

test.each(['Gone', 'Completed'])('a claim whose start was lost is started (%s)', async (status) => {
  const { eventHash } = await claimed();
  const hub = taskHub(status);
  await supervise(hub.client);
  expect(hub.started).toEqual([instanceId(eventHash, 1)]);
  const claim = await services.claims.read(eventHash);
  expect(await watched(eventHash)).toEqual([claim?.due.key]);
  await supervise(hub.client);
  expect(hub.started).toHaveLength(1);
  await services.due.cancel(claim?.due ?? placeOf(eventHash, PAST));
});

test.each(['Running', 'Pending', 'Suspended', 'ContinuedAsNew'])(
  'what is %s is left alone and looked at again later, from the place that the claim knows',
  async (status) => {
    const [{ eventHash: begun }, { eventHash: early }] = [await started(), await claimed()];
    const hub = taskHub(status);
    await Promise.all([supervise(hub.client), supervise(hub.client)]);
    expect(hub.started).toEqual([]);
    for (const eventHash of [begun, early]) {
      const claim = await services.claims.read(eventHash);
      expect(await watched(eventHash)).toEqual([claim?.due.key]);
      expect(claim?.due.key).not.toBe(placeOf(eventHash, PAST).key);
    }
    expect(await services.claims.read(begun)).toMatchObject({ state: 'started' });
  },
);

test('an event that was claimed and whose fact was not recorded gets its fact before it is started, once', async () => {
  const { eventHash } = await claimed();
  const workerId = (await services.claims.read(eventHash))?.fact.workerId ?? '';
  expect(await services.workers.facts(workerId)).toEqual([]);
  const known: number[] = [];
  const client = {
    startNew: async () => known.push((await services.workers.facts(workerId)).length),
    getStatus: () => Promise.reject(new Error(refusals['Gone'])),
  };
  await supervise(client as unknown as df.DurableClient);
  await supervise(client as unknown as df.DurableClient);
  expect(known[0]).toBe(1);
  expect(await services.workers.facts(workerId)).toMatchObject([
    { hash: eventHash, acceptedAt: PAST, states: { kind: 'joined' } },
  ]);
});

test('an instance that does not begin is told each time it is looked at', async () => {
  const { eventHash } = await claimed();
  await started();
  const logged = await supervise(taskHub('Pending').client);
  expect(logged.map((line) => JSON.parse(line) as unknown)).toEqual([
    { what: 'not-begun', eventHash, attempt: 1, status: 'Pending' },
  ]);
});

test('a suspended run is logged and counted at each check, and its claim says since when until it goes on', async () => {
  const [{ eventHash }, { eventHash: early }] = [await started(), await claimed()];
  const stalledOf = async (key: string) => (await services.claims.read(key))?.stalledSince;
  const logged = await supervise(taskHub('Suspended').client);
  for (const key of [eventHash, early])
    expect(linesOf(logged, key)).toContainEqual({
      ...{ what: 'stalled', eventHash: key, attempt: 1, status: 'Suspended' },
    });
  expect(logged.map((line) => JSON.parse(line) as unknown)).toContainEqual({
    ...{ what: 'stalled-events', count: 2 },
  });
  const since = await stalledOf(eventHash);
  expect(since).toBeDefined();
  for (const [status, expected] of [
    ['Suspended', since],
    ['Running', undefined],
  ] as const) {
    const claim = await services.claims.read(eventHash);
    await makeDue(claim);
    await supervise(taskHub(status).client);
    expect(await stalledOf(eventHash)).toBe(expected);
  }
});

test('a run that has not gone on after the end of its wait, or after all its deadlines, is stalled, and one that is held is not', async () => {
  const [waits, begun, fresh] = [await started(), await started(), await started()];
  const [settling, held] = [await started(), await started()];
  const overdue = { ...(await services.claims.read(begun.eventHash)) };
  const old = '2026-01-01T00:00:00.000Z';
  const waitingColumn = (waiting: Omit<Waiting, 'since'>) => ({
    waiting: `json:${JSON.stringify({ since: old, ...waiting })}`,
    updatedAt: old,
  });
  const changed = [
    [waits.eventHash, waitingColumn({ for: 'approval', until: old })],
    [begun.eventHash, { updatedAt: old }],
    [settling.eventHash, waitingColumn({ for: 'settling', until: '2126-01-01T00:00:00.000Z' })],
    [held.eventHash, waitingColumn({ for: 'held', reason: 'brake:usual-1' })],
  ] as const;
  expect(overdue.state).toBe('started');
  for (const [eventHash, columns] of changed) {
    const row = await storage.table('claims').read(eventHash, 'claim');
    await storage
      .table('claims')
      .replace(
        ...([eventHash, 'claim', { ...row?.columns, ...columns }, row?.etag ?? ''] as const),
      );
  }
  const logged = await supervise(taskHub('Running').client);
  const told = [waits, begun, fresh, settling, held].map(({ eventHash }) =>
    linesOf(logged, eventHash),
  );
  expect(told).toMatchObject([
    [{ what: 'stalled', status: 'Running' }],
    [{ what: 'stalled', status: 'Running' }],
    ...[[], [], []],
  ]);
});

test('a brake on removals is logged in each pass until somebody has closed it', async () => {
  const held = { kind: 'usual' as const, person: 'W-1', eventHash: hash('a'), facts: 'f' };
  const removals = { ...held, packages: [{ objectId: 'o-1', packageKey: 'badge' }] };
  const limits = { windowSeconds: 3600, limit: 0 };
  await services.brakes.ask(removals, {}, { isDue: true, limits, at: PAST });
  const linesOfBrakes = async () =>
    (await supervise(taskHub('Running').client)).filter((line) => line.includes('brake'));
  const line = JSON.stringify({ what: 'removal-brake-open', brake: 'usual-1', trippedAt: PAST });
  expect(await linesOfBrakes()).toEqual([line]);
  expect(await linesOfBrakes()).toEqual([line]);
  await services.brakes.close('usual-1', { state: 'discarded', by: 'a', reason: 'r', at: PAST });
  expect(await linesOfBrakes()).toEqual([]);
});

/** A defect fails a run; all else that ends one comes from outside. */
const endOf = (status: string) => (status === 'Failed' ? 'failed' : 'terminated');

test.each(['Gone', 'Failed', 'Terminated', 'Canceled', 'Completed'])(
  'a run that ended without closing is closed, behind its rows (%s)',
  async (status) => {
    const { eventHash, run, host, chain } = await started();
    const logged = await supervise(taskHub(status).client);
    await expectClosed(eventHash, endOf(status), ['intended', 'closing']);
    const reason = `instance-${status.toLowerCase()}`;
    expect(linesOf(logged, eventHash)).toEqual([
      { what: 'closed', eventHash, attempt: 1, outcome: endOf(status), reason },
      { what: 'closed-late', eventHash, attempt: 1, status },
    ]);
    // Whatever of the run still comes finds that it is over.
    const late = await host.call(activities.submitRequest, {
      ...{ run, chain, at: PAST, step, intentRecorded: true },
    });
    expect(late.outcome).not.toMatchObject({ kind: 'done' });
    const plan = await host.call(activities.planAccess, { run, fencingToken: 2, done: [] });
    expect(plan.outcome).toEqual({ kind: 'rejected', reason: 'stale' });
    expect(await rowsOf(eventHash)).toHaveLength(2);
  },
);

test.each(['Failed', 'Terminated'])(
  'an instance that ended before its run began ends the event, and a late begin does nothing (%s)',
  async (status) => {
    const { eventHash, execution } = await claimed();
    const hub = taskHub(status);
    await supervise(hub.client);
    expect(hub.started).toEqual([]);
    await expectClosed(eventHash, endOf(status), ['closing']);
    const begin = { ...execution, instanceId: instanceId(eventHash, 1), version: 1 };
    const { outcome } = await hostOf(services).call(activities.beginRun, begin);
    expect(outcome).toEqual({ kind: 'rejected', reason: 'stale' });
  },
);

test('a closing that was broken off is finished with what it had decided, whole', async () => {
  const { eventHash, run, chain } = await started();
  const ending = { outcome: 'delivered', targetId: 'u-1', deliveredAt: PAST } as const;
  await services.claims.beginClosing(run, { ...ending, chain }, PAST);
  const logged = await supervise(taskHub('Gone').client);
  await expectClosed(eventHash, 'delivered', ['intended', 'closing']);
  // Nobody has ended it from outside.
  const told = { what: 'closed', eventHash, attempt: 1, outcome: 'delivered' };
  expect(linesOf(logged, eventHash)).toEqual([told]);
  expect((await rowsOf(eventHash)).at(-1)).toMatchObject(ending);
});

test('a run that has written its closing row, and whose claim does not know it, is closed as the row says', async () => {
  const { eventHash, run, host, chain } = await started();
  await services.workerLocks.release(lockOf(run, 1));
  const dying = hostOf({
    ...services,
    claims: { ...services.claims, finishClosing: () => Promise.reject(new Error('crash')) },
  });
  const closing = { run, chain, at: PAST, fencingToken: 2, targetId: 'u-1', deliveredAt: PAST };
  const delivered = { ...closing, outcome: 'delivered' as const };
  await expect(dying.call(activities.closeRun, delivered)).rejects.toThrow('defect');
  expect(await services.claims.read(eventHash)).toMatchObject({ state: 'started' });
  const logged = await supervise(taskHub('Terminated').client);
  await expectClosed(eventHash, 'delivered', ['intended', 'closing']);
  const told = { what: 'closed', eventHash, attempt: 1, outcome: 'delivered' };
  expect(linesOf(logged, eventHash)).toEqual([told]);
  expect(await services.claims.read(eventHash)).toMatchObject({
    targetId: 'u-1',
    deliveredAt: PAST,
  });
  const late = await host.call(activities.closeRun, { ...delivered, outcome: 'failed' });
  expect(late.outcome.kind).not.toBe('later');
  expect(await rowsOf(eventHash)).toHaveLength(2);
});

test('a closing row that a supervisor has overlooked decides against what its claim was told', async () => {
  const { eventHash, run, chain } = await started();
  await services.workerLocks.release(lockOf(run, 1));
  const overlooked = { ...services.ledger, endOf: () => Promise.resolve({ chain }) };
  const closing = { run, chain, at: PAST, fencingToken: 2, targetId: 'u-1', deliveredAt: PAST };
  const dying = hostOf({
    ...services,
    claims: { ...services.claims, finishClosing: () => Promise.reject(new Error('crash')) },
  });
  const delivered = { ...closing, outcome: 'delivered' as const };
  await expect(dying.call(activities.closeRun, delivered)).rejects.toThrow('defect');
  await supervise(taskHub('Terminated').client, { ledger: overlooked });
  await expectClosed(eventHash, 'delivered', ['intended', 'closing']);
});

test('supervisors and the run itself at the same moment close once, with one decision', async () => {
  const { eventHash, run, host, chain } = await started();
  const closing = { run, chain, at: PAST, outcome: 'denied' as const };
  const { client } = taskHub('Failed');
  const tries = await Promise.all([
    ...[supervise(client), supervise(client), supervise(client)],
    host.call(activities.closeRun, { ...closing, fencingToken: 2 }),
  ]);
  expect(tries).toHaveLength(4);
  await supervise(client);
  const claim = await services.claims.read(eventHash);
  await expectClosed(eventHash, String(claim?.outcome), ['intended', 'closing']);
});

test('while another run has the turn of the worker the event waits, and is closed afterwards', async () => {
  const [first, second] = [await started(), await started()];
  await services.workerLocks.release({
    ...first.run,
    workerId: first.run.fact.workerId,
    fencingToken: 1,
  });
  const other = {
    workerId: first.run.fact.workerId,
    instanceId: second.run.instanceId,
    fencingToken: 9,
  };
  await services.workerLocks.acquire(other, () => Promise.resolve(false));
  await services.due.cancel(placeOf(second.eventHash, PAST));
  await supervise(taskHub('Failed').client);
  expect(await services.claims.read(first.eventHash)).toMatchObject({ state: 'started' });
  await services.workerLocks.release(other);
  await supervise(taskHub('Failed').client);
  await expectClosed(first.eventHash, 'failed', ['intended', 'closing']);
});

test('a row without a claim, of a closed one, or beside the place that the claim knows is forgotten', async () => {
  const orphan = hash('e');
  const closed = await started();
  await hostOf(services).call(activities.closeRun, {
    ...{
      run: closed.run,
      chain: closed.chain,
      at: PAST,
      fencingToken: 2,
      outcome: 'denied' as const,
    },
  });
  const { eventHash } = await claimed();
  const stray = '2026-11-20T10:00:00.000Z';
  for (const one of [orphan, closed.eventHash, eventHash]) await services.due.schedule(one, stray);
  await supervise(taskHub('Running').client);
  expect(await watched(orphan)).toEqual([]);
  expect(await watched(closed.eventHash)).toEqual([]);
  const claim = await services.claims.read(eventHash);
  expect(await watched(eventHash)).toEqual([claim?.due.key]);
});

test('a host that does not say what an instance does ends nothing', async () => {
  const { eventHash } = await started();
  const logged = await supervise(taskHub('away').client);
  expect(await services.claims.read(eventHash)).toMatchObject({ state: 'started' });
  expect(await watched(eventHash)).toEqual([placeOf(eventHash, PAST).key]);
  expect(logged.join()).toContain('"why":"HostUnavailable"');
  await supervise(taskHub('Failed').client);
});

test('a store that is away is waited for, and a defect in one row stops no other', async () => {
  const { eventHash } = await started();
  const away = { ...services.claims, read: () => Promise.reject(new StoreUnavailable('away')) };
  expect((await supervise(taskHub('Failed').client, { claims: away })).join()).toContain('held');
  const stray = `${'0'.repeat(16)}-${eventHash}`;
  await storage.table('claims').insert(hash('a'), 'claim', { state: 'CANARY' });
  await storage.table('due').insert(placeOf(eventHash, PAST).partition, stray, {
    ...{ eventHash: hash('a'), scheduledFor: PAST },
  });
  const logged = await supervise(taskHub('Failed').client);
  expect(logged.join()).toContain('"what":"defect"');
  expect(logged.join()).not.toContain('CANARY');
  expect(await services.claims.read(eventHash)).toMatchObject({ state: 'closed' });
  await storage.table('due').remove(placeOf(eventHash, PAST).partition, stray);
});

test('more rows than one page holds are all looked at', async () => {
  const shard = 'shard-f';
  await atOnce(250, (index) =>
    services.due.schedule(`f${String(index).padStart(63, '0')}`, '2026-11-20T11:00:00.000Z'),
  );
  const looked = new Set<string>();
  for await (const { key } of services.due.ready(shard, new Date().toISOString())) looked.add(key);
  expect(looked.size).toBeGreaterThanOrEqual(250);
  await supervise(taskHub('Running').client);
  const left = await storage.table('due').list(shard);
  expect(
    left.filter(({ columns }) => String(columns['scheduledFor']).startsWith('2026-11-20T11')),
  ).toEqual([]);
});
