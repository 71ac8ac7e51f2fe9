import { collectEvidence, readGraph } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { eventually } from '../support/eventually';
import { messageOf, SOURCE, type TestMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const DAY = 86_400_000;
const START = Date.parse('2027-01-04T12:00:00Z');
const day = (days: number): string => new Date(START + days * DAY).toISOString().slice(0, 10);
/** Midnight in UTC of a day. */
const midnight = (days: number): number => Date.parse(`${day(days)}T00:00:00Z`);
const iso = (instant: number): string => new Date(instant).toISOString();

let stack: TestStack;
const sent: TestMessage[] = [];
let number = 0;

/** The app makes an event of each person's next change; a minute is the shortest schedule of a real timer. */
beforeAll(async () => {
  stack = await startStack({
    now: new Date(START),
    env: {
      ...{ GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '10' },
      ...{
        SUPERVISE_SCHEDULE: '*/2 * * * * *',
        IDENTITY_DEADLINE: '14d',
        CALL_PATIENCE: '30d',
        DELIVERY_DEADLINE: '30d',
      },
    },
    files: {
      GRAPH_TENANT: tenantOf(20),
      ACCESS_MODEL: modelOf(
        [
          { key: 'package', catalog: 'catalog', overlapDays: 5 },
          { key: 'other', catalog: 'catalog' },
        ],
        [
          { id: 'rule', department: 'Sales', packages: ['package'] },
          { id: 'other-rule', department: 'Finance', packages: ['other'] },
        ],
      ),
    },
  });
});
afterAll(() => stack.stop());

const attributes = { department: 'Sales' };

/** Sends an event of the person; answers its id. */
async function send(kind: string, worker: string, data: object): Promise<string> {
  number += 1;
  const id = `${kind}-${number}`;
  const event = {
    ...{ specversion: '1.0', id, source: SOURCE, type: `hr.worker.${kind}.v1` },
    time: iso(Date.parse('2027-01-01T00:00:00Z') + number * 1000),
    data: { workerId: worker, ...data },
  };
  sent.push(messageOf(event));
  await stack.send([event]);
  return id;
}
const revises = (id: string) => ({ revises: { source: SOURCE, id } });

const hashOf = (id: string): string =>
  messageOf({ source: id.includes('@') ? 'urn:joinery:clock' : SOURCE, id }).eventHash;
const claimOf = async (id: string): Promise<Row | undefined> =>
  (
    await readTable(
      stack.storage,
      'claims',
      `PartitionKey eq '${hashOf(id)}' and RowKey eq 'claim'`,
    )
  )[0];
const rowsOf = (id: string): Promise<Row[]> =>
  readTable(stack.storage, 'audit', `PartitionKey eq '${hashOf(id)}'`);

const closed = (id: string, outcome: string, reason?: string) =>
  eventually(`${id} is closed`, async () => {
    const claim = await claimOf(id);
    if (claim?.['state'] !== 'closed') return undefined;
    expect([id, claim['outcome'], claim['reason']]).toEqual([id, outcome, reason]);
    return claim;
  });
const joinery = async (...args: string[]) => {
  const { stdout } = await runCommand([...args, '--json'], { JOINERY_DATA_DIR: stack.dataDir });
  return JSON.parse(stdout) as Record<string, unknown>;
};
async function waits(id: string, waitingFor: string): Promise<Record<string, unknown>> {
  let status: Record<string, unknown> = {};
  const details = () => JSON.stringify(status);
  const isSo = async () => {
    status = await joinery('status', id);
    return status['waitingFor'] === waitingFor;
  };
  await eventually(`${id} waits for ${waitingFor}`, isSo, { details });
  return status;
}
/** What the person holds, by the names of the packages. */
async function held(): Promise<Map<string, string[]>> {
  const { graph } = await readGraph(stack.graphUrl);
  const names = new Map(graph.accessPackages.map(({ id, displayName }) => [id, displayName]));
  const people = new Map<string, string[]>();
  for (const { targetId, packageId, state } of graph.assignments) {
    if (state.toLowerCase() !== 'delivered') continue;
    people.set(targetId, [...(people.get(targetId) ?? []), names.get(packageId) ?? '']);
  }
  return people;
}
/** Moves the clock to an instant. */
const goTo = (instant: number) => stack.advance(new Date(instant));
const settledOf = async (id: string, outcome: string): Promise<Row> => {
  const row = (await rowsOf(id)).find(
    (one) => one['kind'] === 'settled' && one['outcome'] === outcome,
  );
  if (!row) throw new Error(`${id} has no row ${outcome}`);
  return row;
};
const secondsAfter = (row: Row, instant: number): number =>
  (Date.parse(String(row['deliveredAt'])) - instant) / 1000;

const ids: Record<string, string> = {};
const [NEWCOMER, RESCINDED, CORRECTED, MOVER] = [
  workerId(100),
  workerId(1),
  workerId(2),
  workerId(6),
];
const zones = [
  ['Pacific/Apia', 3, midnight(21) - 13 * 3_600_000],
  ['Australia/Sydney', 4, midnight(21) - 11 * 3_600_000],
  ['America/Los_Angeles', 5, midnight(21) + 8 * 3_600_000],
] as const;

test('an event about a later time stays open as parked, with its instant and reason in status, list and one row', async () => {
  for (const [timeZone, person] of zones) {
    ids[`joined ${timeZone}`] = await send('joined', workerId(person), {
      ...{ startDate: day(-30), timeZone, attributes },
    });
  }
  ids['mover'] = await send('joined', MOVER, { startDate: day(-30), attributes });
  ids['newcomer'] = await send('joined', NEWCOMER, { startDate: day(60), attributes });
  ids['rescinded'] = await send('joined', RESCINDED, { startDate: day(60), attributes });
  ids['corrected'] = await send('joined', CORRECTED, { startDate: day(60), attributes });
  for (const id of ['mover', ...zones.map(([zone]) => `joined ${zone}`)])
    await closed(ids[id] ?? '', 'delivered');
  for (const [timeZone, person] of zones)
    ids[timeZone] = await send('left', workerId(person), { lastDay: day(20), timeZone });

  const status = await waits(ids['newcomer'] ?? '', 'parked');
  expect(status).toMatchObject({
    ...{ waitingReason: 'future-start', waitingUntil: iso(midnight(46)) },
    ...{ actAt: iso(midnight(46)), readyBy: `${day(60)}T09:00:00.000Z` },
  });
  for (const [timeZone, , end] of zones) {
    expect(await waits(ids[timeZone] ?? '', 'parked')).toMatchObject({
      ...{ waitingReason: 'future-end', waitingUntil: iso(end) },
    });
  }
  const { events } = await joinery('list', '--open');
  expect(events).toHaveLength(6);
  for (const event of events as object[]) expect(event).toMatchObject({ waitingFor: 'parked' });
  expect(await rowsOf(ids['newcomer'] ?? '')).toMatchObject([
    { kind: 'waiting', waitingFor: 'parked', waitingUntil: iso(midnight(46)) },
  ]);
}, 240_000);

test('a parked event that is rescinded or corrected closes within a day, and what corrects it is parked until its own date', async () => {
  ids['rescission'] = await send('rescinded', RESCINDED, revises(ids['rescinded'] ?? ''));
  const to = async (days: number, of: string) =>
    send('corrected', CORRECTED, { ...revises(ids[of] ?? ''), startDate: day(days), attributes });
  ids['earlier'] = await to(40, 'corrected');
  await waits(ids['earlier'] ?? '', 'parked');
  ids['later'] = await to(50, 'corrected');
  expect(await waits(ids['later'] ?? '', 'parked')).toMatchObject({
    waitingUntil: iso(midnight(36)),
  });
  await closed(ids['rescission'] ?? '', 'revoked');
  ids['moved'] = await send('moved', MOVER, {
    ...{ effectiveDate: day(0), attributes: { department: 'Finance' } },
  });
  await closed(ids['moved'] ?? '', 'delivered');

  await stack.advance('1d');
  await closed(ids['rescinded'] ?? '', 'rescinded');
  await closed(ids['corrected'] ?? '', 'superseded');
  await closed(ids['earlier'] ?? '', 'superseded');
}, 240_000);

test('the overlap of a mover ends with an event of the clock, with its own claim, chain and closing row', async () => {
  const end = midnight(5);
  const id = `${MOVER}@${iso(end)}`;
  const wakes = await readTable(stack.storage, 'due', `kind eq 'wake' and personId eq '${MOVER}'`);
  expect(wakes).toMatchObject([{ at: iso(end) }]);
  await goTo(end + 1000);
  const claim = await closed(id, 'revoked');
  expect(claim['content']).toBeUndefined();
  expect((await rowsOf(id)).map(({ kind, step, initiator }) => [kind, step, initiator])).toEqual([
    ['intended', 'remove', 'clock'],
    ['settled', 'remove', 'clock'],
    ['settled', 'plan', 'clock'],
    ['closing', undefined, 'clock'],
  ]);
  expect(await joinery('status', id)).toMatchObject({ outcome: 'revoked', actAt: iso(end) });
  const audit = await joinery('audit', '--event', id);
  expect(audit).toMatchObject({ faults: [] });
}, 240_000);

test('leavers at the end of the last day lose their access at that instant, each in the zone of the worker', async () => {
  const before = (await held()).size;
  expect(before).toBe(4);
  for (const [timeZone, , end] of [...zones].sort((one, other) => one[2] - other[2])) {
    await goTo(end - 60_000);
    expect(await waits(ids[timeZone] ?? '', 'parked')).toMatchObject({ waitingUntil: iso(end) });
    await goTo(end);
    await closed(ids[timeZone] ?? '', 'revoked');
    const row = await settledOf(ids[timeZone] ?? '', 'revoked');
    expect(row).toMatchObject({ action: 'revoke', actAt: iso(end) });
    expect(secondsAfter(row, end)).toBeGreaterThanOrEqual(0);
    expect(secondsAfter(row, end)).toBeLessThan(60);
  }
  expect((await held()).size).toBe(1);
}, 240_000);

test('a date that was moved twice counts as it was stated last', async () => {
  await goTo(midnight(36) - 60_000);
  await waits(ids['later'] ?? '', 'parked');
  await goTo(midnight(36));
  await closed(ids['later'] ?? '', 'delivered');
}, 240_000);

test('a joiner 60 days ahead without an account is waited for relative to the first day, and has access before it', async () => {
  await goTo(midnight(46));
  const readyBy = Date.parse(`${day(60)}T09:00:00Z`);
  const status = await waits(ids['newcomer'] ?? '', 'directory');
  expect(status).toMatchObject({ waitingReason: 'no-identity' });
  const off = Date.parse(String(status['waitingUntil'])) - (readyBy + 14 * DAY);
  expect(Math.abs(off)).toBeLessThan(60_000);
  // Nobody looks again before the clock is moved, and then it stands still until the request is delivered.
  await fetch(`${stack.graphUrl}/_control/users`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ employeeId: NEWCOMER }),
  });
  await goTo(midnight(59));
  const claim = await closed(ids['newcomer'] ?? '', 'delivered');
  const margin = Math.round((readyBy - Date.parse(String(claim['deliveredAt']))) / 600) / 100;
  expect(margin).toBeGreaterThan(32 * 60);
  const rows = await rowsOf(ids['newcomer'] ?? '');
  expect(rows.filter(({ kind }) => kind === 'waiting').map((row) => row['waitingFor'])).toEqual([
    'parked',
    'directory',
  ]);
  expect(rows.at(-1)).toMatchObject({ kind: 'closing', marginMinutes: margin });
}, 240_000);

test('a wake-up that comes due while the app is down happens once, however late', async () => {
  const contractor = await send('joined', workerId(7), {
    ...{ startDate: day(0), endDate: day(70), attributes },
  });
  await closed(contractor, 'delivered');
  const end = midnight(71);
  const due = () =>
    readTable(stack.storage, 'due', `kind eq 'wake' and personId eq '${workerId(7)}'`);
  expect(await due()).toMatchObject([{ at: iso(end) }]);
  await stack.kill('host');
  await goTo(end + 3 * DAY);
  await stack.start('host');
  await closed(`${workerId(7)}@${iso(end)}`, 'revoked');
  await eventually('nothing is due', async () => (await due()).length === 0);
  const ends = await readTable(
    stack.storage,
    'audit',
    `workerId eq '${workerId(7)}' and kind eq 'closing'`,
  );
  expect(ends).toHaveLength(2);
}, 240_000);

test('every invariant holds', async () => {
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}, 120_000);
