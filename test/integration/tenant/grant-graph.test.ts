import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { grantAll, type Wanted } from '../../../infra/azure/grant/grant-all';
import { projectRoot } from '../../../infra/local/stack/service';
import { createTenantGraph } from '../../../infra/tenant/tenant-graph';
import { AccessPackage } from '../../../shared/domain/access-model/access-model';
import { createEntitlements, type Entitlements } from '../../../shared/graph/entitlements';
import type { EnsuredPackage } from '../../../shared/packages/apply';
import { ensurePackage } from '../../../shared/packages/ensure';
import type { CatalogRecord, PackageRecord, Slot } from '../../../shared/storage/packages';
import {
  type CompletePackage,
  createCompletePackage,
  submit,
} from '../../simulators/graph/packages';
import {
  groupId,
  type Simulator,
  smallTenant,
  startSimulator,
  until,
} from '../../simulators/graph/simulator';

/* The identity of the app is given what it needs; whether that is enough, the simulator's own permissions decide. */

const identity = '40000000-0000-4000-8000-000000000001';
const clientId = '41000000-0000-4000-8000-000000000001';

let simulator: Simulator;
let whole: CompletePackage;
const begin = async (permissions: string[] = []): Promise<void> => {
  simulator = await startSimulator({
    tenant: {
      ...smallTenant,
      identities: [{ id: identity, appId: clientId, displayName: 'joinery', permissions }],
    },
  });
  whole = await createCompletePackage(simulator);
};
beforeEach(() => begin());
afterEach(() => simulator.stop());

const grant = async (more: Partial<Wanted>): Promise<string[]> => {
  const usual = { identity, catalogs: [], addsGroups: false, revokeWider: false, dryRun: false };
  const graph = createTenantGraph({ root: simulator.url });
  const { grants } = await grantAll(graph, { ...usual, ...more });
  return grants.map(({ done, what }) => `${done} ${what}`);
};

type Logged = { method: string; path: string; status: number };
const logged = async (): Promise<Logged[]> =>
  (await simulator.call('GET', '/_control/requests')).body['value'] as Logged[];
const writesOf = async (act: () => Promise<unknown>): Promise<string[]> => {
  const before = (await logged()).length;
  await act();
  const since = (await logged()).slice(before);
  return since.filter(({ method }) => method !== 'GET').map(({ path }) => path);
};
const actAsTheApp = (): Promise<unknown> =>
  simulator.call('PUT', '/_control/caller', { id: identity });
const statusOf = async (method: string, path: string, body?: object): Promise<number> =>
  (await simulator.call(method, path, body)).status;

/** A package as the access model has it, made or found whole; nothing is remembered between two calls. */
async function ensured(
  graph: Entitlements,
  mode: 'create' | 'verify-only',
): Promise<EnsuredPackage> {
  const description = 'For tests';
  const catalog = { key: 'narrow', displayName: 'Narrow', description };
  const accessPackage = AccessPackage.parse({
    key: 'narrow',
    catalog: 'narrow',
    displayName: 'Narrow',
    description,
    resources: [{ originSystem: 'AadGroup', originId: groupId(2), role: 'Member' }],
    policy: {
      displayName: 'direct',
      description,
      expiration: { type: 'noExpiration' },
      approval: { required: false },
    },
  });
  const wanted = { accessPackage, catalog, catalogs: [catalog], incompatible: [], version: '1' };
  const rows = new Map<string, unknown>();
  const slot = <Row>(name: string): Slot<Row> => ({
    load: () => Promise.resolve(rows.get(name) as Row | undefined),
    save: (row) => {
      rows.set(name, row);
      return Promise.resolve('saved');
    },
  });
  const memory = {
    package: slot<PackageRecord>('package'),
    catalog: slot<CatalogRecord>('catalog'),
    peer: () => Promise.resolve(undefined),
  };
  const leaseUntil = new Date(Date.now() + 60_000);
  const outcome = await until(
    () => ensurePackage(graph, wanted, memory, { mode, leaseUntil, lagSeconds: 0 }),
    ({ kind }) => kind !== 'later',
  );
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome;
}

test('For the whole tenant it grants two permissions, and a second time nothing', async () => {
  expect(await grant({})).toEqual([
    'granted EntitlementManagement.ReadWrite.All',
    'granted User.Read.All',
  ]);
  const writes = await writesOf(async () =>
    expect(await grant({ identity: clientId })).toEqual([
      'held EntitlementManagement.ReadWrite.All',
      'held User.Read.All',
    ]),
  );
  expect(writes).toEqual([]);
  await actAsTheApp();
  expect(await statusOf('GET', 'users')).toBe(200);
  expect(await statusOf('POST', 'EM/catalogs', { displayName: 'New' })).toBe(201);
  expect(await statusOf('GET', 'groups')).toBe(403);
});

test('Groups are added to catalogs only by an app that may change every group', async () => {
  expect(await grant({ addsGroups: true })).toContain('granted Group.ReadWrite.All');
});

