import { eventually } from '../support/eventually';
import { lifecycleEvent, messageOf } from '../support/events';
import { runCommand } from '../support/run-command';
import { createStaging } from '../../shared/storage/staging';
import { openTable } from '../../shared/storage/table';
import { reconciliationOf } from '../resilience/reconciliation';
import { readTable, type Row } from '../support/tables';
import { finance, sales, startLife, type Event, type Life } from './lifecycle/life';

/** The canary, whose number the neighbour's begins with, and the number that the canary goes on under. */
const [CANARY, NEIGHBOUR, LATER] = ['W-31337', 'W-313370', 'W-31338'] as const;
const ACCOUNTS = [
  '20000000-0000-4000-8000-0000deadbeef',
  '20000000-0000-4000-8000-00000badcafe',
] as const;
const TABLES = [
  ...['claims', 'workers', 'packages', 'due', 'limits', 'removals', 'staging'],
  ...['audit', 'auditIndex'],
];

let life: Life;
const events: Event[] = [];
/** A canary with rows of all kinds, and a neighbour who has the same. */
beforeAll(async () => {
  life = await startLife({ env: { REMOVAL_LIMIT: '1', REMOVAL_PERCENT: '100' } });
  for (const [at, worker] of [CANARY, NEIGHBOUR].entries()) {
    await life.control('POST', 'users', { employeeId: worker, id: ACCOUNTS[at] });
    await life.everyReplica(
      `/v1.0/users?$filter=employeeId eq '${worker}'`,
      (read) => read.length === 1,
    );
  }
  const production = { department: 'Engineering', jobCode: 'ENG-SRE-1', workerType: 'secondee' };
  const workers = [CANARY, NEIGHBOUR].map((id) => life.worker(id));
  for (const worker of workers) {
    const [join, more] = [
      worker.joined('2026-11-02', finance),
      worker.joined('2026-11-03', production, { employmentId: 'second' }),
    ];
    events.push(join, more);
    expect(await life.ending(join)).toBe('delivered');
    // One request waits for its approval when its run has closed.
    expect(await life.ending(more)).toBe('partly-delivered');
    await runCommand(['recheck', worker.id, '--by', 'op', '--reason', 'T-1'], settings());
  }
  const goesOn = life.event('joined', LATER, {
    ...{ startDate: '2026-11-04', previousWorkerId: CANARY, attributes: { department: 'Nowhere' } },
  });
  events.push(goesOn);
  await life.ending(goesOn);
  // Another event with the id of an earlier one is refused.
  const { id, time } = events[0] as Event & { time: string };
  await life.stack.send([lifecycleEvent('left', CANARY, { lastDay: '2026-11-05' }, { id, time })]);
  await eventually('it is refused', async () =>
    (await rowsOf('audit')).some(({ kind }) => kind === 'rejected'),
  );
  // What somebody else gave is found by a reconciliation, once the events are no news.
  await life.ending(life.worker('W-1031').joined('2026-11-02', sales));
  for (const account of ACCOUNTS) await life.give(account, 'Sales');
  await life.stack.advance('20m');
  await reconciliationOf(life.stack, 120).run();
  // One person may lose access, so the removals of the second one are held.
  const [ofCanary, ofNeighbour] = workers.map((worker) => worker.left({ lastDay: '2026-11-20' }));
  events.push(ofCanary as Event, ofNeighbour as Event);
  await life.ending(ofNeighbour as Event);
  await life.say(ofCanary as Event);
  // That its run waits is the last row that it writes until somebody decides.
  await eventually('removals are held', async () =>
    (await rowsOf('audit')).some(
      ({ workerId, waitingFor }) => workerId === CANARY && waitingFor === 'held',
    ),
  );
  const staging = createStaging(openTable(life.stack.storage, 'staging'));
  for (const account of ACCOUNTS)
    await staging.keep('given-back', `${account}-finance`, {
      run: 'r',
      at: '2026-11-01T00:00:00Z',
    });
}, 240_000);
afterAll(() => life.stop());

const settings = () => ({ JOINERY_DATA_DIR: life.stack.dataDir });
const rowsOf = (table: string): Promise<Row[]> => readTable(life.stack.storage, table);

type Exported = {
  numbers: string[];
  rows: { table: string; partition: string; key: string; isPart?: true; record: object }[];
};
async function exported(worker: string): Promise<Exported> {
  const { code, stdout, stderr } = await runCommand(['person', worker, '--export'], settings());
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Exported;
}
const hashes = (of: string) =>
  events.filter(({ data }) => data['workerId'] === of).map((event) => messageOf(event).eventHash);
const placeOf = (table: string, partition: string, key: string): string =>
  // A report is in pieces, and is exported as one.
  `${table}/${partition}/${key.replace(/^([0-9a-f]{64})-[1-9]\d*$/, '$1-0')}`;

test('an export has every row of every table that names the person, and nothing of a neighbour', async () => {
  const names = [`${CANARY}(?!\\d)`, LATER, ACCOUNTS[0], ...hashes(CANARY), ...hashes(LATER)];
  const canary = new RegExp(names.join('|'), 'i');
  const planted: string[] = [];
  for (const table of TABLES)
    for (const row of await rowsOf(table))
      if (canary.test(JSON.stringify(row)))
        planted.push(placeOf(table, row.partitionKey, row.rowKey));
  const { numbers, rows } = await exported(CANARY);
  expect(numbers.sort()).toEqual([CANARY, LATER]);
  const places = rows.map(({ table, partition, key }) => placeOf(table, partition, key));
  expect(planted.filter((place) => !places.includes(place))).toEqual([]);
  // Of the packages, the lease of a catalog names the last run that had it, whosever that was.
  for (const table of TABLES.filter((name) => name !== 'packages' && name !== 'limits'))
    expect(planted.filter((place) => place.startsWith(`${table}/`))).not.toEqual([]);
  for (const kind of ['kept-given-back', 'kept-reports', 'recheck', '-shard-', '-found-'])
    expect(planted.filter((place) => place.includes(kind))).not.toEqual([]);

  const others = new RegExp([NEIGHBOUR, ACCOUNTS[1], ...hashes(NEIGHBOUR)].join('|'), 'i');
  const foreign = rows.filter((row) => others.test(JSON.stringify(row)));
  expect(foreign).toEqual([]);
  // Rows that name several people are cut to what is about this one.
  expect(rows.filter(({ isPart }) => isPart)).not.toEqual([]);
  // Their run goes on meanwhile: what is written once is the same by any of the numbers.
  const written = ({ rows: all }: Exported) => all.filter(({ table }) => /^audit/.test(table));
  expect(written(await exported(LATER))).toEqual(written({ numbers, rows }));
});

test('of somebody whom no row names it says so', async () => {
  const { code, stderr } = await runCommand(['person', 'W-3133', '--export'], settings());
  expect([code, stderr]).toEqual([1, expect.stringContaining('no row names the worker W-3133')]);
});
