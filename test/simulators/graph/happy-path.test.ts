import {
  addResource,
  type CompletePackage,
  create,
  createCompletePackage,
  submit,
  v1,
} from './packages';
import { groupId, startSimulator, until, userId, type Json, type Simulator } from './simulator';

let simulator: Simulator;
let complete: CompletePackage;
beforeAll(async () => {
  simulator = await startSimulator();
  complete = await createCompletePackage(simulator);
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
  const asked = await submit(simulator, complete, 1001);
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

test('The assignment is there once it is delivered, with the lifetime that the policy gives', async () => {
  const timed = await createCompletePackage(simulator, {
    name: 'For a year',
    policy: { expiration: { type: 'afterDuration', duration: 'P365D' } },
  });
  const asked = await submit(simulator, timed, 1002);
  await settled(asked.body['id'] as string, 'delivered');
  const filter = encodeURIComponent(
    `accessPackage/id eq '${timed.accessPackage}' and target/objectId eq '${userId(1002)}'`,
  );
  const read = await simulator.call('GET', `EM/assignments?$filter=${filter}`);
  const [assignment] = read.body['value'] as [Json];
  expect(assignment).toMatchObject({ state: 'delivered', expiredDateTime: null });
  const schedule = assignment['schedule'] as { startDateTime: string; expiration: Json };
  const days =
    Date.parse(schedule.expiration['endDateTime'] as string) - Date.parse(schedule.startDateTime);
  expect(days / 86_400_000).toBe(365);
});

test('A schedule that begins later holds its request as scheduled until then', async () => {
  const startDateTime = new Date(Date.now() + 3_600_000).toISOString();
  const schedule = { startDateTime, expiration: { type: 'noExpiration' } };
  const later = await createCompletePackage(simulator, { name: 'Later' });
  const { body } = await submit(simulator, later, 1003, { schedule });
  const id = body['id'] as string;
  expect(await settled(id, 'scheduled')).toMatchObject({
    status: 'PendingNotBefore',
    schedule: { startDateTime },
  });
  await simulator.call('POST', `/_control/requests/${id}/advance`);
  await settled(id, 'delivered');
});

test('A schedule that ends takes the access back', async () => {
  const endDateTime = new Date(Date.now() + 100).toISOString();
  const schedule = { expiration: { type: 'afterDateTime', endDateTime } };
  const brief = await createCompletePackage(simulator, { name: 'For a moment', group: 2 });
  await submit(simulator, brief, 1003, { schedule });
  const ended = await until(
    async () =>
      (await simulator.state()).assignments.filter(
        (row) => row['packageId'] === brief.accessPackage,
      ),
    ([assignment]) => assignment?.state === 'expired',
  );
  expect(ended[0]?.['expiredAt']).toBeGreaterThanOrEqual(Date.parse(endDateTime));
  expect(await members(2)).toEqual([]);
});

test('A role that is added to a package reaches those who hold it, and stays while another package gives it', async () => {
  const first = await createCompletePackage(simulator, { name: 'First' });
  const asked = await submit(simulator, first, 1004);
  await settled(asked.body['id'] as string, 'delivered');
  const resource = await addResource(simulator, first.catalog, 2);
  const path = `EM/accessPackages/${first.accessPackage}/resourceRoleScopes`;
  await create(simulator, path, v1.roleScopeBody(resource, 2));
  expect(await members(2)).toContain(userId(1004));
  const second = await createCompletePackage(simulator, { name: 'Second', group: 2 });
  const again = await submit(simulator, second, 1004);
  const { assignmentId } = (await until(
    async () => (await simulator.state()).requests.find(({ id }) => id === again.body['id']) ?? {},
    (request) => (request as Json)['state'] === 'delivered',
  )) as { assignmentId: string };
  await create(simulator, 'EM/assignmentRequests', {
    requestType: 'adminRemove',
    assignment: { id: assignmentId },
  });
  await until(
    async () => (await simulator.state()).assignments.find(({ id }) => id === assignmentId)?.state,
    (state) => state === 'expired',
  );
  expect(await members(2)).toContain(userId(1004));
});
