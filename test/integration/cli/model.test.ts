import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { createPackages } from '../../../shared/storage/packages';
import { ensurePackage } from '../../../shared/packages/ensure';
import { group, ledger, options, payments, targetOf } from '../packages/ensure-harness';
import { runCommand } from '../../support/run-command';
import { openTenant, pair, type Tenant } from './tenant';

let tenant: Tenant;
beforeEach(async () => {
  tenant = await openTenant(20);
  await tenant.writeModel(pair);
});
afterEach(() => tenant.stop());

type Output = {
  changes: { package: string; act: string; part: string; about: string; members?: string[] }[];
  applied: boolean;
  results?: { package: string; outcome: string }[];
};

const model = (...args: string[]) => runCommand(['model', ...args], tenant.settings);

async function apply(...args: string[]): Promise<{ code: number | null; output: Output }> {
  const { code, stdout, stderr } = await model('apply', '--json', ...args);
  if (stdout === '') throw new Error(stderr);
  return { code, output: JSON.parse(stdout) as Output };
}

const actsOf = ({ output }: { output: Output }) =>
  output.changes.filter(({ act }) => act !== 'nothing').map(({ act, part }) => `${act} ${part}`);

const complete = (...keys: string[]) => keys.map((key) => ({ package: key, outcome: 'complete' }));
const both = complete('ledger', 'payments');

/** What a run with PACKAGES=verify-only says of a package, with our rows or without. */
async function verified(key: string) {
  const definition = targetOf(pair, key);
  const graph = createEntitlements({
    root: tenant.simulator.url,
    dialect: 'v1.0',
    appVersion: 'test',
  });
  const { memory } = createPackages(tenant.storage.table('packages'));
  const rows = memory(definition.catalog.key, key);
  return ensurePackage(graph, definition, rows, options({ mode: 'verify-only' }));
}

test('a sound model is reported with its hash, another one with every fault', async () => {
  expect(await model('check')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^sound: 2 catalogs, 2 access packages.*\nhash [0-9a-f]{64}\n$/,
    ) as string,
  });
  await tenant.writeModel({
    ...pair,
    accessPackages: [{ ...ledger, catalog: 'nowhere' }, payments],
  });
  const { code, stdout, stderr } = await model('check', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { exitCode: 1, message: expect.stringContaining('accessPackages[0].catalog') as string },
  });
  expect(stderr).toContain('accessPackages[0].catalog: there is no catalog "nowhere"');
  expect(await model('check', '/nowhere.json')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^Usage: .*\nerror: there is no access model at \/nowhere\.json\n$/,
    ) as string,
  });
  expect(await model('apply', '--model', '/nowhere.json')).toMatchObject({ code: 2 });
});

test('without --yes the plan is shown, nothing is written, and packages that are not complete end with 1', async () => {
  const shown = await model('apply');
  expect(shown).toMatchObject({ code: 1, stderr: '' });
  expect(shown.stdout).toMatch(/^ledger +create +policy +Birthright$/m);
  expect(shown.stdout).toContain('nothing was changed; add --yes to apply');
  expect(await tenant.simulator.writes()).toEqual([]);
});

test('a model is created, verified by a run that may not create anything, and created once', async () => {
  const first = await apply('--yes');
  expect(first).toMatchObject({ code: 0, output: { applied: true, results: both } });
  const state = await tenant.state();
  expect(state.accessPackages.map(({ displayName }) => displayName).sort()).toEqual([
    'Ledger',
    'Payments',
  ]);
  for (const one of state.accessPackages) expect(one.incompatibleWith).toHaveLength(1);

  const writes = await tenant.simulator.writes();
  expect(await verified('ledger')).toMatchObject({ kind: 'done', adopted: false });
  expect(await model('apply')).toMatchObject({ code: 0 });
  const second = await apply('--yes');
  expect(actsOf(second)).toEqual([]);
  expect(second.output.results).toEqual(both);
  expect(await tenant.simulator.writes()).toEqual(writes);
});

test.each(['v1.0', 'beta'])('what differs is changed in place in %s', async (dialect) => {
  await apply('--yes');
  tenant.settings['GRAPH_DIALECT'] = dialect;
  const before = await tenant.state();
  const [first] = before.accessPackages.filter(({ displayName }) => displayName === 'Ledger');
  const policyId = first?.policies[0] ?? '';
  await tenant.edit('policies', policyId, {
    notificationSettings: { isAssignmentNotificationDisabled: true },
  });
  const changed = {
    ...ledger,
    displayName: 'General ledger',
    hidden: false,
    resources: [...ledger.resources, { ...ledger.resources[0], originId: group(3) }],
    policy: { ...ledger.policy, expiration: { type: 'noExpiration' } },
  };
  const catalogs = pair.catalogs.map((one) => ({ ...one, description: 'Reviewed' }));
  await tenant.writeModel({ ...pair, catalogs, accessPackages: [changed, payments] });
  const done = await apply('--yes', '--only', 'ledger');
  expect(actsOf(done)).toEqual([
    'update catalog',
    'update package',
    'create resource',
    'create role',
    'update policy',
  ]);
  expect(done).toMatchObject({ code: 0, output: { results: complete('ledger') } });
  const after = await tenant.state();
  expect(after.accessPackages.find(({ id }) => id === first?.id)).toMatchObject({
    displayName: 'General ledger',
    isHidden: false,
    roles: [1, 2, 3].map((n) => `Member_${group(n)}`),
    policies: [policyId],
  });
  expect(after.policies.find(({ id }) => id === policyId)).toMatchObject({
    expiration: { type: 'noExpiration' },
    // What the policy has besides is kept; beta does not show it.
    ...(dialect === 'v1.0' && {
      notificationSettings: { isAssignmentNotificationDisabled: true },
    }),
  });
  expect(after.catalogs.map(({ description }) => description).sort()).toEqual([
    'Reviewed',
    'What operations works with',
  ]);
});

