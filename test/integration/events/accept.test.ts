import type { Services } from '../../../functions/services';
import { createLedgerReader } from '../../../shared/storage/audit';
import { bodyHash, eventHash, instanceId } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import type { ClosingOutcome } from '../../../shared/domain/workflow/step-outcome';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { servicesOver } from '../../support/call-activity';
import { atOnce, openStorage, type Storage } from '../../support/storage';
import { intakeOf, startingClient, type Client } from './intake';

const SOURCE = 'urn:hr:acme:workday';
let storage: Storage;
let services: Services;

beforeAll(async () => {
  storage = await openStorage();
  const made = servicesOver(storage);
  services = { ...made, config: { ...made.config, intakeHoldSeconds: 2 } };
});
afterAll(() => storage.close());

const intake = (client: Client, over: Partial<Services> = {}) =>
  intakeOf({ ...services, ...over }, client);

const bodyOf = (id: string, department = 'Finance', type = 'hr.worker.joined.v1') =>
  Buffer.from(
    JSON.stringify({
      ...{ specversion: '1.0', id, source: SOURCE, type, time: '2026-11-20T09:30:00Z' },
      data: {
        ...{ workerId: 'W-1', startDate: '2026-11-23' },
        attributes: { department, nickname: 'CANARY' },
      },
      unknown: 'CANARY',
    }),
  );

const watched = async (hash: string) =>
  (await storage.table('due').list(`shard-${hash.slice(0, 1)}`)).filter(
    ({ columns }) => columns['eventHash'] === hash,
  );

test('an event is claimed and one instance started, named by hashes alone', async () => {
  const { client, started } = startingClient();
  await intake(client).deliver(bodyOf('first'));
  const hash = eventHash(SOURCE, 'first');
  const input = { eventHash: hash, attempt: 1, token: expect.any(String) as unknown };
  expect(started).toEqual([{ name: 'accessChange', instanceId: instanceId(hash, 1), input }]);
  const claim = await services.claims.read(hash);
  const states = { kind: 'joined', attributes: { department: 'Finance' } };
  expect(claim).toMatchObject({ state: 'claimed', content: { states } });
  expect(JSON.stringify(claim)).not.toContain('CANARY');
});

test('100 deliveries at once are one claim, watched over once', async () => {
  const { client, started } = startingClient();
  const { deliver } = intake(client);
  await atOnce(100, () => deliver(bodyOf('many')));
  const hash = eventHash(SOURCE, 'many');
  expect(new Set(started.map((one) => (one as { instanceId: string }).instanceId)).size).toBe(1);
  const claim = await services.claims.read(hash);
  expect((await watched(hash)).map(({ key }) => key)).toEqual([claim?.due.key]);
});

test('what is started already is counted, also when it comes as text or parsed', async () => {
  const { client, started } = startingClient();
  const { deliver } = intake(client);
  await deliver(bodyOf('again'));
  const hash = eventHash(SOURCE, 'again');
  await services.claims.start(
    { eventHash: hash, attempt: 1, token: 't-1' },
    '2026-11-20T09:30:02Z',
  );
  await deliver(bodyOf('again'));
  await deliver(bodyOf('again').toString());
  await deliver(JSON.parse(bodyOf('again').toString()));
  expect(started).toHaveLength(1);
  expect(await services.claims.duplicates(hash)).toBe(3);
});

test('the same id with other content is refused, recorded once with its id, and disturbs nothing', async () => {
  const { client, started } = startingClient();
  const { deliver, logged } = intake(client);
  await deliver(bodyOf('reused'));
  const other = bodyOf('reused', 'Sales');
  await expect(deliver(other)).rejects.toThrow('id-reused');
  await expect(deliver(other)).rejects.toThrow('id-reused');
  const hash = eventHash(SOURCE, 'reused');
  expect(started).toHaveLength(1);
  expect(await watched(hash)).toHaveLength(1);
  const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));
  const rows = (await reader.ofDay(new Date().toISOString().slice(0, 10))).filter(
    (row) => row.bodyHash === bodyHash(other),
  );
  expect(rows).toMatchObject([
    { kind: 'rejected', reason: 'id-reused: id', eventId: 'reused', eventSource: SOURCE },
  ]);
  expect(JSON.stringify([rows, logged])).not.toMatch(/CANARY|Sales/);
});

test('an instance that an earlier start left broken is none: the start is tried again', async () => {
  let tries = 0;
  const client = {
    startNew: () => (++tries < 3 ? Promise.reject(new Error('away')) : Promise.resolve('id')),
    getStatus: () => Promise.resolve({ runtimeStatus: 'Failed' }),
  };
  await intake(client as unknown as Client).deliver(bodyOf('broken'));
  expect(tries).toBe(3);
});

test('an instance that runs although its start was not answered is started', async () => {
  const client = {
    startNew: () => Promise.reject(new Error('answer lost')),
    getStatus: () => Promise.resolve({ runtimeStatus: 'Running' }),
  };
  await expect(
    intake(client as unknown as Client).deliver(bodyOf('unanswered')),
  ).resolves.toBeUndefined();
});

