import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableServiceClient } from '@azure/data-tables';
import { ServiceBusClient } from '@azure/service-bus';
import { examine } from '../../../cli/doctor';
import { projectRoot } from '../../../infra/local/stack/service';
import { signedContainer } from '../../../infra/local/blobs/signed-container';
import { startServiceBus, type ServiceBus } from '../../../infra/local/service-bus/server';
import { group, ledger, payments } from '../packages/ensure-harness';
import { call } from '../../simulators/graph/simulator';
import { runCommand } from '../../support/run-command';
import { openTenant, pair, type Tenant, type TenantState } from './tenant';

const QUEUE = 'provisioning-events';
const IDENTITY = {
  id: '40000000-0000-4000-8000-000000000001',
  appId: '41000000-0000-4000-8000-000000000001',
};
/** Application permissions of Graph, by their ids. */
const USER_READ = 'df021288-bdef-4463-88db-98f22de89214';
const MAY_READ = 'c74fd47d-ed3c-45c3-9a9e-b8676de685d2';
const MANAGE = '9acd699f-1e81-4958-b001-93b1d2506e19';
const MAY_ASSIGN = 'e2182095-804a-4656-ae11-64734e9b7ae5';

let tenant: Tenant;
let bus: ServiceBus;
let settings: Record<string, string>;
let state: TenantState;
let graphPrincipal: string;

beforeAll(async () => {
  tenant = await openTenant(0);
  const configFile = join(projectRoot(), 'infra', 'local', 'service-bus', 'Config.json');
  bus = await startServiceBus({ port: 0, dataDir: tenant.folder, configFile });
  settings = {
    ...tenant.settings,
    // A first call on a busy machine takes its time, and no call here has to run out of it.
    GRAPH_DEADLINE: '10s',
    ServiceBus: bus.connectionString,
    AzureWebJobsStorage: tenant.storage.connectionString,
    SEALS: signedContainer(tenant.storage.connectionString, 'seals', 'rcl'),
  };
  await tenant.writeModel(pair);
  const made = await runCommand(['model', 'apply', '--yes', '--json'], settings);
  if (made.code !== 0) throw new Error(made.stderr);
  state = await tenant.state();
  const graph = await graphCall(
    'GET',
    `servicePrincipals?$filter=appId eq '00000003-0000-0000-c000-000000000000'`,
  );
  graphPrincipal = (graph['value'] as { id: string }[])[0]?.id ?? '';
});
afterAll(async () => {
  await bus.stop();
  await tenant.stop();
});

