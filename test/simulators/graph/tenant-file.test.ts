import { join } from 'node:path';
import { startGraph } from '../../../infra/local/graph/server';
import { projectRoot } from '../../../infra/local/stack/part';
import {
  groupId,
  smallTenant,
  startSimulator,
  userId,
  type Json,
  type Simulator,
} from './simulator';

const sample = join(projectRoot(), 'infra/local/graph/tenant.json');
const started: Simulator[] = [];
const start = async (tenant: object): Promise<Simulator> => {
  const simulator = await startSimulator({ tenant });
  started.push(simulator);
  return simulator;
};
afterAll(async () => {
  for (const simulator of started) await simulator.stop();
});

test.each([
  ['an unknown member', { staff: [] }, /staff/],
  [
    'a range that does not count up',
    { workers: [{ from: 'W-9', to: 'W-1' }] },
    /does not count up/,
  ],
  [
    'a real-looking name',
    { users: [{ employeeId: 'W-1', userPrincipalName: 'a@contoso.com' }] },
    /users\.0\.userPrincipalName/,
  ],
  [
    'one id twice',
    { users: [{ employeeId: 'W-1' }, { employeeId: 'X-1' }] },
    /two users with the id/,
  ],
  [
    'a state that never ends before another',
    { scripts: [{ states: [{ state: 'submitted' }, { state: 'denied' }] }] },
    /scripts\.0\.states.*forMs/,
  ],
  ['a group without an id', { groups: [{ displayName: 'grp' }] }, /groups\.0\.id/],
])('A tenant file with %s is refused with the place of the fault', async (_, tenant, message) => {
  await expect(start(tenant)).rejects.toThrow(message);
});

test('What exists at the start can be read and asked for, and its ids last', async () => {
  const tenant = {
    ...smallTenant,
    catalogs: [
      {
        id: '40000000-0000-4000-8000-000000000001',
        displayName: 'Old',
        resources: [{ originSystem: 'AadGroup', originId: groupId(1) }],
        accessPackages: [
          {
            id: '50000000-0000-4000-8000-000000000001',
            displayName: 'Old package',
            roles: [{ resource: groupId(1), role: `Member_${groupId(1)}` }],
            policies: [{ id: '60000000-0000-4000-8000-000000000001', displayName: 'direct' }],
            heldBy: ['W-1002'],
          },
        ],
      },
    ],
  };
  const simulator = await start(tenant);
  const path =
    'EM/accessPackages/50000000-0000-4000-8000-000000000001?$expand=catalog,assignmentPolicies';
  expect((await simulator.call('GET', path)).body).toMatchObject({
    catalog: { displayName: 'Old', state: 'published' },
    assignmentPolicies: [{ id: '60000000-0000-4000-8000-000000000001' }],
  });
  const state = await simulator.state();
  expect(state.groups[0]?.members).toEqual([userId(1002)]);
  expect(state.assignments).toMatchObject([{ targetId: userId(1002), state: 'delivered' }]);
});

test('The sample tenant has the workers W-1001 to W-1200, and nobody from W-1100 on is special', async () => {
  const folder = (await start({})).folder;
  const graph = await startGraph({ port: 0, dataDir: join(folder, 'sample'), tenantFile: sample });
  const found = async (employeeId: string): Promise<Json[]> => {
    const filter = encodeURIComponent(`employeeId eq '${employeeId}'`);
    const answer = await fetch(
      `${graph.url}/v1.0/users?$filter=${filter}&$select=id,accountEnabled`,
    );
    return ((await answer.json()) as { value: Json[] }).value;
  };
  const ordinary = [1024, ...Array.from({ length: 101 }, (_, index) => 1100 + index)];
  for (const number of ordinary) {
    expect(await found(`W-${number}`)).toEqual([{ id: userId(number), accountEnabled: true }]);
  }
  expect(await found('W-1010')).toHaveLength(2);
  expect(await found('W-1002')).toEqual([]);
  expect(await found('W-1999')).toEqual([]);
  expect(await found('W-1011')).toMatchObject([{ accountEnabled: false }]);
  await graph.stop();
});
