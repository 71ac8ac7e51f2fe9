import { createCompletePackage } from './packages';
import { type Json, sharedSimulator, until, userId, valuesOf } from './simulator';

/* Lists as an index shows them that is behind or wrong. A read of one object is not concerned. */

const simulator = sharedSimulator({}, 'test');

const plantRequests = async (count: number): Promise<string[]> => {
  const { accessPackage } = await createCompletePackage(simulator);
  const ids: string[] = [];
  for (let number = 1001; number < 1001 + count; number += 1) {
    const body = { packageId: accessPackage, userId: userId(number) };
    const { body: planted } = await simulator.call('POST', '/_control/requests', body);
    ids.push(String(planted['id']));
  }
  return ids;
};
const plantFault = (answer: Json): Promise<unknown> =>
  simulator.call('POST', '/_control/faults', { match: { path: 'assignmentRequests$' }, answer });
const list = async (): Promise<Json[]> =>
  valuesOf(await simulator.call('GET', 'EM/assignmentRequests?$select=id,state'));
const idsIn = (found: Json[]): unknown[] => found.map(({ id }) => id);

test('A list that skips leaves out every third entry of a page', async () => {
  const ids = await plantRequests(4);
  await plantFault({ list: 'skips' });
  expect(idsIn(await list())).toEqual([ids[0], ids[1], ids[3]]);
  await simulator.call('DELETE', '/_control/faults');
  expect(idsIn(await list())).toEqual(ids);
});

test('A list that repeats has every second entry twice', async () => {
  const ids = await plantRequests(2);
  await plantFault({ list: 'repeats', every: 2 });
  expect(idsIn(await list())).toEqual([ids[0], ids[1], ids[1]]);
});

test('A list that lags shows the states of a while ago, and a read of one object the present one', async () => {
  await plantFault({ list: 'lags', byMs: 300 });
  const [id = ''] = await plantRequests(1);
  expect(await list()).toEqual([]);
  await until(list, (found) => found.length === 1);
  await simulator.call('POST', `/_control/requests/${id}/advance`);
  const { body } = await simulator.call('GET', `EM/assignmentRequests/${id}`);
  expect(body['state']).not.toBe('submitted');
  expect(await list()).toEqual([{ id, state: 'submitted' }]);
  await until(list, ([first]) => first?.['state'] !== 'submitted');
});

test('The assignment behind a request shows no end', async () => {
  const { accessPackage } = await createCompletePackage(simulator);
  const held = { packageId: accessPackage, userId: userId(1001), until: '2099-01-01T00:00:00Z' };
  await simulator.call('POST', '/_control/assignments', held);
  const found = await simulator.call('GET', 'EM/assignmentRequests?$expand=assignment');
  expect(valuesOf(found)).toMatchObject([
    { assignment: { state: 'delivered', schedule: { expiration: null } } },
  ]);
});
