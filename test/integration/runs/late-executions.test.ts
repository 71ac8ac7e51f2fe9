import { activities } from '../../../shared/domain/workflow/activities';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import { lockOf } from '../../../shared/storage/worker-locks';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { instanceId } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN, type ChainEnd, type Run } from '../../../shared/domain/workflow/run';
import { readyToStart } from '../../../shared/events/start';
import { hostOf, servicesOver } from '../../support/call-activity';
import { plannedStep } from '../../support/steps';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let events = 0;

beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const AT = '2026-11-20T09:30:02.000Z';
const ids = { accessPackageId: 'p-1', catalogId: 'c-1', assignmentPolicyId: 'a-1' };

const rowsOf = ({ eventHash }: Run) =>
  createLedgerReader(storage.table('audit'), storage.table('auditIndex')).ofEvent(eventHash);

/** A run of an event of its own, begun and with the turn of its worker. */
async function begun(parts = servicesOver(storage)) {
  events += 1;
  const eventHash = String(events).padStart(64, '0');
  const due = await parts.due.schedule(eventHash, AT);
  const claim: Claim = {
    state: 'claimed',
    contentHash: hash('c'),
    attempt: 1,
    fact: {
      ...{ eventId: `e-${events}`, eventSource: 'urn:hr:acme:workday', bodyHash: hash('b') },
      ...{ eventType: 'hr.worker.joined.v1', workerId: `W-${events}`, employmentId: 'primary' },
      ...{ startDate: '2026-11-23', timeZone: 'Europe/Berlin', actAt: '2026-11-22T23:00:00.000Z' },
      ...{ occurredAt: AT, receivedAt: AT },
    },
    content: {
      states: {
        kind: 'joined',
        startDate: '2026-11-23',
        attributes: { department: 'Finance', workerType: 'employee' },
      },
      acceptedAt: AT,
    },
    due,
    updatedAt: AT,
  };
  await parts.claims.claim(eventHash, claim);
  await readyToStart(parts, eventHash, claim);
  const host = hostOf(parts);
  const execution = {
    eventHash,
    attempt: 1,
    instanceId: instanceId(eventHash, 1),
    token: 't-1',
    version: 1,
  };
  const { outcome } = await host.call(activities.beginRun, execution);
  if (outcome.kind !== 'done') throw new Error('the run has begun');
  const { run } = outcome;
  await parts.workerLocks.acquire(lockOf(run, 1), parts.claims.isOver);
  return { parts, host, run, execution };
}

/** Graph makes each request: `r-1`, `r-2` and so on. */
function requests() {
  let made = 0;
  const submitAssignmentRequest = () => {
    made += 1;
    return Promise.resolve({ id: `r-${made}`, packageId: 'p-1', requestStatus: 'open' } as never);
  };
  return { count: () => made, submitAssignmentRequest };
}

const stepOf = ({ fact }: Run) => plannedStep('finance', { personId: fact.workerId, ids });
const stepInput = (run: Run, chain: ChainEnd = START_OF_CHAIN, intentRecorded = false) => ({
  ...{ run, chain, at: AT, step: stepOf(run), intentRecorded },
});
const closeInput = (run: Run, chain: ChainEnd = START_OF_CHAIN) => ({
  ...{ run, chain, at: AT, fencingToken: 2, targetId: 'u-1', reason: 'defect' },
  outcome: 'failed' as const,
});

test('a second start of the same instance does nothing; the same execution may begin again', async () => {
  const { host, execution, run, parts } = await begun();
  const other = await host.call(activities.beginRun, { ...execution, token: 't-2' });
  expect(other.outcome).toEqual({ kind: 'rejected', reason: 'stale' });
  expect((await host.call(activities.beginRun, execution)).outcome).toMatchObject({
    kind: 'done',
    run,
  });
  expect(await parts.workers.facts(run.fact.workerId)).toHaveLength(1);
});

test('a run that begins late, after its event is closed, does nothing', async () => {
  const { host, execution, run } = await begun();
  await host.call(activities.closeRun, closeInput(run));
  expect((await host.call(activities.beginRun, execution)).outcome).toEqual({
    kind: 'rejected',
    reason: 'stale',
  });
});

