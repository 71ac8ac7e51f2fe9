import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import { runCommand } from '../../support/run-command';
import { openTenant, type Tenant } from './tenant';

const group = (n: number) => `10000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const id = (n: number) => `60000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const application = '30000000-0000-4000-8000-000000000001';
const appRole = '30000000-0000-4000-8000-000000000002';

const member = (n: number) => ({ resource: group(n), role: `Member_${group(n)}` });
const direct = { description: 'Assigned by hand.', expiration: { type: 'noExpiration' } };
const policy = (n: number, members: object = direct, displayName = 'Direct') => ({
  ...{ id: id(n), displayName, members },
});
const rule = {
  allowedTargetScope: 'specificDirectoryUsers',
  specificAllowedTargets: [
    {
      '@odata.type': '#microsoft.graph.attributeRuleMembers',
      membershipRule: '(user.department -eq "Sales")',
    },
  ],
  automaticRequestSettings: { requestAccessForAllowedTargets: true },
};
const approved = {
  description: 'With approval.',
  expiration: { type: 'afterDuration', duration: 'P90D' },
  requestApprovalSettings: {
    isApprovalRequiredForAdd: true,
    isApprovalRequiredForUpdate: true,
    stages: [
      {
        durationBeforeAutomaticDenial: 'P7D',
        primaryApprovers: [
          { '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 },
          { '@odata.type': '#microsoft.graph.groupMembers', groupId: group(3) },
        ],
      },
    ],
  },
};

const tenantFile = {
  workers: [{ from: 'W-1001', to: 'W-1010' }],
  groups: [1, 2, 3].map((n) => ({ id: group(n), displayName: `Group ${n}` })),
  applications: [
    {
      ...{ id: application, displayName: 'Ledger' },
      appRoles: [{ id: appRole, displayName: 'Ledger.Read' }],
    },
  ],
  catalogs: [
    {
      ...{ id: id(1), displayName: 'Departments', description: 'What departments need.' },
      resources: [
        { originSystem: 'AadGroup', originId: group(1) },
        { originSystem: 'AadGroup', originId: group(2) },
        { originSystem: 'AadApplication', originId: application },
      ],
      accessPackages: [
        {
          ...{ id: id(11), displayName: 'Buchführung & Übersicht', description: 'Books.' },
          roles: [member(1), { resource: application, role: appRole }],
          policies: [policy(21)],
          incompatibleWith: [id(12)],
        },
        {
          ...{ id: id(12), displayName: 'Zahlungen', description: 'Pays.', isHidden: true },
          roles: [member(2), { resource: group(2), role: `Owner_${group(2)}` }],
          policies: [policy(22, approved)],
          incompatibleWith: [id(11)],
        },
        {
          ...{ id: id(13), displayName: '倉庫', description: 'Warehouse.' },
          roles: [member(1)],
          policies: [
            policy(23, { ...direct, expiration: { type: 'afterDuration', duration: 'PT8H' } }),
          ],
        },
      ],
    },
    {
      ...{ id: id(2), displayName: 'Odd', description: null, state: 'unpublished' },
      resources: [{ originSystem: 'AadGroup', originId: group(3) }],
      accessPackages: [
        { id: id(31), displayName: 'By rule', roles: [member(3)], policies: [policy(41, rule)] },
        { id: id(32), displayName: 'Nothing', roles: [], policies: [policy(42)] },
        {
          ...{ id: id(33), displayName: 'Lines', description: 'One.\nTwo.', roles: [member(3)] },
          policies: [policy(43), policy(44, rule, 'Automatic')],
          incompatibleWith: [id(12), id(34)],
        },
        { id: id(34), displayName: 'lines 2', roles: [member(3)], policies: [policy(45)] },
      ],
    },
  ],
};

let tenant: Tenant;
let out: string;
beforeAll(async () => {
  tenant = await openTenant(0, tenantFile);
  out = join(tenant.folder, 'imported.json');
});
afterAll(() => tenant.stop());

const model = (...args: string[]) => runCommand(['model', ...args], tenant.settings);

test('a catalog becomes a model that is sound and that the tenant equals already', async () => {
  const imported = await model('import', '--catalog', 'Departments', '--out', out);
  expect(imported).toMatchObject({
    code: 0,
    stderr: `warning: 倉庫: a model cannot describe its policy "Direct", so it is named by its id\n`,
    stdout: `${out}: 3 access packages; its rules give nothing to anybody until you say who gets what\n`,
  });
  const read = JSON.parse(await readFile(out, 'utf8')) as AccessModel;
  expect(read.accessPackages).toMatchObject([
    {
      ...{ key: 'buchfuhrung-ubersicht', hidden: false, incompatibleWith: ['zahlungen'] },
      resources: [
        { originSystem: 'AadGroup', originId: group(1), role: 'Member' },
        { originSystem: 'AadApplication', originId: application, role: 'Ledger.Read' },
      ],
      policy: { displayName: 'Direct', approval: { required: false } },
    },
    {
      ...{ key: 'zahlungen', hidden: true },
      resources: [{ role: 'Member' }, { role: 'Owner' }],
      policy: {
        expiration: { type: 'afterDuration', duration: 'P90D' },
        approval: {
          stages: [
            {
              durationBeforeAutomaticDenial: 'P7D',
              primaryApprovers: [{ managerLevel: 1 }, { groupId: group(3) }],
            },
          ],
        },
      },
    },
    { key: 'package', displayName: '倉庫', policyId: id(23), adoptId: id(13) },
  ]);
  expect((await model('check', out)).stdout).toMatch(/^sound: 1 catalog, 3 access packages/);
  const applied = await model('apply', '--model', out, '--json');
  const { changes } = JSON.parse(applied.stdout) as { changes: { act: string }[] };
  expect(changes.filter(({ act }) => act !== 'nothing')).toEqual([]);
  expect(await tenant.simulator.writes()).toEqual([]);
});

test('what a model cannot say is listed, and a package of which it could say only a part is left out', async () => {
  const { code, stdout } = await model('import', '--catalog', 'odd', '--json');
  expect(code).toBe(0);
  const imported = JSON.parse(stdout) as { model: AccessModel; notes: object[] };
  expect(imported.model.accessPackages.map(({ key }) => key)).toEqual(['lines', 'lines-2']);
  expect(imported.notes).toEqual([
    { about: 'Odd', text: expect.stringContaining('the catalog has no description') as string },
    { about: 'Odd', text: 'it is not published; applying the model publishes it' },
    {
      about: 'By rule',
      text: 'the policy "Direct" gives access by a rule of its own, and is not in the model',
    },
    {
      about: 'By rule',
      text: 'left out: it has no policy by which an administrator can assign it',
    },
    { about: 'Nothing', text: 'left out: it grants nothing' },
    {
      about: 'Lines',
      text: 'the policy "Automatic" gives access by a rule of its own, and is not in the model',
    },
    { about: 'Lines', text: expect.stringContaining('the package has no description') as string },
    { about: 'lines 2', text: expect.stringContaining('the package has no description') as string },
    {
      about: 'Lines',
      text: `it is incompatible with the package ${id(12)}, which is not in the model`,
    },
    {
      about: 'Lines',
      text: 'it is incompatible with "lines 2" in one direction; applying the model adds the other',
    },
  ]);
});

test('an imported rule gives its package to nobody, and a model needs no other', async () => {
  const { stdout } = await model('import', '--catalog', 'Departments');
  const { birthrights } = JSON.parse(stdout) as AccessModel;
  expect(birthrights).toContainEqual({
    ...{ id: 'zahlungen', packages: ['zahlungen'] },
    description: 'Placeholder: gives "Zahlungen" to nobody. Say here who gets it.',
    when: { attribute: 'replace-me', equals: 'zahlungen' },
  });
  expect(birthrights).toHaveLength(3);
});

test('a file is never written over, and an unknown or empty catalog is an error', async () => {
  const taken = join(tenant.folder, 'taken.json');
  await writeFile(taken, 'mine');
  const refused = await model('import', '--catalog', 'Departments', '--out', taken);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain(`cannot write ${taken}: it exists`);
  expect(await readFile(taken, 'utf8')).toBe('mine');
  expect(await model('import', '--catalog', 'Nowhere')).toMatchObject({
    code: 1,
    stderr: 'there is no catalog "Nowhere"\n',
  });
  expect(await model('import')).toMatchObject({ code: 2 });
});

test('an import waits where Graph asks for a pause', async () => {
  await tenant.simulator.injectFaults({
    match: { method: 'GET', path: '/accessPackages/' },
    times: 2,
    answer: { status: 429, code: 'TooManyRequests', retryAfter: 1 },
  });
  const { code, stderr } = await model('import', '--catalog', 'Departments');
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('waiting (') as string,
  });
});