test('In a catalog it can give its packages and change nothing', async () => {
  expect(await grant({ catalogs: ['Staff'] })).toEqual([
    'granted Access package assignment manager on the catalog "Staff"',
    'granted EntitlementManagement.Read.All',
    'granted User.Read.All',
  ]);
  const writes = await writesOf(async () =>
    expect(await grant({ catalogs: [whole.catalog] })).toEqual([
      'held Access package assignment manager on the catalog "Staff"',
      'held EntitlementManagement.Read.All',
      'held User.Read.All',
    ]),
  );
  expect(writes).toEqual([]);
  const other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
  await actAsTheApp();
  expect((await submit(simulator, whole, 1001)).status).toBe(201);
  expect((await submit(simulator, other, 1001)).status).toBe(403);
  expect(await statusOf('DELETE', `EM/accessPackages/${whole.accessPackage}`)).toBe(403);
  expect(await statusOf('POST', 'EM/catalogs', { displayName: 'New' })).toBe(403);
});

test('What is granted in a catalog is all that an app needs that makes no packages', async () => {
  const graph = createEntitlements({
    root: simulator.url,
    dialect: 'v1.0',
    deadlineMs: 5_000,
    appVersion: 'test',
  });
  await ensured(graph, 'create');
  await grant({ catalogs: ['Narrow'] });
  await actAsTheApp();

  const { accessPackageId, assignmentPolicyId } = await ensured(graph, 'verify-only');
  const [person] = await graph.findUsers('employeeId', 'W-1001');
  const asked = await graph.submitAssignmentRequest({
    packageId: accessPackageId,
    policyId: assignmentPolicyId,
    userId: person?.id ?? '',
    justification: 'test',
  });
  const delivered = await until(
    () => graph.getAssignmentRequest(asked.id),
    ({ requestStatus }) => requestStatus === 'delivered',
  );
  expect(await graph.findAssignments(accessPackageId, person?.id ?? '')).toMatchObject([
    { id: delivered.assignmentId, assignmentStatus: 'delivered' },
  ]);
  expect(await graph.findAssignmentRequests(accessPackageId, 'test')).toHaveLength(1);
  await expect(
    graph.createCatalog({ displayName: 'New', description: 'For tests' }),
  ).rejects.toThrow('403 UnAuthorized');
});

test('A dry run says what it would do and writes nothing', async () => {
  const writes = await writesOf(async () => {
    expect(await grant({ catalogs: ['Staff'], dryRun: true })).toEqual([
      'would-grant Access package assignment manager on the catalog "Staff"',
      'would-grant EntitlementManagement.Read.All',
      'would-grant User.Read.All',
    ]);
  });
  expect(writes).toEqual([]);
});

test('A permission from before that is wider than needed is named, and taken away where asked', async () => {
  await simulator.stop();
  await begin(['EntitlementManagement.ReadWrite.All', 'User.Read.All']);
  const wide = 'EntitlementManagement.ReadWrite.All';
  expect(await grant({ catalogs: ['Staff'] })).toContain(`wider ${wide}`);
  const dry = { catalogs: ['Staff'], revokeWider: true, dryRun: true };
  expect(await grant(dry)).toContain(`would-revoke ${wide}`);
  expect(await grant({ ...dry, dryRun: false })).toContain(`revoked ${wide}`);
  await actAsTheApp();
  expect(await statusOf('POST', 'EM/catalogs', { displayName: 'New' })).toBe(403);
});

test.each([
  ['an identity', { identity: '99999999-9999-4999-8999-999999999999' }, /no identity with/],
  ['a catalog', { catalogs: ['Nothing'] }, /no catalog "Nothing"/],
])('What does not exist is said so: %s', async (_, more, said) => {
  await expect(grant(more)).rejects.toThrow(said);
});

test('Of two catalogs of one name, neither is guessed', async () => {
  await createCompletePackage(simulator, { name: 'Other', group: 2 });
  await expect(grant({ catalogs: ['Staff'] })).rejects.toThrow(/by its id/);
});

describe('The command', () => {
  const run = promisify(execFile);
  const command = (...more: string[]) =>
    run(
      process.execPath,
      [join(projectRoot(), 'dist/infra/azure/grant-graph.js'), '--identity', clientId, ...more],
      { env: { ...process.env, GRAPH_URL: simulator.url } },
    );

  test('prints what it did and why, or JSON', async () => {
    const dry = await command('--narrow', '--catalog', 'Staff', '--dry-run');
    expect(dry.stdout).toMatch(
      /would-grant\s+EntitlementManagement.Read.All\n\s+finds catalogs and packages by name/,
    );
    const { stdout } = await command('--tenant-wide', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      identity: { id: identity, displayName: 'joinery' },
      grants: [{ done: 'granted', what: 'EntitlementManagement.ReadWrite.All' }, {}],
    });
  });

  test.each([
    [2, ['--narrow'], /--narrow needs a --catalog/],
    [2, [], /either --narrow or --tenant-wide/],
    [2, ['--tenant-wide', '--sign-in', 'guess'], /--sign-in must be one of/],
    [2, ['--tenant-wide', '--identity', 'joinery'], /object id or client id, not "joinery"/],
    [1, ['--narrow', '--catalog', 'Nothing'], /no catalog "Nothing"/],
  ])('ends with %d on %j', async (code, args, said) => {
    await expect(command(...args)).rejects.toMatchObject({
      code,
      stderr: expect.stringMatching(said) as string,
    });
  });
});
