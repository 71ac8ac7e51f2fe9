import type { Services } from '../../../functions/services';
import { readAccess } from '../../../shared/assignments/current-access';
import { servicesOver } from '../../support/call-activity';
import { hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let services: Services;
beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage, {
    assignmentsOf: () =>
      Promise.resolve([
        {
          ...{ id: 's-new', packageId: 'p-finance', policyId: 'a-1', catalogId: undefined },
          ...{ status: 'delivered', until: undefined },
        },
      ]),
  });
});
afterAll(() => storage.close());

test('of two rows of one account that came to be of one person, the one that names the assignment says whose it is', async () => {
  const at = '2026-01-01T00:00:00.000Z';
  const row = {
    ...{
      targetId: 'u-1',
      packageKey: 'finance',
      whose: 'ours' as const,
      accessPackageId: 'p-finance',
    },
    ...{ eventHash: hash('1'), attempt: 1, instanceId: 'i', absentReads: 0, updatedAt: at },
  } as const;
  await services.holdings.save({
    ...{ ...row, personId: 'W-1', state: 'gone', action: 'revoke', assignmentId: 's-old' },
  });
  await services.holdings.save({
    ...{ ...row, personId: 'W-2', state: 'held', action: 'grant', assignmentId: 's-new' },
  });
  const workerIds = ['W-1', 'W-2'];
  const holdings = await services.holdings.of(workerIds);
  const person = { workerIds, holdings, targetId: 'u-1', wanted: [], instanceId: 'other' };
  const read = await readAccess(services, person);
  expect(read).toMatchObject({
    access: [{ packageKey: 'finance', whose: 'ours', state: 'held', personId: 'W-2' }],
  });
});