test('what somebody else created is completed only here, and stays theirs', async () => {
  await apply('--yes');
  const { accessPackages } = await tenant.state();
  const theirs = accessPackages.find(({ displayName }) => displayName === 'Ledger');
  await tenant.simulator.remove('policies', theirs?.policies[0] ?? '');
  const other = tenant.storage.table('packages');
  for (const [partition, key] of [
    ['finance', 'package-ledger'],
    ['finance', 'catalog'],
  ] as const)
    await other.remove(partition, key);

  expect(await verified('ledger')).toMatchObject({ kind: 'failed', why: 'policy-missing' });
  const done = await apply('--yes', '--only', 'ledger');
  expect(actsOf(done)).toEqual(['create policy']);
  expect(done.code).toBe(0);
  expect(await verified('ledger')).toMatchObject({ kind: 'done', adopted: true });
});

test('what was deleted in Entra is created again', async () => {
  await apply('--yes');
  const { accessPackages } = await tenant.state();
  const [gone] = accessPackages.filter(({ displayName }) => displayName === 'Payments');
  for (const id of gone?.policies ?? []) await tenant.simulator.remove('policies', id);
  await tenant.simulator.remove('accessPackages', gone?.id ?? '');
  const done = await apply('--yes');
  expect(actsOf(done)).toContain('create package');
  expect(done).toMatchObject({ code: 0, output: { results: both } });
  const { accessPackages: now } = await tenant.state();
  expect(now.map(({ displayName }) => displayName).sort()).toEqual(['Ledger', 'Payments']);
  expect(actsOf(await apply())).toEqual([]);
});

test('access that the model does not name is shown and left, and so is the package', async () => {
  await apply('--yes');
  const writes = await tenant.simulator.writes();
  const narrower = { ...ledger, description: 'Less', resources: ledger.resources.slice(0, 1) };
  await tenant.writeModel({ ...pair, accessPackages: [narrower, payments] });
  const { code, output } = await apply('--yes');
  expect(output.changes).toContainEqual(
    expect.objectContaining({ act: 'refuse', part: 'role', about: `Member_${group(2)}` }),
  );
  expect(output.results).toEqual([
    { package: 'ledger', outcome: 'refused' },
    ...complete('payments'),
  ]);
  expect(code).toBe(1);
  expect(await tenant.simulator.writes()).toEqual(writes);
});

test('a policy that gives access by a rule of its own is refused, and nothing of it changes', async () => {
  await apply('--yes');
  const { accessPackages } = await tenant.state();
  const policyId = accessPackages.find(({ displayName }) => displayName === 'Ledger')?.policies[0];
  await tenant.edit('policies', policyId ?? '', {
    allowedTargetScope: 'specificDirectoryUsers',
    automaticRequestSettings: { requestAccessForAllowedTargets: true },
  });
  const writes = await tenant.simulator.writes();
  const { code, output } = await apply('--yes', '--only', 'ledger');
  expect(actsOf({ output })).toEqual(['refuse policy']);
  expect(output.results).toEqual([{ package: 'ledger', outcome: 'refused' }]);
  expect(code).toBe(1);
  expect(await tenant.simulator.writes()).toEqual(writes);
});

test('the plan says what a policy loses that is replaced', async () => {
  await apply('--yes');
  const policy = { ...ledger.policy, description: 'Reviewed' };
  await tenant.writeModel({ ...pair, accessPackages: [{ ...ledger, policy }, payments] });
  const { stdout } = await model('apply');
  expect(stdout).toMatch(
    /ledger +update +policy +Birthright +policy\.description, is replaced .*without questions/,
  );
});

test('a package that is not in the model is a usage error that names those in it', async () => {
  const { code, stderr } = await model('apply', '--only', 'nonsense');
  expect(code).toBe(2);
  expect(stderr).toContain('it has ledger, payments');
});

test.each([2, 7])(
  'killed after write %i and run again, it converges to one of each',
  async (after) => {
    const child = spawn(
      process.execPath,
      [join(projectRoot(), 'dist', 'cli', 'main.js'), 'model', 'apply', '--yes'],
      { env: { PATH: process.env['PATH'], ...tenant.settings }, stdio: 'ignore' },
    );
    const ended = once(child, 'exit');
    while ((await tenant.simulator.writes()).length < after && child.exitCode === null);
    child.kill('SIGKILL');
    await ended;
    const again = await apply('--yes');
    expect(again).toMatchObject({ code: 0, output: { results: both } });
    const state = await tenant.state();
    expect(state.accessPackages).toHaveLength(2);
    expect(state.policies).toHaveLength(2);
    expect(state.catalogs).toHaveLength(2);
    expect(await verified('payments')).toMatchObject({ kind: 'done' });
  },
);
