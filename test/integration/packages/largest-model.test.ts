import { readAccessModel } from '../../../shared/domain/access-model/read-access-model';
import { startSimulator, type Simulator } from '../../support/simulator';
import { ensureToTheEnd, group, ledger, memoryTable, targetOf } from './ensure-harness';

/**
 * The most that Entra has in one tenant without asking Microsoft for more.
 * Source: https://learn.microsoft.com/entra/id-governance/governance-service-limits
 */
const PACKAGES = 20_000;
const CATALOGS = 7_500;

const catalogs = Array.from({ length: CATALOGS }, (_, n) => {
  return { key: `catalog-${n}`, displayName: `Catalog ${n}`, description: 'One of many' };
});
const accessPackages = Array.from({ length: PACKAGES }, (_, n) => ({
  ...{ ...ledger, key: `package-${n}`, catalog: `catalog-${n % CATALOGS}` },
  displayName: `Package ${n}`,
  resources: [{ originSystem: 'AadGroup', originId: group((n % 5) + 1), role: 'Member' }],
}));
const birthrights = accessPackages.map(({ key }, n) => ({
  ...{ id: `rule-${n}`, description: 'One of many', packages: [key] },
  when: { attribute: 'department', equals: `Department ${n}` },
}));
const text = JSON.stringify({
  ...{ version: 1, leadDays: 0, timeZones: { default: 'Etc/UTC', byLocation: {} } },
  ...{ catalogs, accessPackages, birthrights },
});

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator(0);
});
afterAll(() => simulator.stop());

test('a model with as many packages and catalogs as Entra has in a tenant is read, and its last package is created', async () => {
  const read = readAccessModel(text);
  if (read.kind !== 'ok') throw new Error(read.faults.slice(0, 5).join('\n'));
  const last = targetOf(read.model, `package-${PACKAGES - 1}`);
  expect(await ensureToTheEnd(simulator.graph, last, memoryTable())).toMatchObject({
    kind: 'done',
    adopted: false,
  });
}, 60_000);
