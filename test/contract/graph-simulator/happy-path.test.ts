import { ask, aWholePackage, type Whole } from './build';
import { groupId, startSimulator, until, userId, type Json, type Simulator } from './simulator';

let simulator: Simulator;
let whole: Whole;
beforeAll(async () => {
  simulator = await startSimulator();
  whole = await aWholePackage(simulator);
});
afterAll(() => simulator.stop());

const settled = (id: string, state: string): Promise<Json> =>
  until(
    async () => (await simulator.call('GET', `EM/assignmentRequests/${id}`)).body,
    (request) => request['state'] === state,
  );

const members = async (group: number): Promise<unknown[]> => {
  const answer = await simulator.call('GET', `groups/${groupId(group)}/members?$select=id`);
  return (answer.body['value'] as Json[]).map((member) => member['id']);
};

test('A request of an administrator passes submitted and delivering to delivered, and its person is in the group', async () => {
  const asked = await ask(simulator, whole, 1001);
  expect(asked.status).toBe(201);
  expect(asked.body).toMatchObject({
    requestType: 'adminAdd',
    state: 'submitted',
    status: 'Accepted',
    justification: 'for tests',
    completedDateTime: null,
  });
  const done = await settled(asked.body['id'] as string, 'delivered');
  expect(done['completedDateTime']).toEqual(expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
  expect(await members(1)).toEqual([userId(1001)]);
});
