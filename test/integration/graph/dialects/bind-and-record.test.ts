import { activities, type Answer } from '../../../../shared/domain/workflow/activities';
import type { Claim } from '../../../../shared/domain/workflow/claim';
import { instanceId, justification } from '../../../../shared/domain/events/keys';
import { START_OF_CHAIN, type Run } from '../../../../shared/domain/workflow/run';
import { hostOf, servicesOver } from '../../../support/call-activity';
import type { Holding } from '../../../../shared/storage/holdings';
import { lockOf } from '../../../../shared/storage/worker-locks';
import { plannedStep } from '../../../support/steps';
import { openStorage, type Storage } from '../../../support/storage';
import { refusal, startReceiver, unclear } from './recorder';

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const AT = '2026-11-20T09:30:02.000Z';
const ids = { accessPackageId: 'p-1', catalogId: 'c-1', assignmentPolicyId: 'a-1' };
const packageKey = 'finance';
const stepOf = ({ fact }: Run) => plannedStep(packageKey, { personId: fact.workerId, ids });
let events = 0;

/** A run that has the turn of its worker, before a receiver of its own. */
async function begun() {
  events += 1;
  const receiver = startReceiver();
  const parts = servicesOver(storage, receiver.graph);
  const eventHash = String(events).padStart(64, 'd');
  const workerId = `D-${events}`;
  const claim: Claim = {
    ...{ state: 'claimed', contentHash: 'c'.repeat(64), attempt: 1, updatedAt: AT },
    fact: {
      ...{ eventId: `d-${events}`, eventSource: 'urn:hr:acme:workday', bodyHash: 'b'.repeat(64) },
      ...{ eventType: 'hr.worker.joined.v1', workerId, employmentId: 'primary' },
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
    due: await parts.due.schedule(eventHash, AT),
  };
  await parts.claims.claim(eventHash, claim);
  const host = hostOf(parts);
  const execution = {
    ...{ eventHash, attempt: 1, instanceId: instanceId(eventHash, 1), token: 't-1', version: 1 },
  };
  const { outcome } = await host.call(activities.beginRun, execution);
  if (outcome.kind !== 'done') throw new Error('the run has begun');
  const { run } = outcome;
  await parts.workerLocks.acquire(lockOf(run, 1), parts.claims.isOver);
  const holding = () => parts.holdings.load(stepOf(run));
  const stored: Holding = {
    ...{ personId: workerId, targetId: 'u-1', packageKey, ...ids, action: 'grant', whose: 'ours' },
    ...{ eventHash, attempt: 1, instanceId: run.instanceId, updatedAt: AT },
    ...{ absentReads: 0, state: 'submitting' },
  };
  return { ...receiver, parts, holding, stored, run, ...activitiesOf(host, run) };
}

/** Calls the activities as the orchestration does: with the end of the chain that the last one answered. */
function activitiesOf(host: ReturnType<typeof hostOf>, run: Run) {
  let chain = START_OF_CHAIN;
  const told = () => ({ run, chain, at: AT, step: stepOf(run) });
  const heard = <Done extends object>(answer: Answer<Done>) => {
    chain = answer.chain ?? chain;
    return answer.outcome;
  };
  return {
    submit: async () =>
      heard(
        await host.call(activities.submitRequest, { ...told(), intentRecorded: chain.seq > 0 }),
      ),
    settle: async () => {
      const result = { outcome: 'delivered' as const };
      const step = { ...stepOf(run), requestId: 'r-1' };
      const settled = { ...told(), step, operation: 'assign' as const, result };
      return heard(await host.call(activities.settleStep, { ...settled, sawApproval: false }));
    },
  };
}

describe('a request that is created without its package', () => {
  test('is bound before the row says that it is requested', async () => {
    const { submit, log, holding, graph } = await begun();
    const bind = graph.bindRequest;
    const states: unknown[] = [];
    graph.bindRequest = async (...input) => {
      states.push((await holding())?.state);
      await bind?.(...input);
    };
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(states).toEqual(['submitting']);
    expect(await holding()).toMatchObject({ state: 'requested', requestId: 'r-1' });
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual(['003', '000']);
  });

  test('is found by its justification after a crash before it was bound, and bound once', async () => {
    const { submit, log, requests, parts, run, stored, holding } = await begun();
    await parts.holdings.save(stored);
    const mark = justification(run.eventHash, 1, packageKey);
    requests.push({ id: 'r-1', justification: mark });
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(await holding()).toMatchObject({ state: 'requested', requestId: 'r-1' });
    expect(log).toEqual(['000']);
  });

  test('is not bound again after a crash after it was', async () => {
    const { submit, log, requests, parts, run, stored } = await begun();
    await parts.holdings.save(stored);
    const mark = justification(run.eventHash, 1, packageKey);
    requests.push({ id: 'r-1', justification: mark, packageId: 'p-1' });
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual([]);
  });

  test('ends as failed if it has another package', async () => {
    const { submit, log, requests, parts, run, stored } = await begun();
    await parts.holdings.save(stored);
    const mark = justification(run.eventHash, 1, packageKey);
    requests.push({ id: 'r-1', justification: mark, packageId: 'p-2' });
    expect(await submit()).toEqual({ kind: 'failed', why: 'request-of-another-package' });
    expect(log).toEqual([]);
  });

  test('keeps its id in the row while it cannot be bound, however long no replica shows it', async () => {
    const { submit, log, faults, hidden, holding } = await begun();
    faults['000'] = [{ before: refusal(503, 'ServiceUnavailable') }];
    expect(await submit()).toMatchObject({ kind: 'later', why: 'graph-unavailable' });
    expect(await holding()).toMatchObject({ state: 'submitting', requestId: 'r-1' });
    hidden.requests = 5;
    for (let look = 0; look < 5; look += 1) {
      expect(await submit()).toMatchObject({ kind: 'later', why: 'request-not-visible' });
    }
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual(['003', '000']);
  });

  test('is not bound twice when the answer of the binding was lost', async () => {
    const { submit, log, faults } = await begun();
    faults['000'] = [{ after: unclear() }];
    expect(await submit()).toMatchObject({ kind: 'later', why: 'graph-timeout' });
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual(['003', '000']);
  });

  test('that no replica of the receiver can bind yet is tried again', async () => {
    const { submit, faults, log } = await begun();
    faults['000'] = [{ before: refusal(404, 'ResourceNotFound') }];
    expect(await submit()).toMatchObject({ kind: 'later', why: 'not-yet-visible' });
    expect(await submit()).toMatchObject({ kind: 'done' });
    expect(log).toEqual(['003', '000']);
  });

  test('whose binding is refused ends as failed, without a second request', async () => {
    const { submit, faults, log } = await begun();
    faults['000'] = [{ before: refusal(400, 'AmbiguousName') }];
    expect(await submit()).toMatchObject({
      ...{ kind: 'failed', why: 'unexpected-answer' },
      evidence: { graphStatus: 400, errorCode: 'AmbiguousName' },
    });
    expect(log).toEqual(['003']);
  });

  test.each([
    [400, 'IncompatibleAccess'],
    [403, 'AccessNotCompatible'],
  ])(
    'whose binding is refused with %i %s because of a package that the person holds is refused-sod',
    async (status, errorCode) => {
      const { submit, faults, assignments, incompatible } = await begun();
      assignments.push({ id: 'a-2', packageId: 'p-2', userId: 'u-1' });
      incompatible.push('p-2');
      faults['000'] = [{ before: refusal(status, errorCode) }];
      expect(await submit()).toMatchObject({
        ...{
          kind: 'done',
          result: { outcome: 'refused-sod', reason: 'holds-incompatible-package:p-2' },
        },
        evidence: { graphStatus: status, errorCode },
      });
    },
  );

  test.each([
    ['delivered', 'already-held'],
    ['partial', 'partly-delivered'],
    ['failed', 'failed'],
  ])(
    'whose binding is refused because the person has the package, which is %s, ends as %s',
    async (status, outcome) => {
      const { submit, faults, assignments } = await begun();
      assignments.push({ id: 'a-1', packageId: 'p-1', userId: 'u-1', status });
      faults['000'] = [{ before: refusal(409, 'InvalidRequestExistingGrant') }];
      expect(await submit()).toMatchObject({ kind: 'done', result: { outcome } });
    },
  );
});

describe('a request of another run for the same person and package', () => {
  const other = { instanceId: `${'e'.repeat(64)}-1`, eventHash: 'e'.repeat(64), attempt: 1 };
  const there = async (packageId?: string) => {
    const started = await begun();
    const mark = justification(other.eventHash, 1, packageKey);
    started.requests.push({ id: 'r-1', justification: mark, ...(packageId && { packageId }) });
    const save = (changes: object) =>
      started.parts.holdings.save({ ...started.stored, ...other, ...changes });
    return { ...started, save };
  };

  test('is polled while it is open, and no second one is sent', async () => {
    const { submit, save, log, holding, run } = await there('p-1');
    await save({ state: 'requested', requestId: 'r-1' });
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual([]);
    expect(await holding()).toMatchObject({ state: 'requested', instanceId: run.instanceId });
  });

  test('that was left unbound by a crash is bound and polled', async () => {
    const { submit, save, log } = await there();
    await save({ state: 'submitting' });
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual(['000']);
  });

  test('that no replica shows yet is waited for, unless it is old', async () => {
    const { submit, save, log, hidden } = await there('p-1');
    hidden.requests = 2;
    await save({ state: 'requested', requestId: 'r-1', updatedAt: new Date().toISOString() });
    expect(await submit()).toMatchObject({ kind: 'later', why: 'request-not-visible' });
    const grantThen = await there('p-1');
    grantThen.hidden.requests = 1;
    await grantThen.save({ state: 'requested', requestId: 'r-1', updatedAt: AT });
    expect(await grantThen.submit()).toMatchObject({ kind: 'done', requestId: 'r-2' });
    expect([log, grantThen.log]).toEqual([[], ['003', '000']]);
  });
});

describe('an assignment that is left to the client to record', () => {
  const requested = async () => {
    const started = await begun();
    await started.submit();
    started.log.length = 0;
    return started;
  };
  const notVisible = { kind: 'later', afterSeconds: 1, why: 'assignment-not-visible' };

  test('is read, recorded once, and confirmed', async () => {
    const { settle, log, hidden, holding } = await requested();
    expect(await settle()).toEqual(notVisible);
    hidden.assignments = 5;
    for (let look = 0; look < 5; look += 1) expect(await settle()).toEqual(notVisible);
    expect(await settle()).toMatchObject({ kind: 'done', outcome: 'delivered' });
    expect(log).toEqual(['004']);
    expect(await holding()).toMatchObject({ state: 'held', assignmentId: 'a-1' });
  });

  test('that is there already is not recorded', async () => {
    const { settle, log, assignments } = await requested();
    assignments.push({ id: 'a-9', packageId: 'p-1', userId: 'u-1' });
    expect(await settle()).toMatchObject({ kind: 'done', outcome: 'delivered' });
    expect(log).toEqual([]);
  });

  test('is found after a crash or a lost answer, though a replica denies it twice', async () => {
    const { settle, log, faults, hidden } = await requested();
    faults['004'] = [{ after: unclear() }];
    expect(await settle()).toMatchObject({ kind: 'later', why: 'graph-timeout' });
    hidden.assignments = 2;
    expect(await settle()).toEqual(notVisible);
    expect(await settle()).toEqual(notVisible);
    expect(await settle()).toMatchObject({ kind: 'done', outcome: 'delivered' });
    expect(log).toEqual(['004']);
  });

  test('is recorded again once three reads agree that a lost write did not happen', async () => {
    const { settle, log, faults } = await requested();
    faults['004'] = [{ before: unclear() }];
    await settle();
    expect(await settle()).toEqual(notVisible);
    expect(await settle()).toEqual(notVisible);
    expect(log).toEqual([]);
    expect(await settle()).toEqual(notVisible);
    expect(await settle()).toMatchObject({ kind: 'done', outcome: 'delivered' });
    expect(log).toEqual(['004']);
  });

  test('that another client has recorded is waited for', async () => {
    const { settle, faults, assignments } = await requested();
    faults['004'] = [{ before: refusal(409, 'InvalidRequestExistingGrant') }];
    expect(await settle()).toEqual(notVisible);
    assignments.push({ id: 'a-9', packageId: 'p-1', userId: 'u-1' });
    expect(await settle()).toMatchObject({ kind: 'done', outcome: 'delivered' });
  });

  test('that is refused may be recorded at once when the refusal has passed', async () => {
    const { settle, faults, holding, log } = await requested();
    faults['004'] = [{ before: refusal(429, 'TooManyRequests') }, { before: refusal(403, '') }];
    expect(await settle()).toMatchObject({ kind: 'later', why: 'throttled' });
    expect(await settle()).toMatchObject({ kind: 'failed', why: 'permission' });
    expect(await holding()).toMatchObject({ state: 'requested' });
    expect(await settle()).toEqual(notVisible);
    expect(log).toEqual(['004']);
  });

  test('is not recorded by a run whose grant another run has taken over', async () => {
    const { settle, log, parts, run, holding } = await requested();
    const mine = await holding();
    if (!mine) throw new Error('the holding is there');
    const other = { ...mine, instanceId: `${run.eventHash}-2`, attempt: 2 };
    await parts.holdings.save(other);
    expect(await settle()).toEqual(notVisible);
    expect(log).toEqual([]);
  });

  test('keeps the id of its request for a submit that comes late', async () => {
    const { settle, submit, log } = await requested();
    await settle();
    expect(await submit()).toMatchObject({ kind: 'done', requestId: 'r-1' });
    expect(log).toEqual(['004']);
  });
});
