import type { FunctionHandler, InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { registerIntake } from '../../../functions/intake';
import type { Parts } from '../../../functions/parts';
import { createLedgerReader } from '../../../shared/audit/read-ledger';
import { bodyHash, eventHash, instanceId } from '../../../shared/domain/keys';
import { StoreUnavailable } from '../../../shared/domain/table';
import { partsOver } from './call-activity';
import { atOnce, openStorage, type Storage } from './storage';

const SOURCE = 'urn:hr:acme:workday';
let storage: Storage;
let parts: Parts;

beforeAll(async () => {
  storage = await openStorage();
  const made = partsOver(storage);
  parts = { ...made, config: { ...made.config, intakeHoldSeconds: 2 } };
});
afterAll(() => storage.close());

type Client = Pick<df.DurableClient, 'startNew' | 'getStatus'>;

/** A durable client that starts whatever it is asked to, and remembers what. */
function startingClient() {
  const started: unknown[] = [];
  const client = {
    startNew: (name: string, options?: { instanceId?: string; input?: unknown }) => {
      started.push({ name, ...options });
      return Promise.resolve(options?.instanceId ?? '');
    },
    getStatus: () => Promise.reject(new Error('no such instance')),
  };
  return { client: client as unknown as Client, started };
}

/** Lets a test deliver bodies as the host does. */
function intake(client: Client, over: Partial<Parts> = {}) {
  let handler: FunctionHandler | undefined;
  const registering = jest
    .spyOn(df.app.client, 'serviceBusQueue')
    .mockImplementation((_, options) => {
      handler = (message, context) => options.handler(message, client as df.DurableClient, context);
    });
  registerIntake({ ...parts, ...over });
  registering.mockRestore();
  const logged: string[] = [];
  const context = { log: (line: string) => logged.push(line) } as unknown as InvocationContext;
  return {
    logged,
    deliver: async (body: unknown): Promise<unknown> => await handler?.(body, context),
  };
}

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
  const claim = await parts.claims.read(hash);
  expect(claim).toMatchObject({ state: 'claimed', attributes: { department: 'Finance' } });
  expect(JSON.stringify(claim)).not.toContain('CANARY');
});

test('100 deliveries at once are one claim, watched over once', async () => {
  const { client, started } = startingClient();
  const { deliver } = intake(client);
  await atOnce(100, () => deliver(bodyOf('many')));
  const hash = eventHash(SOURCE, 'many');
  expect(new Set(started.map((one) => (one as { instanceId: string }).instanceId)).size).toBe(1);
  const claim = await parts.claims.read(hash);
  expect((await watched(hash)).map(({ key }) => key)).toEqual([claim?.due.key]);
});

test('what is started already is counted, also when it comes as text', async () => {
  const { client, started } = startingClient();
  const { deliver } = intake(client);
  await deliver(bodyOf('again'));
  const hash = eventHash(SOURCE, 'again');
  await parts.claims.start({ eventHash: hash, attempt: 1, token: 't-1' }, '2026-11-20T09:30:02Z');
  await deliver(bodyOf('again'));
  await deliver(bodyOf('again').toString());
  expect(started).toHaveLength(1);
  expect(await parts.claims.duplicates(hash)).toBe(2);
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

test('a store that is away for a moment is waited for inside the delivery, and watched over once', async () => {
  let failures = 2;
  const claims = {
    ...parts.claims,
    claim: (...claim: Parameters<Parts['claims']['claim']>) =>
      failures-- > 0 ? Promise.reject(new StoreUnavailable('away')) : parts.claims.claim(...claim),
  };
  const { client, started } = startingClient();
  const { deliver, logged } = intake(client, { claims });
  await deliver(bodyOf('held'));
  expect(started).toHaveLength(1);
  expect(logged.filter((line) => line.includes('"held"'))).toHaveLength(2);
  expect(await watched(eventHash(SOURCE, 'held'))).toHaveLength(1);
});

test('a defect is handed back to the bus without the text that it had', async () => {
  const claims = { ...parts.claims, claim: () => Promise.reject(new Error('CANARY')) };
  const { deliver, logged } = intake(startingClient().client, { claims });
  await expect(deliver(bodyOf('defect'))).rejects.toThrow(/^intake: defect$/);
  expect(logged.join()).toContain('"what":"defect"');
  expect(logged.join()).not.toContain('CANARY');
});
