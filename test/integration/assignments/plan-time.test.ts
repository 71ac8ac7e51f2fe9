import type { Services } from '../../../functions/services';
import { createGate } from '../../../shared/assignments/gate';
import { planAccess } from '../../../shared/assignments/plan';
import { CLOCK } from '../../../shared/domain/events/event';
import { servicesOver } from '../../support/call-activity';
import { hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let services: Services;
let looks = 0;
beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage, {
    findUsers: () => Promise.resolve([{ id: 'u-1', accountEnabled: true, value: 'W-1' }] as never),
    assignmentsOf: () => {
      looks += 1;
      return Promise.resolve([
        {
          ...{ id: 's-1', packageId: 'p-finance', policyId: 'a-1', catalogId: 'c-1' },
          ...{ status: 'delivered', until: undefined },
        },
      ]);
    },
  });
});
afterAll(() => storage.close());

const FACT = {
  ...{ eventSource: CLOCK, eventType: 'joinery.clock.v1', bodyHash: hash('b') },
  ...{ workerId: 'W-1', employmentId: 'primary' },
  ...{ occurredAt: '2026-03-01T00:00:00.000Z', receivedAt: '2026-03-01T00:00:00.000Z' },
};

/** The budget has room. */
const admit = () => Promise.resolve(undefined);

test('an event of the clock does what its instant brings, also on a machine whose clock is behind', async () => {
  const hired = '2026-01-01T00:00:00.000Z';
  const actAt = new Date(Date.now() + 60_000).toISOString();
  const shared = { source: 'urn:hr', workerId: 'W-1', employmentId: 'primary', acceptedAt: hired };
  await services.workers.addFact({
    ...{ ...shared, id: '1', hash: hash('1'), time: hired },
    states: {
      ...{ kind: 'joined', startDate: '2026-01-01' },
      attributes: { department: 'Finance', workerType: 'employee' },
    },
  });
  await services.workers.addFact({
    ...{ ...shared, id: '2', hash: hash('2'), time: '2026-01-02T00:00:00.000Z' },
    states: { kind: 'left', endsAt: actAt },
  });
  await services.holdings.save({
    ...{ personId: 'W-1', targetId: 'u-1', packageKey: 'finance', state: 'held', action: 'grant' },
    ...{ whose: 'ours', accessPackageId: 'p-finance', assignmentId: 's-1', eventHash: hash('1') },
    ...{ attempt: 1, instanceId: 'i', absentReads: 0, updatedAt: hired },
  });
  const fact = { ...FACT, eventId: `W-1@${actAt}`, actAt };
  const run = { eventHash: hash('3'), attempt: 1, instanceId: 'own', token: 't', fact };
  const gate = createGate(services);
  const plan = await planAccess({ ...services, gate, admit }, { run, done: [] }, () => undefined);
  expect(plan).toMatchObject({ kind: 'done', steps: [{ id: 'revoke:finance' }] });
});

test('while all of a plan is held nothing is looked at in Graph, until the person is to have something else', async () => {
  const paused = { ...services, config: { ...services.config, mode: 'paused' as const } };
  const fact = { ...FACT, eventId: 'W-1@later', actAt: '2026-03-01T00:00:00.000Z' };
  const run = { eventHash: hash('4'), attempt: 1, instanceId: 'own-2', token: 't', fact };
  const plan = (heldSince: string) =>
    planAccess(
      { ...paused, gate: createGate(paused), admit },
      { run, done: [], heldSince },
      () => undefined,
    );
  looks = 0;
  expect(await plan('2026-02-01T00:00:00.000Z')).toMatchObject({ kind: 'later', why: 'paused' });
  expect(looks).toBe(0);
  // The employment began since then.
  expect(await plan('2025-12-01T00:00:00.000Z')).toMatchObject({ kind: 'done', steps: [] });
  expect(looks).toBe(1);
});
