import { createPermissions } from '../../../shared/storage/limits';
import type { Columns, StoredRow, Table } from '../../../shared/storage/storage-port';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A table in memory; `stops` makes it never answer again. */
function aTable() {
  const rows = new Map<string, StoredRow>();
  let answers = true;
  const answer = <Result>(result: Result): Promise<Result> =>
    answers ? Promise.resolve(result) : new Promise(() => undefined);
  const put = (partition: string, key: string, columns: Columns): string => {
    const etag = String(rows.size + Date.now());
    rows.set(key, { partition, key, etag, columns });
    return etag;
  };
  const table: Table = {
    read: (_, key) => answer(rows.get(key)),
    writeAll: () => Promise.reject(new Error('not used')),
    insert: (partition, key, columns) =>
      answer(rows.has(key) ? undefined : put(partition, key, columns)),
    replace: (partition, key, columns) => answer(put(partition, key, columns)),
    remove: () => answer(undefined),
    list: () => answer([...rows.values()]),
    scan: async function* () {
      yield await answer([...rows.values()]);
    },
  };
  return { table, stops: () => (answers = false) };
}

const use = { operation: 'findUsers', catalog: 'tenant' };
const evidence = { graphStatus: 403 };

test('a check ends within its margin when the store stops answering, though it reads and then writes', async () => {
  const { table, stops } = aTable();
  const permissions = createPermissions(table, () => undefined, 0);
  await permissions.refused(use, undefined, evidence, false);
  stops();
  await jest.advanceTimersByTimeAsync(60_000);
  const checked = jest.fn();
  void permissions.check(use).then(checked);
  await jest.advanceTimersByTimeAsync(permissions.withinMs);
  // The store does not answer, so this process goes by what it knows: a probe is due.
  expect(checked).toHaveBeenCalledWith(undefined);
});

test('a refusal is never tried again at once, even if the probe took longer than the time to the next one', async () => {
  const permissions = createPermissions(aTable().table, () => undefined, 0);
  await permissions.refused(use, undefined, evidence, false);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(await permissions.check(use)).toBeUndefined();
  await jest.advanceTimersByTimeAsync(25_000);
  const { waitMs } = await permissions.refused(use, undefined, evidence, false);
  expect(waitMs).toBeGreaterThanOrEqual(2_000);
  expect(await permissions.check(use)).toMatchObject({ waitMs });
});