async function graphCall(method: string, path: string, body?: object) {
  const answer = await call(tenant.simulator.url, method, path, body);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

type Changes = { settings?: Record<string, string | undefined>; identity?: string };

/** All findings but `ok`, by name and what they are about. */
async function findings({ settings: changed, identity }: Changes = {}): Promise<string[][]> {
  const app = { settings: { ...settings, ...changed }, local: true };
  const lines = await examine(app, { identity, deadlineMs: 30_000 });
  return lines
    .filter(({ level }) => level !== 'ok')
    .map(({ level, check, name = '', about = '' }) => [level, check, name, about]);
}

const faults = (all: string[][]) =>
  all.filter(([level]) => level === 'fault').map((one) => one.slice(1));

const named = (name: string) => {
  const found = state.accessPackages.find(({ displayName }) => displayName === name);
  if (!found) throw new Error(`no package ${name}`);
  return found;
};
const catalogNamed = (name: string) =>
  state.catalogs.find(({ displayName }) => displayName === name)?.id ?? '';

test('a clean stack has no finding, and the checks write nothing', async () => {
  const before = await tenant.simulator.writes();
  expect(await findings()).toEqual([]);
  expect(await tenant.simulator.writes()).toEqual(before);
  expect(await tenant.storage.table('audit').list('doctor')).toEqual([]);
  expect(await tenant.storage.table('claims').list('doctor')).toEqual([]);
});

describe('settings', () => {
  const NOWHERE = 'http://127.0.0.1:1';
  const away = () =>
    tenant.storage.connectionString.replace(
      /TableEndpoint=http:\/\/[^/]+/,
      `TableEndpoint=${NOWHERE}`,
    );
  const NO_MODEL = join(tmpdir(), 'joinery-no-such-model.json');

  test.each<[string, () => Record<string, string | undefined>, string[]]>([
    [
      'a missing event source',
      () => ({ EVENT_SOURCES: undefined }),
      ['settings', 'setting-missing', 'EVENT_SOURCES'],
    ],
    ['a wrong duration', () => ({ GRAPH_LAG: 'soon' }), ['settings', 'setting-wrong', 'GRAPH_LAG']],
    [
      'a missing storage connection of the host',
      () => ({ AzureWebJobsStorage: '' }),
      ['settings', 'setting-missing', 'AzureWebJobsStorage'],
    ],
    [
      'a missing model file',
      () => ({ ACCESS_MODEL: NO_MODEL }),
      ['model', 'model-unreadable', NO_MODEL],
    ],
    [
      'a missing queue',
      () => ({ PROVISIONING_QUEUE: 'other' }),
      ['queue', 'queue-missing', 'other'],
    ],
    [
      'unreachable records',
      () => ({ RECORDS_STORAGE: away() }),
      ['records', 'store-unreachable', 'RECORDS_STORAGE'],
    ],
    [
      'an unreachable audit',
      () => ({ AUDIT_STORAGE: away() }),
      ['audit', 'store-unreachable', 'AUDIT_STORAGE'],
    ],
    [
      'an unreachable Graph',
      () => ({ GRAPH_URL: NOWHERE }),
      ['graph', 'graph-unreachable', NOWHERE],
    ],
    [
      'a match attribute that nobody has',
      () => ({ MATCH_ATTRIBUTE: 'jobTitle' }),
      ['match', 'match-attribute-unset', 'jobTitle'],
    ],
    [
      'a match attribute whose values no event can name',
      () => ({ MATCH_ATTRIBUTE: 'userPrincipalName' }),
      ['match', 'match-attribute-unset', 'userPrincipalName'],
    ],
    [
      'a match attribute that Graph cannot filter by',
      () => ({ MATCH_ATTRIBUTE: 'userType' }),
      ['settings', 'setting-wrong', 'MATCH_ATTRIBUTE'],
    ],
  ])('%s is the only fault', async (_, changes, expected) => {
    expect(faults(await findings({ settings: changes() }))).toEqual([expected]);
  });

  test('with invalid settings every other check is not-checked', async () => {
    const all = await findings({ settings: { GRAPH_LAG: 'soon' } });
    expect(all.filter(([, , name]) => name === 'not-checked').map(([, check]) => check)).toContain(
      'graph',
    );
  });
});

describe('the model', () => {
  afterEach(() => tenant.writeModel(pair));

  test('each of its faults is a finding', async () => {
    await tenant.writeModel({
      ...pair,
      accessPackages: [{ ...ledger, catalog: 'nowhere' }, payments],
    });
    const all = faults(await findings());
    expect(all.map(([, name]) => name)).toEqual(['model-fault']);
  });

  test.each([
    [
      'group that does not exist',
      { originSystem: 'AadGroup', originId: group(99), role: 'Member' },
      'resource-missing',
    ],
    [
      'role that an application does not have',
      {
        originSystem: 'AadApplication',
        originId: '30000000-0000-4000-8000-000000000001',
        role: 'Emperor',
      },
      'resource-role-missing',
    ],
  ])('a %s is the only fault', async (_, resource, name) => {
    const more = { ...ledger, key: 'more', displayName: 'More', resources: [resource] };
    const [rule] = pair.birthrights;
    const birthrights = [{ ...rule, packages: ['ledger', 'more'] }];
    await tenant.writeModel({ ...pair, accessPackages: [ledger, payments, more], birthrights });
    expect(faults(await findings())).toEqual([['resources', name, resource.originId]]);
  });

  test.each([
    ['the sample model', join(projectRoot(), 'access-model.json'), 'https://graph.microsoft.com'],
    ['a model with one group of the sample directory', undefined, 'https://graph.example.com'],
  ])('%s is a fault where Graph is not on this machine', async (_, file, GRAPH_URL) => {
    const changes = { GRAPH_URL, ...(file !== undefined && { ACCESS_MODEL: file }) };
    const about = file ?? settings['ACCESS_MODEL'] ?? '';
    expect(faults(await findings({ settings: changes }))).toContainEqual([
      ...['model', 'model-sample', about],
    ]);
    const applied = await runCommand(['model', 'apply', '--yes'], { ...settings, ...changes });
    expect(applied).toMatchObject({ code: 1, stdout: '' });
    expect(applied.stderr).toMatch(/originId.*must be the object id.* Set ACCESS_MODEL/s);
  });

  test('a package that does not exist yet is no fault, unless PACKAGES=verify-only', async () => {
    const more = { ...ledger, key: 'more', displayName: 'More' };
    const [rule] = pair.birthrights;
    const birthrights = [{ ...rule, packages: ['ledger', 'more'] }];
    await tenant.writeModel({ ...pair, accessPackages: [ledger, payments, more], birthrights });
    expect(await findings()).toEqual([]);
    expect(faults(await findings({ settings: { PACKAGES: 'verify-only' } }))).toEqual([
      ['packages', 'package-missing', 'more'],
    ]);
  });
});

describe('the tenant', () => {
  type Row = [table: string, id: () => string, members: object, restored: object];
  const policyOf = (name: string) => named(name).policies[0] ?? '';
  const noApproval = {
    isApprovalRequiredForAdd: false,
    isApprovalRequiredForUpdate: false,
    stages: [],
  };
  const lasting = { type: 'afterDuration', duration: 'P365D', endDateTime: null };
  const approver = { '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 };
  const stage = { durationBeforeAutomaticDenial: 'P14D', primaryApprovers: [approver] };
  const approval = { ...noApproval, isApprovalRequiredForAdd: true, stages: [stage] };
  const ended = { type: 'afterDateTime', duration: null, endDateTime: '2020-01-01T00:00:00Z' };

  test.each<[string, Row, string[]]>([
    [
      'an unpublished catalog',
      ['catalogs', () => catalogNamed('Finance'), { state: 'unpublished' }, { state: 'published' }],
      ['catalogs', 'catalog-unpublished', 'finance'],
    ],
    [
      'a catalog with another description',
      [
        'catalogs',
        () => catalogNamed('Finance'),
        { description: 'Else' },
        { description: 'What finance works with' },
      ],
      ['catalogs', 'catalog-differs', 'finance'],
    ],
    [
      'a package with another property',
      ['accessPackages', () => named('Ledger').id, { isHidden: false }, { isHidden: true }],
      ['packages', 'package-differs', 'ledger'],
    ],
    [
      'a policy with an approval',
      [
        'policies',
        () => policyOf('Ledger'),
        { requestApprovalSettings: approval },
        { requestApprovalSettings: noApproval },
      ],
      ['policies', 'policy-needs-approval', 'ledger'],
    ],
    [
      'a policy for some people',
      [
        'policies',
        () => policyOf('Ledger'),
        { allowedTargetScope: 'specificDirectoryUsers' },
        { allowedTargetScope: 'notSpecified' },
      ],
      ['policies', 'policy-not-for-direct-assignment', 'ledger'],
    ],
    [
      'an expired policy',
      ['policies', () => policyOf('Ledger'), { expiration: ended }, { expiration: lasting }],
      ['policies', 'policy-expired', 'ledger'],
    ],
    [
      'a policy with another lifetime',
      [
        'policies',
        () => policyOf('Ledger'),
        { expiration: { ...lasting, duration: 'P1D' } },
        { expiration: lasting },
      ],
      ['policies', 'policy-differs', 'ledger'],
    ],
    [
      'a dynamic group',
      [
        'groups',
        () => group(1),
        { membershipRule: 'user.department -eq "x"' },
        { membershipRule: null },
      ],
      ['resources', 'group-dynamic', group(1)],
    ],
    [
      'a synced group',
      ['groups', () => group(1), { onPremisesSyncEnabled: true }, { onPremisesSyncEnabled: null }],
      ['resources', 'group-on-premises', group(1)],
    ],
    [
      'a role-assignable group',
      ['groups', () => group(1), { isAssignableToRole: true }, { isAssignableToRole: null }],
      ['resources', 'group-role-assignable', group(1)],
    ],
    [
      'a mail group',
      ['groups', () => group(1), { mailEnabled: true }, { mailEnabled: false }],
      ['resources', 'group-mail-enabled', group(1)],
    ],
    [
      'no licence',
      [
        'skus',
        () => state.skus[0]?.id ?? '',
        { capabilityStatus: 'Suspended' },
        { capabilityStatus: 'Enabled' },
      ],
      ['licence', 'licence-missing', ''],
    ],
  ])('%s is the only fault', async (_, [table, id, members, restored], expected) => {
    await tenant.edit(table, id(), members);
    try {
      expect(faults(await findings())).toEqual([expected]);
    } finally {
      await tenant.edit(table, id(), restored);
    }
  });

  test('a role that the model does not name is the only fault', async () => {
    const place = `EM/accessPackages/${named('Payments').id}/resourceRoleScopes`;
    const origin = { originId: group(3), originSystem: 'AadGroup' };
    const catalog = catalogNamed('Operations');
    await graphCall('POST', 'EM/resourceRequests', {
      requestType: 'adminAdd',
      resource: origin,
      catalog: { id: catalog },
    });
    const resources = await graphCall(
      'GET',
      `EM/catalogs/${catalog}/resources?$filter=originId eq '${group(3)}'`,
    );
    const resource = { ...origin, id: (resources['value'] as { id: string }[])[0]?.id };
    const role = {
      displayName: 'Member',
      originSystem: 'AadGroup',
      originId: `Member_${group(3)}`,
      resource,
    };
    const { id } = await graphCall('POST', place, {
      role,
      scope: { ...origin, isRootScope: true },
    });
    expect(faults(await findings())).toEqual([['packages', 'package-grants-more', 'payments']]);
    await graphCall('DELETE', `${place}/${String(id)}`);
    expect(await findings()).toEqual([]);
  });

  test('a missing incompatibility is a fault of both packages, and "model apply" fixes it', async () => {
    await tenant.edit('accessPackages', named('Ledger').id, { incompatibleWith: [] });
    expect(faults(await findings())).toEqual([
      ['packages', 'incompatibility-missing', 'ledger'],
      ['packages', 'incompatibility-missing', 'payments'],
    ]);
    expect((await runCommand(['model', 'apply', '--yes'], settings)).code).toBe(0);
    expect(await findings()).toEqual([]);
  });

  test('a missing table is named', async () => {
    const service = TableServiceClient.fromConnectionString(tenant.storage.connectionString, {
      allowInsecureConnection: true,
    });
    await service.deleteTable('due');
    expect(await findings()).toEqual([['fault', 'records', 'table-missing', 'due']]);
    await service.createTable('due');
  });

  test('dead letters are a warning', async () => {
    const client = new ServiceBusClient(bus.connectionString);
    await client.createSender(QUEUE).sendMessages({ body: Buffer.from('{}') });
    const receiver = client.createReceiver(QUEUE);
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 30_000 });
    if (!message) throw new Error('no message came');
    await receiver.deadLetterMessage(message);
    expect(await findings()).toEqual([['warning', 'dead-letters', 'dead-letters-waiting', QUEUE]]);
    const letters = client.createReceiver(QUEUE, {
      subQueueType: 'deadLetter',
      receiveMode: 'receiveAndDelete',
    });
    await letters.receiveMessages(1, { maxWaitTimeInMs: 30_000 });
    await client.close();
  });
});

