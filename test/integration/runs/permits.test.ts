import { RECHECK } from '../../../shared/domain/events/event';
import { eventHash } from '../../../shared/domain/events/keys';
import type { Permit } from '../../../shared/domain/lifecycle/gate';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { requestRecheck } from '../../../shared/events/recheck';
import { mapConcurrent } from '../../../shared/promises';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import { readGraph, readTables } from '../../resilience/invariants/evidence';
import { violations } from '../../resilience/invariants/violations';
import { eventually } from '../../support/eventually';
import { lifecycleEvent, messageOf, type TestMessage } from '../../support/events';
import { startSimulator, type Simulator } from '../../support/simulator';
import { atOnce, openStorage, type Storage } from '../../support/storage';
import { intakeOf, startingClient } from '../events/intake';
import { claim, driveRun, type RunOptions } from './drive-run';
import { startProcess, type ChangeModel, type Death, type Process } from './process';

/* What a reconciliation permits, from its request to the rows: real tables, the Graph simulator, the intake and the runs. */

/** Sales gives three packages, all others one. */
const model: ChangeModel = ({ birthrights, ...sample }) => ({
  ...sample,
  birthrights: birthrights.map((rule) =>
    rule.id === 'sales-staff' ? { ...rule, packages: ['sales', 'finance', 'warehouse'] } : rule,
  ),
});
const finance = { department: 'Finance', workerType: 'employee' };
const sales = { department: 'Sales', workerType: 'employee' };
const JOINED = { startDate: '2026-11-02', attributes: finance };
const RELEASED = { brake: 'reconcile-1', by: 'ann', reason: 'INC-7' };
const WHO = { by: 'reconciliation', reason: 'daily-run' };

let storage: Storage;
let simulator: Simulator;
const sent: TestMessage[] = [];
/** Events whose runs have not begun. */
const lost = new Set<string>();
beforeAll(async () => {
  [storage, simulator] = await Promise.all([
    openStorage(),
    startSimulator(0, 'v1.0', { deliveryMs: 0, policyMs: 1, lagMs: 0 }),
  ]);
});
afterAll(() => Promise.all([storage.close(), simulator.stop()]));

const start = (death?: Death, removals = {}): Process =>
  startProcess(storage, { ...simulator, model }, death, { removals });

let people = 1020;
const somebody = (): string => `W-${(people += 1)}`;

/** Stores what HR states of a worker, as if its run had been lost: it runs by `run`. */
async function state(workerId: string, type: string, data: object): Promise<string> {
  const at = new Date(Date.parse('2026-11-01T09:00:00Z') + sent.length * 60_000).toISOString();
  const id = `e-${sent.length + 1}`;
  const message = messageOf(lifecycleEvent(type, workerId, { ...data }, { id, time: at }));
  sent.push(message);
  await claim(start(), message);
  lost.add(message.eventHash);
  return message.eventHash;
}

const run = async (hash: string, options: Partial<RunOptions> = {}): Promise<void> => {
  lost.delete(hash);
  await driveRun({ eventHash: hash, token: `t-${hash}`, pauseMs: 0, start, ...options });
};

/** A worker of an account of their own, for whom the runs of these events are over. */
async function worker(...states: [type: string, data: object][]): Promise<string> {
  const workerId = somebody();
  for (const [type, data] of states) await run(await state(workerId, type, data));
  return workerId;
}

type Tenant = Awaited<ReturnType<typeof readGraph>>['graph'];
const tenant = async (): Promise<Tenant> => (await readGraph(simulator.url)).graph;

/** What somebody holds in Graph: ids of assignments by name of the package. */
async function held(workerId: string): Promise<Map<string, string>> {
  const { assignments, accessPackages } = await tenant();
  const [user] = await simulator.graph.findUsers('employeeId', workerId);
  const names = new Map(accessPackages.map(({ id, displayName }) => [id, displayName]));
  const own = assignments.filter(
    ({ targetId, state: one }) => targetId === user?.id && one !== 'expired',
  );
  return new Map(own.map(({ id, packageId }) => [names.get(packageId) ?? '', id]));
}
const has = async (workerId: string): Promise<string[]> =>
  [...(await held(workerId)).keys()].sort();

