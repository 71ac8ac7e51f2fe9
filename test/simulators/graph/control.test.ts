import { createCompletePackage, submit } from './packages';
import { refusal, startSimulator, userId, type Simulator, unknownId } from './simulator';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.stop());

test('Somebody who is added can be given a package; removed again, they cannot', async () => {
  const complete = await createCompletePackage(simulator);
  expect(refusal(await submit(simulator, complete, 1500))).toEqual([400, 'SubjectNotFound']);
  await simulator.call('POST', '/_control/users', { employeeId: 'W-1500' });
  expect((await submit(simulator, complete, 1500)).status).toBe(201);
  await simulator.call('DELETE', `/_control/users/${userId(1500)}`);
  expect((await simulator.call('GET', `users/${userId(1500)}`)).status).toBe(404);
});

test('An administrator can change a policy or a catalog behind the client’s back', async () => {
  const complete = await createCompletePackage(simulator);
  await simulator.call('PATCH', `/_control/policies/${complete.policy}`, {
    allowedTargetScope: 'allExternalUsers',
  });
  expect(refusal(await submit(simulator, complete, 1001))).toEqual([400, 'InvalidRequest']);
  await simulator.call('PATCH', `/_control/policies/${complete.policy}`, {
    allowedTargetScope: 'notSpecified',
  });
  await simulator.call('PATCH', `/_control/catalogs/${complete.catalog}`, { state: 'unpublished' });
  expect(refusal(await submit(simulator, complete, 1001))).toEqual([400, 'InvalidRequest']);
  const wrong = await simulator.call('PATCH', `/_control/catalogs/${complete.catalog}`, {
    colour: 'red',
  });
  expect(refusal(wrong)).toEqual([400, 'BadRequest']);
});

test('A reset leaves what the tenant file holds and nothing else', async () => {
  await createCompletePackage(simulator);
  await simulator.call('POST', '/_control/reset');
  const { counts } = await simulator.state();
  expect(counts).toMatchObject({
    users: 20,
    groups: 5,
    catalogs: 0,
    accessPackages: 0,
    policies: 0,
  });
});

test('An address that the control endpoint does not have is answered with those that it has', async () => {
  const answer = await simulator.call('GET', '/_control/anything');
  expect(refusal(answer)).toEqual([404, 'NotFound']);
});

test.each([
  ['an edit of no object', 'PATCH', `users/${userId(1001)}`, [1], 400],
  ['an edit of a table that unknownId edits', 'PATCH', `requests/${unknownId}`, {}, 400],
  ['an edit of a row that is not there', 'PATCH', `policies/${unknownId}`, {}, 404],
  [
    'a decision on a request that is not there',
    'POST',
    `requests/${unknownId}/decide`,
    { decision: 'deny' },
    404,
  ],
  ['a person without a number', 'POST', 'users', { id: unknownId }, 400],
])('The control endpoint refuses %s', async (_, method, path, body, status) => {
  expect((await simulator.call(method, `/_control/${path}`, body)).status).toBe(status);
});