test('a defect after a row was written still tells the end of the chain, and nothing of its text', async () => {
  const findAssignments = () => Promise.reject(new TypeError('CANARY'));
  const { host, run } = await begun(servicesOver(storage, { findAssignments }));
  const { outcome, chain } = await host.call(activities.submitRequest, stepInput(run));
  expect(outcome).toEqual({ kind: 'later', afterSeconds: 5, why: 'defect' });
  expect(chain?.seq).toBe(1);
  expect(host.logged.join()).toContain('"activity":"submitRequest"');
  expect(host.logged.join()).not.toContain('CANARY');
  await host.call(activities.closeRun, closeInput(run, chain));
  const rows = await rowsOf(run);
  expect(rows.map(({ kind }) => kind)).toEqual(['intended', 'closing']);
  expect(chainFaults(rows)).toEqual([]);
});

test('a defect before any row is thrown, without the text that it had', async () => {
  const { host, run } = await begun();
  const broken = { ...stepInput(run), step: 'CANARY' } as never;
  const error = await host
    .call(activities.submitRequest, broken)
    .catch((thrown: unknown) => thrown);
  expect((error as Error).message).toBe('submitRequest: defect');
});

test('the event is closed although the answers of its last activities were lost', async () => {
  const findAssignments = () => Promise.reject(new TypeError('broken'));
  const { host, run, parts } = await begun(servicesOver(storage, { findAssignments }));
  await host.call(activities.submitRequest, stepInput(run));
  expect((await host.call(activities.closeRun, closeInput(run))).outcome).toEqual({ kind: 'done' });
  const claim = await parts.claims.read(run.eventHash);
  expect(claim).toMatchObject({ state: 'closed', outcome: 'failed' });
  const rows = await rowsOf(run);
  expect(rows.map(({ kind }) => kind)).toEqual(['intended', 'closing']);
  const told = { what: 'closed', eventHash: run.eventHash, outcome: 'failed', reason: 'defect' };
  expect(JSON.parse(host.logged.at(-1) ?? '')).toMatchObject(told);
  expect(chainFaults(rows, { attempt: 1, ...(claim?.chain ?? START_OF_CHAIN) })).toEqual([]);
});

test('closers at the same moment write one closing row, and leave nothing to look at', async () => {
  const { host, run, parts } = await begun();
  const outcomes = ['failed', 'timed-out', 'denied', 'no-identity'] as const;
  const answers = await atOnce(4, (index) =>
    host.call(activities.closeRun, { ...closeInput(run), outcome: outcomes[index] ?? 'failed' }),
  );
  expect(answers.some(({ outcome }) => outcome.kind === 'done')).toBe(true);
  const [row, ...others] = await rowsOf(run);
  expect(others).toEqual([]);
  const claim = await parts.claims.read(run.eventHash);
  expect(claim).toMatchObject({ state: 'closed', outcome: row?.outcome });
  const watched = await storage.table('due').list(claim?.due.partition ?? '');
  expect(watched.filter(({ key }) => key === claim?.due.key)).toEqual([]);
});

test.each(['claims.finishClosing', 'due.cancel'])(
  'a closing that breaks off before %s is finished by whoever comes next, with the first decision',
  async (where) => {
    const { host, run, parts } = await begun();
    const crash = () => Promise.reject(new Error('crash'));
    const dying = hostOf({
      ...parts,
      ...(where === 'due.cancel'
        ? { due: { ...parts.due, cancel: crash } }
        : { claims: { ...parts.claims, finishClosing: crash } }),
    });
    await expect(dying.call(activities.closeRun, closeInput(run))).rejects.toThrow('defect');
    const again = { ...closeInput(run), fencingToken: 3, outcome: 'timed-out' as const };
    const { outcome } = await host.call(activities.closeRun, {
      ...again,
      at: '2026-11-21T00:00:00Z',
    });
    expect(outcome.kind).not.toBe('later');
    expect((await rowsOf(run)).map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['closing', 'failed'],
    ]);
    expect(await parts.claims.read(run.eventHash)).toMatchObject({
      ...{ state: 'closed', outcome: 'failed' },
    });
  },
);