/** As an administrator takes it in the portal. */
const take = async (workerId: string, ...names: string[]): Promise<void> => {
  const all = await held(workerId);
  for (const name of names)
    await post(`${ENTITLEMENTS}/assignmentRequests`, {
      ...{ requestType: 'adminRemove', assignment: { id: all.get(name) } },
    });
  await eventually('the administrator has taken it', async () => {
    const left = await has(workerId);
    return names.every((name) => !left.includes(name));
  });
};
const give = (employeeId: string, packageName: string): Promise<void> =>
  post('/_control/assignments', { packageName, employeeId });

const ENTITLEMENTS = '/v1.0/identityGovernance/entitlementManagement';
const PLANTED = 'by an administrator';
async function post(path: string, body: object): Promise<void> {
  const answer = await fetch(simulator.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, justification: PLANTED }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

type Pair = Permit['pairs'][number];
const grant = (packageKey: string): Pair => ({ packageKey, action: 'grant' });
const revoke = (packageKey: string): Pair => ({ packageKey, action: 'revoke' });
const permitFor = (pairs: Pair[], more: Partial<Permit> = {}): Permit => ({
  run: 'run-1',
  pairs,
  ...more,
});

/** Asks as a reconciliation does; answers the event and the messages that it sends. */
async function ask(workerId: string, permit: Permit) {
  const messages: Uint8Array[] = [];
  const send = (body: Uint8Array) => Promise.resolve(void messages.push(body));
  const asked = await requestRecheck(
    start().services,
    send,
    { workerId, ...WHO, permit },
    new Date(),
  );
  return { id: asked?.id ?? '', hash: eventHash(RECHECK, asked?.id ?? ''), messages };
}

/** Lets the intake of the app take a message; answers the instances that it starts. */
async function deliver(message: Uint8Array | undefined) {
  const { client, started } = startingClient();
  await intakeOf(start().services, client).deliver(Buffer.from(message ?? []));
  return started;
}

/** The rows of an event in short, its end, and those rows of steps as they are. */
async function ending(hash: string) {
  const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));
  const rows = await reader.ofEvent(hash);
  const stored = await start().services.claims.read(hash);
  expect(chainFaults(rows, { attempt: 1, ...(stored?.chain ?? START_OF_CHAIN) })).toEqual([]);
  const steps = rows.filter(({ kind, step }) => kind === 'settled' && step !== 'ensure');
  const closing = rows.filter(({ kind }) => kind === 'closing');
  expect(closing).toHaveLength(1);
  const { outcome, reason } = closing[0] ?? {};
  return {
    rows: steps.map((row) => `${row.action} ${row.packageKey}: ${row.outcome}`).sort(),
    end: [outcome, reason].filter(Boolean).join(': '),
    all: rows,
    steps,
  };
}

/** A recheck from its request to its end. */
async function recheck(workerId: string, permit: Permit, options: Partial<RunOptions> = {}) {
  const { hash, messages } = await ask(workerId, permit);
  await deliver(messages[0]);
  await run(hash, options);
  return ending(hash);
}

test('of a plan only what the permit names is done; every other step is closed as not-permitted', async () => {
  const workerId = await worker(['joined', { ...JOINED, attributes: sales }]);
  await take(workerId, 'Finance', 'Sales', 'Warehouse');
  const { rows, end, all } = await recheck(workerId, permitFor([grant('finance')]));
  expect(rows).toEqual([
    'grant finance: delivered',
    'grant sales: not-permitted',
    'grant warehouse: not-permitted',
  ]);
  expect(end).toBe('delivered');
  expect(await has(workerId)).toEqual(['Finance']);
  const who = { initiator: 'recheck:reconciliation', requestReason: 'daily-run' };
  for (const row of all) expect(row).toMatchObject(who);
});

