import { TableServiceClient } from '@azure/data-tables';
import { signedContainer } from '../../infra/local/blobs/signed-container';
import type { ServiceName } from '../../infra/local/stack/services';
import { runCommand } from '../support/run-command';
import { startStack, type TestStack } from '../support/test-stack';

/* Complete local stacks, healthy or with one fault, and the command as a person runs it. */

type Line = { level: string; check: string; name?: string; about?: string };
type State = Record<string, { id: string; displayName: string; policies?: string[] }[]>;

const IDENTITY = '41000000-0000-4000-8000-000000000001';
const FINANCE_GROUP = '10000000-0000-4000-8000-000000000002';

let stack: TestStack;
let state: State;
beforeAll(async () => {
  stack = await startStack();
  const made = await joinery(['model', 'apply', '--yes', '--only', 'finance']);
  if (made.code !== 0) throw new Error(made.stdout + made.stderr);
  state = (await (await fetch(`${stack.graphUrl}/_control/state`)).json()) as State;
}, 60_000);
afterAll(() => stack.stop());

const joinery = (args: string[], settings: Record<string, string> = {}) =>
  runCommand(args, { JOINERY_DATA_DIR: stack.dataDir, ...settings });

/** The findings of the command, and its exit code. */
async function doctor(more: string[] = [], settings: Record<string, string> = {}) {
  const { code, stdout, stderr } = await joinery(['doctor', '--json', ...more], settings);
  if (stdout === '') throw new Error(stderr);
  const lines = (JSON.parse(stdout) as { findings: Line[] }).findings;
  const named = (level: string) =>
    lines.filter((one) => one.level === level).map(({ name, about = '' }) => [name, about]);
  return { code, faults: named('fault'), warnings: named('warning') };
}

const CLEAN = { code: 0, faults: [], warnings: [] };
const faulty = (...faults: string[][]) => ({ code: 1, faults });

/** The settings of the stack as an app in Azure has them, with some of them wrong. */
const appSettings = (wrong: Record<string, string>): Record<string, string> => ({
  ServiceBus: stack.serviceBus,
  AzureWebJobsStorage: stack.storage,
  RECORDS_STORAGE: stack.storage,
  AUDIT_STORAGE: stack.storage,
  SEALS: signedContainer(stack.storage, 'seals', 'rcl'),
  GRAPH_URL: stack.graphUrl,
  EVENT_SOURCES: 'urn:hr:acme:workday',
  PROVISIONING_QUEUE: 'provisioning-events',
  ...wrong,
});

async function edit(table: string, id: string, members: object): Promise<void> {
  const answer = await fetch(`${stack.graphUrl}/_control/${table}/${id}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(members),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const idOf = (table: string, name: string) =>
  state[table]?.find(({ displayName }) => displayName === name)?.id ?? '';
const finance = () => state['accessPackages']?.find(({ displayName }) => displayName === 'Finance');

const manager = { '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 };
const approval = {
  isApprovalRequiredForAdd: true,
  isApprovalRequiredForUpdate: false,
  stages: [{ durationBeforeAutomaticDenial: 'P14D', primaryApprovers: [manager] }],
};
const noApproval = { ...approval, isApprovalRequiredForAdd: false, stages: [] };

test('a clean stack has no findings', async () => {
  expect(await doctor()).toEqual(CLEAN);
});

describe('the tenant was changed:', () => {
  type Planted = [table: string, id: () => string, wrong: object, right: object];
  test.each<[name: string, about: string, Planted]>([
    [
      'catalog-unpublished',
      'departments',
      [
        'catalogs',
        () => idOf('catalogs', 'Departments'),
        { state: 'unpublished' },
        { state: 'published' },
      ],
    ],
    [
      'package-differs',
      'finance',
      ['accessPackages', () => finance()?.id ?? '', { isHidden: true }, { isHidden: false }],
    ],
    [
      'policy-needs-approval',
      'finance',
      [
        'policies',
        () => finance()?.policies?.[0] ?? '',
        { requestApprovalSettings: approval },
        { requestApprovalSettings: noApproval },
      ],
    ],
    [
      'group-dynamic',
      FINANCE_GROUP,
      [
        'groups',
        () => FINANCE_GROUP,
        { membershipRule: 'user.city -eq "x"' },
        { membershipRule: null },
      ],
    ],
    [
      'group-on-premises',
      FINANCE_GROUP,
      [
        'groups',
        () => FINANCE_GROUP,
        { onPremisesSyncEnabled: true },
        { onPremisesSyncEnabled: null },
      ],
    ],
    [
      'licence-missing',
      '',
      [
        'skus',
        () => state['skus']?.[0]?.id ?? '',
        { capabilityStatus: 'Suspended' },
        { capabilityStatus: 'Enabled' },
      ],
    ],
  ])('%s of %s is the only fault', async (name, about, [table, id, wrong, right]) => {
    await edit(table, id(), wrong);
    const found = await doctor();
    await edit(table, id(), right);
    expect(found).toMatchObject(faulty([name, about]));
  });
});

describe('the settings of an app in Azure:', () => {
  test('the settings of the stack have no findings', async () => {
    expect(await doctor([], appSettings({}))).toEqual(CLEAN);
  });

  test.each([
    ['queue-missing', 'other', { PROVISIONING_QUEUE: 'other' }],
    ['match-attribute-unset', 'jobTitle', { MATCH_ATTRIBUTE: 'jobTitle' }],
    ['setting-wrong', 'GRAPH_LAG', { GRAPH_LAG: 'soon' }],
    ['model-unreadable', '/nowhere.json', { ACCESS_MODEL: '/nowhere.json' }],
  ])('%s of %s is the only fault', async (name, about, wrong) => {
    expect(await doctor([], appSettings(wrong))).toMatchObject(faulty([name, about]));
  });

  test('an identity without grants lacks every permission', async () => {
    expect(await doctor(['--identity', IDENTITY])).toMatchObject(
      faulty(
        ['permission-missing', 'User.Read.All'],
        ['permission-missing', 'EntitlementManagement.ReadWrite.All'],
      ),
    );
  });
});

test('a missing table is a fault', async () => {
  const tables = TableServiceClient.fromConnectionString(stack.storage, {
    allowInsecureConnection: true,
  });
  await tables.deleteTable('limits');
  const found = await doctor();
  await tables.createTable('limits');
  expect(found).toMatchObject(faulty(['table-missing', 'limits']));
});

/** Storage comes last, because killing it may lose its last writes. */
const parts: [ServiceName, () => string[][]][] = [
  ['host', () => [['host-unreachable', stack.hostUrl]]],
  ['graph', () => [['graph-unreachable', stack.graphUrl]]],
  ['service-bus', () => [['queue-unreachable', 'provisioning-events']]],
  [
    'storage',
    () => [
      ['store-unreachable', 'RECORDS_STORAGE'],
      ['store-unreachable', 'AUDIT_STORAGE'],
      ['store-unreachable', 'SEALS'],
    ],
  ],
];
test.each(parts)(
  'when %s is down, that is the only fault',
  async (part, expected) => {
    await stack.kill(part);
    const found = await doctor();
    await stack.start(part);
    expect(found).toMatchObject(faulty(...expected()));
    if (part !== 'storage') expect(await doctor()).toEqual(CLEAN);
  },
  60_000,
);
