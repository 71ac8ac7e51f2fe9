import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { grantAll, type GrantRequest } from '../../../infra/azure/grant/grant-all';
import { projectRoot } from '../../../infra/local/stack/service';
import { createTenantGraph } from '../../../infra/tenant/tenant-graph';
import { AccessPackage } from '../../../shared/domain/access-model/access-model';
import { createEntitlements, type Entitlements } from '../../../shared/graph/entitlements';
import type { EnsuredPackage } from '../../../shared/packages/apply';
import { ensurePackage } from '../../../shared/packages/ensure';
import type {
  CatalogRecord,
  ItemRecord,
  PackageRecord,
  Slot,
} from '../../../shared/storage/packages';
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

/* The command grants the app's identity what it needs. The simulator checks permissions, which shows that it is enough. */

const identity = '40000000-0000-4000-8000-000000000001';
const clientId = '41000000-0000-4000-8000-000000000001';

let simulator: Simulator;
let complete: CompletePackage;
const start = async (permissions: string[] = []): Promise<void> => {
  simulator = await startSimulator({
    tenant: {
      ...smallTenant,
      identities: [{ id: identity, appId: clientId, displayName: 'joinery', permissions }],
    },
  });
  complete = await createCompletePackage(simulator);
};
beforeEach(() => start());
afterEach(() => simulator.stop());

const grant = async (more: Partial<GrantRequest>): Promise<string[]> => {
  const defaults = { identity, catalogs: [], addsGroups: false, revokeWider: false, dryRun: false };
  const graph = createTenantGraph({ root: simulator.url });
  const { grants } = await grantAll(graph, { ...defaults, ...more });
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

/** Ensures a package of an access model: creates or verifies it. Nothing is cached between two calls. */
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
  const target = { accessPackage, catalog, catalogs: [catalog], incompatible: [], version: '1' };
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
    item: (parentId: string, name: string) => slot<ItemRecord>(`${parentId} ${name}`),
    peer: () => Promise.resolve(undefined),
  };
  const leaseUntil = new Date(Date.now() + 60_000);
  const outcome = await until(
    () => ensurePackage(graph, target, memory, { mode, leaseUntil, lagSeconds: 0 }),
    ({ kind }) => kind !== 'later',
  );
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome;
}

test('--tenant-wide grants two permissions, and nothing when it runs again', async () => {
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

test('adding groups to catalogs needs Group.ReadWrite.All', async () => {
  expect(await grant({ addsGroups: true })).toContain('granted Group.ReadWrite.All');
});

test('--narrow lets the app assign the packages of a catalog and change nothing', async () => {
  expect(await grant({ catalogs: ['Staff'] })).toEqual([
    'granted Access package assignment manager on the catalog "Staff"',
    'granted EntitlementManagement.Read.All',
    'granted User.Read.All',
  ]);
  const writes = await writesOf(async () =>
    expect(await grant({ catalogs: [complete.catalog] })).toEqual([
      'held Access package assignment manager on the catalog "Staff"',
      'held EntitlementManagement.Read.All',
      'held User.Read.All',
    ]),
  );
  expect(writes).toEqual([]);
  const other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
  await actAsTheApp();
  expect((await submit(simulator, complete, 1001)).status).toBe(201);
  expect((await submit(simulator, other, 1001)).status).toBe(403);
  expect(await statusOf('DELETE', `EM/accessPackages/${complete.accessPackage}`)).toBe(403);
  expect(await statusOf('POST', 'EM/catalogs', { displayName: 'New' })).toBe(403);
});

test('--narrow grants everything that an app in verify-only mode needs', async () => {
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
  const request = await graph.submitAssignmentRequest({
    packageId: accessPackageId,
    policyId: assignmentPolicyId,
    userId: person?.id ?? '',
    justification: 'test',
  });
  const delivered = await until(
    () => graph.getAssignmentRequest(request.id),
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

test('a dry run prints what it would do and writes nothing', async () => {
  const writes = await writesOf(async () => {
    expect(await grant({ catalogs: ['Staff'], dryRun: true })).toEqual([
      'would-grant Access package assignment manager on the catalog "Staff"',
      'would-grant EntitlementManagement.Read.All',
      'would-grant User.Read.All',
    ]);
  });
  expect(writes).toEqual([]);
});

test('an existing permission that is not needed is reported, and revoked with --revoke-wider', async () => {
  await simulator.stop();
  await start(['EntitlementManagement.ReadWrite.All', 'User.Read.All']);
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
])('%s that does not exist is an error', async (_, more, message) => {
  await expect(grant(more)).rejects.toThrow(message);
});

test('a name that two catalogs have is an error', async () => {
  await createCompletePackage(simulator, { name: 'Other', group: 2 });
  await expect(grant({ catalogs: ['Staff'] })).rejects.toThrow(/give its id/);
});

describe('the command', () => {
  const run = promisify(execFile);
  const command = (...more: string[]) =>
    run(
      process.execPath,
      [
        join(projectRoot(), 'dist/infra/azure/grant-graph.js'),
        ...(more.includes('--identity') ? [] : ['--identity', clientId]),
        ...more,
      ],
      { env: { ...process.env, GRAPH_URL: simulator.url } },
    );

  test('prints each grant and its reason, or JSON', async () => {
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
  ])('ends with %d on %j', async (code, args, message) => {
    await expect(command(...args)).rejects.toMatchObject({
      code,
      stderr: expect.stringMatching(message) as string,
    });
  });
});