describe('the identity', () => {
  const grant = async (appRoleId: string) => {
    const body = { principalId: IDENTITY.id, resourceId: graphPrincipal, appRoleId };
    const { id } = await graphCall(
      'POST',
      `servicePrincipals/${IDENTITY.id}/appRoleAssignments`,
      body,
    );
    return () => tenant.simulator.remove('appRoleAssignments', String(id));
  };
  const identity = IDENTITY.appId;

  test('without a permission is told which one is missing', async () => {
    const takeBack = await grant(USER_READ);
    const missing = ['permissions', 'permission-missing', 'EntitlementManagement.ReadWrite.All'];
    expect(faults(await findings({ identity }))).toEqual([missing]);
    const takeAllBack = await grant(MANAGE);
    expect(await findings({ identity: IDENTITY.id })).toEqual([]);
    await Promise.all([takeBack(), takeAllBack()]);
  });

  test('with a role on one catalog lacks it on the other', async () => {
    const takeBack = await grant(USER_READ);
    const roles = 'roleManagement/entitlementManagement/roleAssignments';
    const { id } = await graphCall('POST', roles, {
      principalId: IDENTITY.id,
      roleDefinitionId: MAY_ASSIGN,
      appScopeId: `/AccessPackageCatalog/${catalogNamed('Finance')}`,
    });
    const narrow = { identity, settings: { PACKAGES: 'verify-only' } };
    const roleMissing = ['permissions', 'catalog-role-missing', 'operations'];
    expect(faults(await findings(narrow))).toEqual([
      ['permissions', 'permission-missing', 'EntitlementManagement.Read.All'],
      roleMissing,
    ]);
    const takeReadingBack = await grant(MAY_READ);
    expect(faults(await findings(narrow))).toEqual([roleMissing]);
    // The same role with the setting of the other way to grant.
    expect(faults(await findings({ identity }))).toEqual([
      ['permissions', 'permission-narrow', 'PACKAGES'],
    ]);
    await takeReadingBack();
    await tenant.simulator.remove('entitlementRoles', String(id));
    await takeBack();
  });

  test('that does not exist in the tenant is a fault', async () => {
    const nobody = '41000000-0000-4000-8000-00000000dead';
    expect(faults(await findings({ identity: nobody }))).toEqual([
      ['permissions', 'identity-unknown', nobody],
    ]);
  });

  test('a caller without permissions gets permission-missing, and what cannot be read is not-checked', async () => {
    const takeBack = await grant(USER_READ);
    const caller = (id: string | null) =>
      call(tenant.simulator.url, 'PUT', '/_control/caller', { id });
    await caller(IDENTITY.id);
    const all = await findings();
    await caller(null);
    await takeBack();
    expect(faults(all)).toEqual([
      ['permissions', 'permission-missing', 'EntitlementManagement.ReadWrite.All'],
    ]);
    const unread = all.filter(([, , name]) => name === 'not-checked').map(([, check]) => check);
    expect(unread).toEqual(expect.arrayContaining(['catalogs', 'packages', 'policies']));
  });
});