test('a permit for what the plan does not want gives nothing and takes nothing', async () => {
  const workerId = await worker(['joined', JOINED]);
  const { rows, end } = await recheck(
    workerId,
    permitFor([grant('sales'), grant('warehouse'), revoke('finance')]),
  );
  expect(rows).toEqual(['grant finance: already-held']);
  expect(end).toBe('superseded: no-longer-planned');
  expect(await has(workerId)).toEqual(['Finance']);
});

test('who has moved since then keeps and gets nothing by a permit that no longer fits', async () => {
  const workerId = await worker(['joined', JOINED]);
  await take(workerId, 'Finance');
  const { hash, messages } = await ask(workerId, permitFor([grant('finance')]));
  const engineering = { department: 'Engineering', workerType: 'employee' };
  const moved = await state(workerId, 'moved', {
    ...{ effectiveDate: '2026-11-20', attributes: engineering },
  });
  await deliver(messages[0]);
  await run(hash);
  expect(await ending(hash)).toMatchObject({
    ...{ rows: ['grant engineering: not-permitted'], end: 'superseded: no-longer-planned' },
  });
  expect(await has(workerId)).toEqual([]);
  await run(moved);
  expect(await has(workerId)).toEqual(['Engineering']);
});

test('who has left since then gets nothing, and loses nothing by a permit for a grant', async () => {
  const workerId = await worker(['joined', { ...JOINED, attributes: sales }]);
  await take(workerId, 'Finance');
  const { hash, messages } = await ask(workerId, permitFor([grant('finance')]));
  const left = await state(workerId, 'left', { lastDay: '2026-11-20' });
  await deliver(messages[0]);
  await run(hash);
  expect(await ending(hash)).toMatchObject({
    rows: ['revoke sales: not-permitted', 'revoke warehouse: not-permitted'],
    end: 'superseded: no-longer-planned',
  });
  expect(await has(workerId)).toEqual(['Sales', 'Warehouse']);
  await run(left);
  expect(await has(workerId)).toEqual([]);
});

test('who got it by hand since then is not asked for again', async () => {
  const workerId = await worker(['joined', JOINED]);
  await take(workerId, 'Finance');
  const { hash, messages } = await ask(workerId, permitFor([grant('finance')]));
  await give(workerId, 'Finance');
  const before = (await tenant()).requests.length;
  await deliver(messages[0]);
  await run(hash);
  expect(await ending(hash)).toMatchObject({
    ...{ rows: ['grant finance: already-held'], end: 'already-held: held-meanwhile' },
  });
  expect((await tenant()).requests).toHaveLength(before);
});

/** Somebody whose access the rules gave and, as they are now, do not give. */
async function withExtra(): Promise<string> {
  const workerId = await worker(['joined', { ...JOINED, attributes: sales }]);
  await state(workerId, 'left', { lastDay: '2026-11-20' });
  return workerId;
}

test('what was lost by hand since then is not removed again, and what somebody is to have again is kept', async () => {
  const workerId = await withExtra();
  const gone = await ask(workerId, permitFor([revoke('finance')]));
  await take(workerId, 'Finance');
  await deliver(gone.messages[0]);
  await run(gone.hash);
  expect(await ending(gone.hash)).toMatchObject({
    rows: ['revoke sales: not-permitted', 'revoke warehouse: not-permitted'],
    end: 'superseded: no-longer-planned',
  });
  const kept = await ask(workerId, permitFor([revoke('sales')], { run: 'run-2' }));
  await state(workerId, 'joined', { startDate: '2026-11-23', attributes: sales });
  await deliver(kept.messages[0]);
  await run(kept.hash);
  expect(await ending(kept.hash)).toMatchObject({
    rows: [
      'grant finance: not-permitted',
      'grant sales: already-held',
      'grant warehouse: already-held',
    ],
    end: 'superseded: no-longer-planned',
  });
  expect(await has(workerId)).toEqual(['Sales', 'Warehouse']);
});

