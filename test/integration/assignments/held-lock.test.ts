import type { Services } from '../../../functions/services';
import { createGate } from '../../../shared/assignments/gate';
import { planUnderLock } from '../../../shared/assignments/plan';
import { createRateBudget } from '../../../shared/graph/rate-budget';
import { servicesOver } from '../../support/call-activity';
import { hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let services: Services;
beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage, {});
});
afterAll(() => storage.close());

test('a lock that another run holds costs nothing of the rate of writes', async () => {
  const held = { workerId: 'W-7', instanceId: 'other', fencingToken: 1 };
  await services.workerLocks.acquire(held, () => Promise.resolve(false));
  const at = '2026-03-01T00:00:00.000Z';
  const fact = {
    ...{ eventSource: 'urn:hr:acme:workday', eventType: 't', bodyHash: hash('b'), eventId: 'x' },
    ...{ workerId: 'W-7', employmentId: 'primary', occurredAt: at, receivedAt: at },
  };
  const run = { eventHash: hash('3'), attempt: 1, instanceId: 'own', token: 't', fact };
  // Fourteen writes may be made at once.
  const budget = createRateBudget({ writesPerSecond: 0.1, readsPerSecond: 100, mostInstances: 1 });
  const gate = createGate(services);
  const claims = { isOver: () => Promise.resolve(false) };
  const knownPackage = () => Promise.resolve(undefined);
  const answers = new Set<string>();
  for (let fencingToken = 1; fencingToken <= 20; fencingToken += 1) {
    const outcome = await planUnderLock(
      { ...services, claims, budget, gate, knownPackage },
      { run, fencingToken, done: [], priority: { rank: 'grant' } },
      () => undefined,
    );
    answers.add(outcome.kind === 'later' ? outcome.why : outcome.kind);
  }
  expect(answers).toEqual(new Set(['lock-held']));
});