test('a clock ten minutes off is a fault', async () => {
  const server = createServer((_, response) => {
    response.setHeader('Date', new Date(Date.now() - 600_000).toUTCString());
    response.writeHead(403).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const all = faults(await findings({ settings: { GRAPH_URL: `http://127.0.0.1:${port}` } }));
  expect(all).toContainEqual(['clock', 'clock-skew', '']);
  server.close();
});

test('the beta dialect finds the same clean tenant', async () => {
  expect(await findings({ settings: { GRAPH_DIALECT: 'beta' } })).toEqual([]);
});

describe('the command', () => {
  test('without settings and without a stack it says how to get one', async () => {
    const nowhere = { JOINERY_DATA_DIR: join(tenant.folder, 'nowhere') };
    const { code, stderr } = await runCommand(['doctor'], nowhere);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no running stack.*npm start.*--settings <file>/s);
  });

  test('rejects an unknown way to sign in', async () => {
    const { code, stderr } = await runCommand(['doctor', '--sign-in', 'guess'], settings);
    expect(code).toBe(2);
    expect(stderr).toContain('browser, device-code, azure');
  });

  test.each([
    ['doctor', '--tenant', 'contoso.example'],
    ['doctor', '--sign-in', 'azure'],
    ['model', 'apply', '--client', '41000000-0000-4000-8000-000000000001'],
  ])('refuses how to sign in where nobody does: %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await runCommand(args, settings);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const flag = args.find((one) => one.startsWith('--'));
    expect(stderr).toMatch(
      new RegExp(
        `^Usage: .*\nerror: ${flag} has no effect: Graph at http://.* takes no sign-in\n$`,
      ),
    );
  });

  test('prints findings and what to do, exits with 1 only on a fault, and prints no secret', async () => {
    const clean = await runCommand(['doctor'], settings);
    expect(clean).toMatchObject({ code: 0, stderr: '' });
    expect(clean.stdout).toContain('0 faults, 0 warnings');
    const ill = await runCommand(['doctor'], { ...settings, PROVISIONING_QUEUE: 'other' });
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(
      /^fault +queue +queue-missing +other .*What to do: check PROVISIONING_QUEUE$/m,
    );
    expect(clean.stdout + ill.stdout).not.toMatch(/AccountKey|SharedAccessKey/);
  });

  test('reads the settings of an app as the Azure CLI prints them', async () => {
    const list = Object.entries(settings).map(([name, value]) => ({
      name,
      value,
      slotSetting: false,
    }));
    const file = join(tenant.folder, 'settings.json');
    await writeFile(file, JSON.stringify(list));
    const { code, stdout } = await runCommand(['doctor', '--json', '--settings', file], {});
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ faults: 0, warnings: 0 });
    expect(await runCommand(['doctor', '--settings', '-'], {}, 'nonsense')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('az functionapp config appsettings list') as string,
    });
    expect(await runCommand(['doctor', '--identity', 'joinery'], settings)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a GUID, not a name') as string,
    });
  });
});
