import { join } from 'node:path';
import { eventually } from '../end-to-end/eventually';
import { encodingsFound, rawFiles, type RawFile } from './bytes';
import { joined, refusedAs, sentOf, type Sent } from './events';
import { gather, readTable } from './evidence';
import { violations } from './invariants';
import { modelOf, tenantOf, workerId } from './model';
import type { Fault } from './proxies/tap';
import { seeded } from './seeded';
import { startWorld, type World } from './world';

const PEOPLE = 12;

/** Of an attribute that no rule reads, of a member that nobody knows, and of what makes a message be refused. */
const NOWHERE = ['canary-nickname-4d1f', 'canary-member-8a3c', 'canary-refused-77e0'] as const;
const [NICKNAME, MEMBER, REFUSED] = NOWHERE;
/** Of the attribute that a rule reads: it belongs where the facts of the event are kept. */
const DEPARTMENT = 'canary-department-2b9d';
const canaries = [
  ...NOWHERE.map((text) => ({ text, belongs: [] })),
  { text: DEPARTMENT, belongs: ['claims.attributes', 'workers.attributes'] },
];

const attributes = { department: DEPARTMENT, nickname: NICKNAME };
const extra = { unknownmember: MEMBER, given_name: { family: MEMBER } };
const accepted = Array.from({ length: PEOPLE }, (_, n) =>
  joined({ workerId: workerId(n), attributes, extra }),
);

type Members = Record<string, unknown>;
const event = (id: string, members: Members = {}, data: Members = {}) => ({
  ...{ specversion: '1.0', id, source: 'urn:hr:acme:workday', type: 'hr.worker.joined.v1' },
  ...{ subject: workerId(0), time: '2026-11-20T09:30:00Z', ...extra, ...members },
  data: { workerId: workerId(0), startDate: '2026-11-23', attributes, ...data },
});
const half = (text: string): Buffer => Buffer.from(text.slice(0, -20));

/** A message for each way to be refused that could tempt somebody to quote what it says. */
const refused: Sent[] = [
  event('bad-type', { type: `hr.worker.${REFUSED}.v9` }),
  event('bad-source', { source: `urn:${REFUSED}` }),
  event(`bad id ${REFUSED}`),
  event('bad-time', { time: REFUSED }),
  event('bad-date', {}, { startDate: REFUSED }),
  event('bad-zone', {}, { timeZone: `Europe/${REFUSED}` }),
  event('bad-worker', { subject: `${REFUSED} !` }, { workerId: `${REFUSED} !` }),
  event('bad-attribute', {}, { attributes: { ...attributes, department: { of: REFUSED } } }),
  // The same id as an event that is accepted, with other content.
  event(`${workerId(0)}-joined`, {}, { attributes: { ...attributes, department: REFUSED } }),
]
  .map((one) => refusedAs(sentOf(one).body))
  .concat(
    refusedAs(half(JSON.stringify(event('broken', { note: REFUSED })))),
    refusedAs(Buffer.from(`${REFUSED} is no JSON`)),
    refusedAs(Buffer.from(`{"id":"a","id":"${REFUSED}"}`)),
  );
const sent = [...accepted, ...refused];

let world: World;
beforeAll(async () => {
  const model = modelOf(
    [{ key: 'package', catalog: 'catalog' }],
    [{ id: 'rule', department: DEPARTMENT, packages: ['package'] }],
  );
  const env = { GRAPH_DEADLINE: '2s', GRAPH_LAG: '300ms', POLL_SCHEDULE: '300ms' };
  world = await startWorld({ env, files: { ACCESS_MODEL: model, GRAPH_TENANT: tenantOf(PEOPLE) } });
});
afterAll(() => world.stop());

const claims = () => readTable(world.storage, 'claims', "RowKey eq 'claim'");

/** Disturbs one call in eight, in every way that loses an answer. */
function disturb(): void {
  const chance = seeded(1);
  const kinds = ['cut-before', 'cut-after', 'truncate', 'gateway-page', 'login-page'] as const;
  world.tap.watch(({ to }): Fault | undefined =>
    to !== 'bus' && chance.between(1, 8) === 1 ? { kind: chance.pick(kinds) } : undefined,
  );
}

/** Ends a part in order, so that all it has is in its files. */
async function end(part: 'host' | 'storage'): Promise<void> {
  world.signal(part, 'SIGTERM');
  await world.gone(part);
}

test('what was planted in events is nowhere but in its field, whatever fails while they are worked on', async () => {
  disturb();
  await world.send(accepted);
  await eventually('some are under way', async () =>
    (await claims()).length >= PEOPLE / 2 ? true : undefined,
  );
  await world.send(refused);
  for (const part of ['host', 'service-bus', 'host'] as const) {
    world.signal(part, 'SIGKILL');
    await world.gone(part);
    await world.start(part);
  }
  world.tap.watch();
  const evidence = await eventually('all has come to its end', async () => {
    const closed = (await claims()).filter(({ state }) => state === 'closed');
    return closed.length === PEOPLE && (await world.isIdle()) ? gather(world) : undefined;
  });
  expect(violations(evidence, { sent, canaries })).toEqual([]);
  expect(evidence.deadLetters).toHaveLength(refused.length);
}, 90_000);

test('nor is it in any byte that the host, the tables or Graph have on disk, however encoded', async () => {
  await end('host');
  await end('storage');
  const places = ['host', 'storage', 'graph'].map((part) => join(world.dataDir, part));
  const files = (await Promise.all(places.map(rawFiles))).flat();
  const log = { place: 'log', bytes: Buffer.from(world.log.join('\n')) };
  const found = [...files, log].flatMap(({ place, bytes }) =>
    NOWHERE.flatMap((text) => encodingsFound(bytes, text).map((how) => `${text}: ${place} ${how}`)),
  );
  expect(found).toEqual([]);
  // The looking itself works: what a rule reads is found, and only among the rows of facts.
  const holding = tablesIn(files)
    .filter(({ bytes }) => encodingsFound(bytes, DEPARTMENT).length > 0)
    .map(({ place }) => place);
  expect(holding.sort()).toEqual(['claims', 'workers']);
  const others = [...files.filter((file) => !isTables(file)), log];
  expect(others.filter(({ bytes }) => encodingsFound(bytes, DEPARTMENT).length > 0)).toEqual([]);
});

test.each([0, 1, 2, 3])('a text behind %d others is found in base64', (before) => {
  const encoded = Buffer.from(`${'x'.repeat(before)}${REFUSED} and more`).toString('base64');
  expect(encodingsFound(Buffer.from(encoded), REFUSED)).toEqual(['base64']);
});

const isTables = ({ place }: RawFile): boolean => place === 'table.json';

/** Azurite keeps all tables in one file: a collection each, named by account and table. */
function tablesIn(files: readonly RawFile[]): RawFile[] {
  const text = files.find(isTables)?.bytes.toString() ?? '';
  const { collections } = JSON.parse(text) as { collections: { name: string }[] };
  return collections.map((collection) => ({
    place: collection.name.split('$').at(-1) ?? '',
    bytes: Buffer.from(JSON.stringify(collection)),
  }));
}
