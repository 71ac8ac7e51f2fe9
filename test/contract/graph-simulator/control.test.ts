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