test('a submit that runs late, after the step was settled, asks Graph for nothing', async () => {
  const { host, run, parts } = await begun();
  const { eventHash, attempt, instanceId } = run;
  const { personId, targetId, packageKey } = stepOf(run);
  await parts.holdings.save({
    ...{ personId, targetId, packageKey, state: 'idle', action: 'grant', whose: 'ours' },
    ...{ eventHash, attempt, instanceId, absentReads: 0, requestId: 'r-1', outcome: 'denied' },
    updatedAt: AT,
  });
  const { outcome } = await host.call(activities.submitRequest, stepInput(run));
  expect(outcome).toEqual({ kind: 'rejected', reason: 'stale' });
});

test('a submit that runs late, after the turn was given back, sends no request', async () => {
  const findAssignments = () => Promise.resolve([]);
  const { host, run, parts } = await begun(servicesOver(storage, { findAssignments }));
  await host.call(activities.releaseLock, { run, fencingToken: 1 });
  const { outcome } = await host.call(activities.submitRequest, stepInput(run));
  expect(outcome).toMatchObject({ kind: 'later', why: 'lock-lost' });
  expect(await parts.holdings.load(stepOf(run))).toBeUndefined();
});

test('a submit that is executed again after it has released the lock answers its request, and makes no other', async () => {
  const { count, submitAssignmentRequest } = requests();
  const { host, run, parts } = await begun(servicesOver(storage, { submitAssignmentRequest }));
  const input = { ...stepInput(run), releases: 1 };
  const first = await host.call(activities.submitRequest, input);
  expect(first.outcome).toMatchObject({ kind: 'done', requestId: 'r-1', isReleased: true });
  expect(await parts.workerLocks.holderOf(run.fact.workerId)).toBeUndefined();
  const again = await host.call(activities.submitRequest, input);
  expect(again).toEqual(first);
  expect(count()).toBe(1);
  expect(await rowsOf(run)).toHaveLength(1);
});

test('after another run has taken the lock and changed the row, such a submit touches nothing and asks for a plan', async () => {
  const { submitAssignmentRequest } = requests();
  const { host, run, parts } = await begun(servicesOver(storage, { submitAssignmentRequest }));
  const input = { ...stepInput(run), releases: 1 };
  await host.call(activities.submitRequest, input);
  const own = await parts.holdings.load(stepOf(run));
  if (!own) throw new Error('there is a holding');
  const other = { ...own, action: 'revoke', state: 'submitting', instanceId: 'other-1' } as const;
  await parts.holdings.save(other);
  const { outcome } = await host.call(activities.submitRequest, input);
  expect(outcome).toMatchObject({ kind: 'later', why: 'lock-lost' });
  const left = await parts.holdings.load(stepOf(run));
  expect(left).toEqual({ ...other, etag: left?.etag });
});

test('the rows of a package that was found complete are written before that of the request, once', async () => {
  const { submitAssignmentRequest } = requests();
  const { host, run } = await begun(servicesOver(storage, { submitAssignmentRequest }));
  const policy = { approval: 'not-required', schedule: 'allowed' } as const;
  const input = { ...stepInput(run), step: { ...stepOf(run), isEnsured: true, policy } };
  const { chain } = await host.call(activities.submitRequest, input);
  expect((await host.call(activities.submitRequest, input)).chain).toEqual(chain);
  const rows = await rowsOf(run);
  expect(rows.map(({ kind, step, outcome }) => [kind, step, outcome])).toEqual([
    ['intended', 'ensure', undefined],
    ['settled', 'ensure', 'complete'],
    ['intended', 'assign', undefined],
  ]);
  expect(rows[1]).toMatchObject({ ...ids, policyApproval: 'not-required' });
  expect(chainFaults(rows)).toEqual([]);
});

test('a fact that is not there is a defect, never an event for which no rule holds', async () => {
  const { host, run } = await begun();
  const lost = { ...run, fact: { ...run.fact, workerId: 'W-without-facts' } };
  await expect(
    host.call(activities.planAccess, { run: lost, fencingToken: 1, done: [] }),
  ).rejects.toThrow('planAccess: defect');
});
