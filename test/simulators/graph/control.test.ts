import { ask, aWholePackage } from './build';
import { refusal, startSimulator, userId, type Simulator } from './simulator';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.stop());

test('Somebody who is added can be given a package; removed again, they cannot', async () => {
  const whole = await aWholePackage(simulator);
  expect(refusal(await ask(simulator, whole, 1500))).toEqual([400, 'SubjectNotFound']);
  await simulator.call('POST', '/_control/users', { employeeId: 'W-1500' });
  expect((await ask(simulator, whole, 1500)).status).toBe(201);
  await simulator.call('DELETE', `/_control/users/${userId(1500)}`);
  expect((await simulator.call('GET', `users/${userId(1500)}`)).status).toBe(404);
});

test('An administrator can change a policy or a catalog behind the client’s back', async () => {
  const whole = await aWholePackage(simulator);
  await simulator.call('PATCH', `/_control/policies/${whole.policy}`, {
    allowedTargetScope: 'allExternalUsers',
  });
  expect(refusal(await ask(simulator, whole, 1001))).toEqual([400, 'InvalidRequest']);
  await simulator.call('PATCH', `/_control/policies/${whole.policy}`, {
    allowedTargetScope: 'notSpecified',
  });
  await simulator.call('PATCH', `/_control/catalogs/${whole.catalog}`, { state: 'unpublished' });
  expect(refusal(await ask(simulator, whole, 1001))).toEqual([400, 'InvalidRequest']);
  const wrong = await simulator.call('PATCH', `/_control/catalogs/${whole.catalog}`, {
    colour: 'red',
  });
  expect(refusal(wrong)).toEqual([400, 'BadRequest']);
});

test('A reset leaves what the tenant file holds and nothing else', async () => {
  await aWholePackage(simulator);
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

const nobody = '99999999-9999-4999-8999-999999999999';
test.each([
  ['an edit of no object', 'PATCH', `users/${userId(1001)}`, [1], 400],
  ['an edit of a table that nobody edits', 'PATCH', `requests/${nobody}`, {}, 400],
  ['an edit of a row that is not there', 'PATCH', `policies/${nobody}`, {}, 404],
  [
    'a decision on a request that is not there',
    'POST',
    `requests/${nobody}/decide`,
    { decision: 'deny' },
    404,
  ],
  ['a person without a number', 'POST', 'users', { id: nobody }, 400],
])('The control endpoint refuses %s', async (_, method, path, body, status) => {
  expect((await simulator.call(method, `/_control/${path}`, body)).status).toBe(status);
});