/** An event whose first attempt was run and ended. */
async function closed(id: string, outcome: ClosingOutcome) {
  const hash = eventHash(SOURCE, id);
  await intake(startingClient().client).deliver(bodyOf(id));
  const run = { eventHash: hash, attempt: 1, token: 't-1' };
  await services.claims.start(run, '2026-11-20T09:30:02Z');
  const end = { outcome, reason: 'r', targetId: 'u-1', chain: START_OF_CHAIN };
  await services.claims.beginClosing(run, end, '2026-11-20T09:30:03Z');
  const last = await services.claims.finishClosing(run, end, '2026-11-20T09:30:03Z');
  await services.due.cancel(last?.due ?? { partition: 'x', key: 'x' });
  return hash;
}

const marks = { replayid: 'r-1', replayreason: 'INC-1', replayedby: 'alice' };

test('a replay begins the next attempt with nothing of the one before, watched over once', async () => {
  const hash = await closed('replayed', 'failed');
  const { client, started } = startingClient();
  await intake(client).deliver(bodyOf('replayed'), marks);
  expect(started).toMatchObject([{ instanceId: instanceId(hash, 2), input: { attempt: 2 } }]);
  const claim = await services.claims.read(hash);
  expect(claim).toMatchObject({
    ...{ state: 'claimed', attempt: 2, replays: ['id:r-1'] },
    replay: { id: 'r-1', reason: 'INC-1', by: 'alice', of: 1 },
  });
  for (const column of ['token', 'outcome', 'reason', 'targetId', 'chain']) {
    expect(claim).not.toHaveProperty(column);
  }
  expect((await watched(hash)).map(({ key }) => key)).toEqual([claim?.due.key]);
});

test('of replays at the same moment one begins an attempt, whoever they are', async () => {
  const hash = await closed('raced', 'timed-out');
  const { client, started } = startingClient();
  const { deliver } = intake(client);
  await atOnce(10, (index) =>
    deliver(bodyOf('raced'), { ...marks, replayid: `r-${Math.floor(index / 2)}` }),
  );
  const claim = await services.claims.read(hash);
  expect(claim).toMatchObject({ attempt: 2, state: 'claimed' });
  expect(claim?.replays).toHaveLength(1);
  expect(new Set(started.map((one) => (one as { instanceId: string }).instanceId))).toEqual(
    new Set([instanceId(hash, 2)]),
  );
  expect(await watched(hash)).toHaveLength(1);
});

test('a replay whose start failed is started by its redelivery, as the same attempt', async () => {
  const hash = await closed('redelivered', 'failed');
  const away = {
    startNew: () => Promise.reject(new Error('away')),
    getStatus: () => Promise.reject(new Error('away')),
  };
  const dead = intake(away).deliver(bodyOf('redelivered'), marks);
  await expect(dead).rejects.toThrow('cannot be read');
  const { client, started } = startingClient();
  await intake(client).deliver(bodyOf('redelivered'), marks);
  expect(started).toMatchObject([{ instanceId: instanceId(hash, 2) }]);
  expect(await services.claims.read(hash)).toMatchObject({ attempt: 2 });
});

test.each([
  ['delivered', 'delivered', marks, 'final'],
  ['already held', 'already-held', marks, 'final'],
  ['failed, with a mark that is no id', 'failed', { replayid: 'no id', other: 'x' }, undefined],
] as const)('what is %s only counts', async (_, outcome, properties, noReplay) => {
  const id = `counted-${outcome}`;
  const hash = await closed(id, outcome);
  const { client, started } = startingClient();
  const { deliver, logged } = intake(client);
  await deliver(bodyOf(id), properties);
  expect(started).toEqual([]);
  expect(await services.claims.duplicates(hash)).toBe(1);
  expect(await services.claims.read(hash)).toMatchObject({ attempt: 1, state: 'closed' });
  expect(await watched(hash)).toEqual([]);
  expect(JSON.parse(logged.at(-1) ?? '')).toMatchObject({ what: 'duplicate' });
  expect((JSON.parse(logged.at(-1) ?? '') as { noReplay?: string }).noReplay).toBe(noReplay);
});

test('a store that is away for a moment is waited for inside the delivery, and watched over once', async () => {
  let failures = 2;
  const claims = {
    ...services.claims,
    claim: (...claim: Parameters<Services['claims']['claim']>) =>
      failures-- > 0
        ? Promise.reject(new StoreUnavailable('away'))
        : services.claims.claim(...claim),
  };
  const { client, started } = startingClient();
  const { deliver, logged } = intake(client, { claims });
  await deliver(bodyOf('held'));
  expect(started).toHaveLength(1);
  expect(logged.filter((line) => line.includes('"held"'))).toHaveLength(2);
  expect(await watched(eventHash(SOURCE, 'held'))).toHaveLength(1);
});

test('a defect is handed back to the bus without the text that it had', async () => {
  const claims = { ...services.claims, claim: () => Promise.reject(new Error('CANARY')) };
  const { deliver, logged } = intake(startingClient().client, { claims });
  await expect(deliver(bodyOf('defect'))).rejects.toThrow(/^intake: defect$/);
  expect(logged.join()).toContain('"what":"defect"');
  expect(logged.join()).not.toContain('CANARY');
});