test('a permit that a person released passes the removal brake, and each row says who released it', async () => {
  const workerId = await withExtra();
  const permit = permitFor([revoke('finance')], { released: RELEASED });
  const { rows, end, steps } = await recheck(workerId, permit, {
    start: () => start(undefined, { limit: 0 }),
  });
  expect(rows).toEqual([
    'revoke finance: revoked',
    'revoke sales: not-permitted',
    'revoke warehouse: not-permitted',
  ]);
  expect(end).toBe('revoked');
  const decision = { brake: 'reconcile-1', decidedBy: 'ann', decisionReason: 'INC-7' };
  const [revoked, ...others] = steps.toSorted((one, other) =>
    String(one.packageKey).localeCompare(String(other.packageKey)),
  );
  expect(revoked).toMatchObject(decision);
  for (const row of others) expect(row.brake).toBeUndefined();
  expect(await has(workerId)).toEqual(['Sales', 'Warehouse']);
});

test('a grant that a person released says so, too', async () => {
  const workerId = await worker(['joined', JOINED]);
  await take(workerId, 'Finance');
  const { rows, steps } = await recheck(
    workerId,
    permitFor([grant('finance')], { released: RELEASED }),
  );
  expect(rows).toEqual(['grant finance: delivered']);
  expect(steps).toMatchObject([{ brake: 'reconcile-1', decidedBy: 'ann' }]);
});

test('one run asks once for one person, by any of their numbers: one event with the first permit, however often it arrives', async () => {
  const workerId = await worker(['joined', JOINED]);
  const next = somebody();
  await state(next, 'joined', { ...JOINED, previousWorkerId: workerId });
  await take(workerId, 'Finance');
  const first = await ask(workerId, permitFor([grant('finance')]));
  const all = await atOnce(6, (index) =>
    ask(index % 2 === 0 ? workerId : next, permitFor([grant('sales')])),
  );
  expect(new Set([first, ...all].map(({ id }) => id))).toEqual(new Set([`${workerId}@run-1`]));
  const messages = [first, ...all].flatMap((one) => one.messages);
  const started = await Promise.all([...messages, ...messages].map(deliver));
  const instances = started.flat().map((one) => (one as { instanceId: string }).instanceId);
  expect(new Set(instances).size).toBe(1);
  await run(first.hash);
  expect((await ending(first.hash)).rows).toEqual(['grant finance: delivered']);
  expect(await deliver(messages[0])).toEqual([]);
  const other = await ask(workerId, permitFor([grant('finance')], { run: 'run-2' }));
  expect(other.id).toBe(`${workerId}@run-2`);
});

test('a process that dies before or after any write of a permitted run: the next one ends it alike, once', async () => {
  const missing = async () => {
    const workerId = await worker(['joined', { ...JOINED, attributes: sales }]);
    await take(workerId, 'Finance', 'Sales');
    const { hash, messages } = await ask(workerId, permitFor([grant('finance')]));
    await deliver(messages[0]);
    return { workerId, hash };
  };
  const whole = await missing();
  const complete = start();
  await run(whole.hash, { start: () => complete });
  const { rows, end } = await ending(whole.hash);
  expect(rows).toEqual([
    'grant finance: delivered',
    'grant sales: not-permitted',
    'grant warehouse: already-held',
  ]);
  const points = complete.writes().flatMap((_, write) => [
    { write, side: 'before' as const },
    { write, side: 'after' as const },
  ]);
  const dieAt = async (death: Death) => {
    const { workerId, hash } = await missing();
    const lives = [start(death), start()];
    await run(hash, { start: () => lives.shift() ?? start() });
    const last = await ending(hash);
    return { death, left: lives.length, end: last.end, rows: last.rows, has: await has(workerId) };
  };
  const equal = { left: 0, end, rows, has: ['Finance', 'Warehouse'] };
  expect(await mapConcurrent(8, points, dieAt)).toEqual(
    points.map((death) => ({ death, ...equal })),
  );
}, 300_000);

test('all these runs have broken no rule of the app', async () => {
  for (const hash of lost) await run(hash);
  const tables = await readTables(storage.connectionString);
  const evidence = { tables, ...(await readGraph(simulator.url)) };
  expect(
    violations({ ...evidence, queue: [], deadLetters: [], texts: [] }, { sent, others: [PLANTED] }),
  ).toEqual([]);
});
