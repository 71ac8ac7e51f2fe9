import type { Services } from '../../../functions/services';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { servicesOver } from '../../support/call-activity';
import { bytesOf } from '../../support/events';
import { atOnce, openStorage, type Storage } from '../../support/storage';
import { intakeOf, startingClient, type Client } from './intake';

const SOURCE = 'urn:hr:acme:workday';
let storage: Storage;
let services: Services;

beforeAll(async () => {
  storage = await openStorage();
  const made = servicesOver(storage);
  services = { ...made, config: { ...made.config, intakeHoldSeconds: 0 } };
});
afterAll(() => storage.close());

const bodyOf = (kind: string, id: string, data: object) =>
  bytesOf({
    ...{ specversion: '1.0', id, source: SOURCE, type: `hr.worker.${kind}.v1` },
    ...{ time: '2026-11-20T09:30:00Z', data },
  });

const attributes = { department: 'Finance', nickname: 'CANARY' };
/** Only these are stored: a rule of the sample model reads the department. */
const stored = { department: 'Finance' };
const joiner = (workerId: string, id = `${workerId}-joined`) =>
  bodyOf('joined', id, { workerId, startDate: '2026-11-23', attributes });

const deliver = (body: Uint8Array, client: Client = startingClient().client, over = {}) =>
  intakeOf({ ...services, ...over }, client).deliver(body);

const revises = { source: SOURCE, id: 'x' };
const span = { employmentId: 'E-1', from: '2026-11-23', until: '2026-12-31' };

test.each<[string, object, object, object]>([
  [
    'joined',
    { startDate: '2026-11-23', timeZone: 'Asia/Tokyo', attributes, previousWorkerId: 'C-1' },
    {
      ...{ timeZone: 'Asia/Tokyo', previousWorkerId: 'C-1' },
      states: { kind: 'joined', startDate: '2026-11-23', attributes: stored },
    },
    {
      ...{ startDate: '2026-11-23', timeZone: 'Asia/Tokyo' },
      ...{ actAt: '2026-11-08T15:00:00.000Z', readyBy: '2026-11-23T00:00:00.000Z' },
    },
  ],
  [
    'moved',
    { effectiveDate: '2026-03-29', timeZone: 'Europe/Berlin', attributes },
    { states: { kind: 'moved', effectiveDate: '2026-03-29', attributes: stored } },
    // The clock goes forward in that night.
    { actAt: '2026-03-28T23:00:00.000Z', readyBy: '2026-03-29T07:00:00.000Z' },
  ],
  [
    'left',
    { lastDay: '2026-12-31', timeZone: 'Pacific/Apia' },
    { states: { kind: 'left', lastDay: '2026-12-31' } },
    { actAt: '2026-12-31T11:00:00.000Z' },
  ],
  [
    'left',
    { endsAt: '2026-11-20T10:30:00+01:00' },
    { states: { kind: 'left', endsAt: '2026-11-20T09:30:00.000Z' } },
    { actAt: '2026-11-20T09:30:00.000Z' },
  ],
  [
    'corrected',
    { revises, startDate: '2026-11-24', timeZone: 'UTC', attributes },
    {
      states: {
        ...{ kind: 'corrected', revises },
        content: { kind: 'joined', startDate: '2026-11-24', attributes: stored },
      },
    },
    { startDate: '2026-11-24', actAt: '2026-11-10T00:00:00.000Z' },
  ],
  ['rescinded', { revises }, { states: { kind: 'rescinded', revises } }, {}],
  [
    'rescinded',
    { startDate: '2026-11-23' },
    { states: { kind: 'rescinded', startDate: '2026-11-23' } },
    {},
  ],
  [
    'snapshot',
    { spans: [{ ...span, attributes }] },
    { states: { kind: 'snapshot', spans: [{ ...span, attributes: stored }] } },
    {},
  ],
])(
  'a %s with %j is a fact of its worker, with the attributes that the model stores',
  async (kind, data, fact, dates) => {
    const id = `${kind}-${JSON.stringify(Object.keys(data)).length}`;
    const workerId = `W-${id}`;
    const { client, started } = startingClient();
    await deliver(bodyOf(kind, id, { workerId, ...data }), client);
    expect(started).toHaveLength(1);
    const [only, ...others] = await services.workers.facts(workerId);
    expect(others).toEqual([]);
    expect(only).toEqual({
      ...{ source: SOURCE, id, hash: eventHash(SOURCE, id), time: '2026-11-20T09:30:00.000Z' },
      ...{ workerId, employmentId: 'primary', acceptedAt: expect.any(String) as unknown },
      ...('timeZone' in data && { timeZone: data.timeZone }),
      ...(JSON.stringify(data).includes('nickname') && { unstored: [expect.any(String)] }),
      ...fact,
    });
    const claim = await services.claims.read(eventHash(SOURCE, id));
    expect(claim).toMatchObject({ fact: { eventType: `hr.worker.${kind}.v1`, ...dates } });
    for (const column of ['actAt', 'readyBy', 'startDate'] as const)
      if (!(column in dates) && !(column === 'readyBy' && 'actAt' in dates))
        expect(claim?.fact).not.toHaveProperty(column);
  },
);

