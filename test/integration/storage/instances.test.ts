import { createInstances } from '../../../shared/storage/instances';
import { openTable } from '../../../shared/storage/table';
import { openStorage, type Storage } from '../../support/storage';

/* The rows by which instances know of each other, in a real table. */

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const own = { writesLeft: 100, readFactor: 1, writeFactor: 0.5, slots: { '2 ': 5 } };
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

test('instances see each other, and a row that cannot be read hides nobody', async () => {
  const table = storage.table('limits');
  await table.insert('instances', 'unreadable', { at: 'yesterday' });
  const [one, other] = [createInstances(table), createInstances(table)];
  expect(await one.beat(own)).toEqual({ live: [] });
  expect(await other.beat({ ...own, writesLeft: 7 })).toEqual({ live: [own] });
  expect(await one.beat(own)).toEqual({ live: [{ ...own, writesLeft: 7 }] });
});

test('one that was silent is not alive: its last report counts for the window, and its row goes later', async () => {
  const table = storage.table('limits');
  for (const { key } of await table.list('instances')) await table.remove('instances', key);
  const columns = { ...own, slots: 'json:{}' };
  await table.insert('instances', 'silent', { ...columns, at: ago(60) });
  await table.insert('instances', 'forgotten', { ...columns, at: ago(700) });
  const answer = await createInstances(table).beat(own);
  expect(answer).toMatchObject({ live: [], ended: { beat: { ...own, slots: {} } } });
  expect(answer?.ended?.ms).toBeGreaterThan(59_000);
  const keys = (await table.list('instances')).map(({ key }) => key);
  expect(keys).toContain('silent');
  expect(keys).not.toContain('forgotten');
});

test('without a store nobody is known', async () => {
  const nowhere =
    'DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;';
  expect(await createInstances(openTable(nowhere, 'limits', undefined, 500)).beat(own)).toBe(
    undefined,
  );
});

test('a row of a time that is to come is of a wrong clock: nobody is alive by it, and it goes', async () => {
  const table = storage.table('limits');
  for (const { key } of await table.list('instances')) await table.remove('instances', key);
  const columns = { ...own, slots: 'json:{}' };
  await table.insert('instances', 'ahead', { ...columns, at: ago(-120) });
  await table.insert('instances', 'far-ahead', { ...columns, at: '2999-01-01T00:00:00.000Z' });
  await table.insert('instances', 'a-little-ahead', { ...columns, at: ago(-5) });
  const instances = createInstances(table);
  expect(await instances.beat(own)).toEqual({ live: [{ ...own, slots: {} }] });
  const keys = (await table.list('instances')).map(({ key }) => key);
  expect(keys).not.toContain('far-ahead');
});