/** Ends the first attempt at an event. */
async function closed(hash: string): Promise<void> {
  const run = { eventHash: hash, attempt: 1, token: 't-1' };
  const at = '2026-11-20T09:30:03Z';
  await services.claims.start(run, at);
  const end = { outcome: 'failed', chain: START_OF_CHAIN } as const;
  await services.claims.beginClosing(run, end, at);
  await services.claims.finishClosing(run, end, at);
}

/** A process that is killed at a call never gets its answer, and makes no call after it. */
const killed = () => Promise.reject(new Error('killed'));

test('a crash between claim and fact starts nothing, and the redelivery records the fact first', async () => {
  const over = { workers: { ...services.workers, addFact: killed } };
  const first = startingClient();
  await expect(deliver(joiner('W-20'), first.client, over)).rejects.toThrow('defect');
  expect(first.started).toEqual([]);
  expect(await services.claims.read(eventHash(SOURCE, 'W-20-joined'))).toMatchObject({
    state: 'claimed',
  });
  expect(await services.workers.facts('W-20')).toEqual([]);

  const factsAtStart: number[] = [];
  const { client } = startingClient();
  const startNew = async () => {
    factsAtStart.push((await services.workers.facts('W-20')).length);
    return 'id';
  };
  await deliver(joiner('W-20'), { ...client, startNew });
  expect(factsAtStart).toEqual([1]);
});

test('a crash between fact and start leaves one fact, and the redelivery starts the event', async () => {
  const broken = { startNew: killed, getStatus: killed } as unknown as Client;
  await expect(deliver(joiner('W-21'), broken)).rejects.toThrow();
  const facts = await services.workers.facts('W-21');
  expect(facts).toHaveLength(1);
  const { client, started } = startingClient();
  await deliver(joiner('W-21'), client);
  expect(started).toHaveLength(1);
  expect(await services.workers.facts('W-21')).toEqual(facts);
});

test('a crash between the link to the earlier number and the fact is put right by the redelivery', async () => {
  const body = bodyOf('joined', 'E-22-joined', {
    ...{ workerId: 'E-22', startDate: '2026-11-23', attributes, previousWorkerId: 'C-22' },
  });
  const addFact: Services['workers']['addFact'] = async ({ workerId, previousWorkerId = '' }) => {
    const row = { acceptedAt: '2026-11-20T09:30:00.000Z' };
    await storage.table('workers').insert(previousWorkerId, `fact-next-${workerId}`, row);
    return killed();
  };
  const over = { workers: { ...services.workers, addFact } };
  await expect(deliver(body, startingClient().client, over)).rejects.toThrow('defect');
  expect(await services.workers.facts('C-22')).toEqual([]);
  await deliver(body);
  expect(await services.workers.facts('C-22')).toHaveLength(1);
  expect(await services.workers.personOf('E-22')).toBe('C-22');
});

test('of deliveries at once, and of an id that was used before, one fact stays', async () => {
  await atOnce(10, () => deliver(joiner('W-23')));
  const other = bodyOf('left', 'W-23-joined', { workerId: 'W-23', lastDay: '2026-12-31' });
  await expect(deliver(other)).rejects.toThrow('id-reused');
  expect(await services.workers.facts('W-23')).toMatchObject([{ states: { kind: 'joined' } }]);
});

test('a replay neither adds nor changes a fact, also where the model stores other attributes by then', async () => {
  await deliver(joiner('W-24'));
  const hash = eventHash(SOURCE, 'W-24-joined');
  const before = await services.workers.facts('W-24');
  await closed(hash);
  const loaded = services.model();
  const model = () => ({ ...loaded, model: { ...loaded.model, attributes: ['nickname'] } });
  const { client, started } = startingClient();
  const replay = intakeOf({ ...services, model }, client);
  await replay.deliver(joiner('W-24'), { replayid: 'r-1' });
  expect(started).toMatchObject([{ input: { attempt: 2 } }]);
  expect(await services.workers.facts('W-24')).toEqual(before);
  expect((await services.claims.read(hash))?.content?.states).toEqual(before[0]?.states);
});

test('a replay of the whole event stores the values that rules of today ask for, and leaves all else of its fact', async () => {
  await deliver(joiner('W-25'));
  const hash = eventHash(SOURCE, 'W-25-joined');
  const [before] = await services.workers.facts('W-25');
  await closed(hash);
  const loaded = services.model();
  const model = () => ({
    ...loaded,
    model: { ...loaded.model, attributes: ['department', 'nickname'] },
  });
  const replay = intakeOf({ ...services, model }, startingClient().client);
  await replay.deliver(joiner('W-25'), { replayid: 'r-1' });
  const [after, ...others] = await services.workers.facts('W-25');
  expect(others).toEqual([]);
  if (!before) throw new Error('the fact is there');
  const { unstored, ...rest } = before;
  expect(unstored).toHaveLength(1);
  expect(after).toEqual({ ...rest, states: { ...rest.states, attributes } });
});
