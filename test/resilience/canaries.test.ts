import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { eventually } from '../support/eventually';
import { joinerEvent, joinerMessage, messageOf, rejectedMessage } from '../support/events';
import { seeded } from '../support/seeded';
import { readTable } from '../support/tables';
import { collectEvidence } from './invariants/evidence';
import { violations } from './invariants/violations';
import { modelOf, tenantOf, workerId } from './model';
import { startProxiedStack, type ProxiedStack } from './proxies/proxied-stack';
import type { Fault } from './proxies/tap';

const PEOPLE = 12;

/** Texts of an attribute that no rule reads, of a member that the contract does not have, and of what makes a message invalid. */
const NOWHERE = ['canary-nickname-4d1f', 'canary-member-8a3c', 'canary-refused-77e0'] as const;
const [NICKNAME, MEMBER, REFUSED] = NOWHERE;
/** The text of the attribute that a rule reads: only the tables with the facts of the event may hold it. */
const DEPARTMENT = 'canary-department-2b9d';
const canaries = [
  ...NOWHERE.map((text) => ({ text, belongs: [] })),
  { text: DEPARTMENT, belongs: ['claims.content', 'workers.states'] },
];

const attributes = { department: DEPARTMENT, nickname: NICKNAME };
const extra = { unknownmember: MEMBER, given_name: { family: MEMBER } };
const accepted = Array.from({ length: PEOPLE }, (_, n) =>
  joinerMessage(workerId(n), attributes, { envelope: extra }),
);

const event = (id: string, members: object = {}, data: object = {}) =>
  joinerEvent(workerId(0), {
    id,
    envelope: { ...extra, ...members },
    data: { attributes, ...data },
  });
const half = (text: string): Buffer => Buffer.from(text.slice(0, -20));

/** A message for each rejection that could quote what the sender wrote. */
const refused = [
  event('bad-type', { type: `hr.worker.${REFUSED}.v9` }),
  event('bad-source', { source: `urn:${REFUSED}` }),
  event(`bad id ${REFUSED}`),
  event('bad-time', { time: REFUSED }),
  event('bad-date', {}, { startDate: REFUSED }),
  event('bad-zone', {}, { timeZone: `Europe/${REFUSED}` }),
  event('bad-worker', { subject: `${REFUSED} !` }, { workerId: `${REFUSED} !` }),
  event('bad-attribute', {}, { attributes: { ...attributes, department: { of: REFUSED } } }),
  // The id of an accepted event, with other content.
  event(`${workerId(0)}-joined-1`, {}, { attributes: { ...attributes, department: REFUSED } }),
]
  .map((one) => rejectedMessage(messageOf(one).body))
  .concat(
    rejectedMessage(half(JSON.stringify(event('broken', {}, { note: REFUSED })))),
    rejectedMessage(Buffer.from(`${REFUSED} is no JSON`)),
    rejectedMessage(Buffer.from(`{"id":"a","id":"${REFUSED}"}`)),
  );
const sent = [...accepted, ...refused];

let stack: ProxiedStack;
beforeAll(async () => {
  const model = modelOf(
    [{ key: 'package', catalog: 'catalog' }],
    [{ id: 'rule', department: DEPARTMENT, packages: ['package'] }],
  );
  const env = { GRAPH_DEADLINE: '2s', GRAPH_LAG: '300ms', POLL_SCHEDULE: '300ms' };
  stack = await startProxiedStack({
    env,
    files: { ACCESS_MODEL: model, GRAPH_TENANT: tenantOf(PEOPLE) },
  });
});
afterAll(() => stack.stop());

const claims = () => readTable(stack.storage, 'claims', "RowKey eq 'claim'");

/** Fails one call in eight, in every way that loses an answer. */
function failCalls(): void {
  const random = seeded(1);
  const kinds = ['cut-before', 'cut-after', 'truncate', 'gateway-page', 'login-page'] as const;
  stack.tap.intercept(({ to }): Fault | undefined =>
    to !== 'bus' && random.between(1, 8) === 1 ? { kind: random.pick(kinds) } : undefined,
  );
}

test('a canary stays in its own column, whatever fails while its event is processed', async () => {
  failCalls();
  await stack.send(accepted.map(({ body }) => body));
  await eventually(
    'half of the events are claimed',
    async () => (await claims()).length >= PEOPLE / 2,
  );
  await stack.send(refused.map(({ body }) => body));
  for (const part of ['host', 'service-bus', 'host'] as const) {
    await stack.kill(part);
    await stack.start(part);
  }
  stack.tap.intercept();
  const evidence = await eventually('all events are closed', async () => {
    const closed = (await claims()).filter(({ state }) => state === 'closed');
    return closed.length === PEOPLE && (await stack.isQueueEmpty())
      ? collectEvidence(stack)
      : undefined;
  });
  expect(violations(evidence, { sent, canaries })).toEqual([]);
  expect(evidence.deadLetters).toHaveLength(refused.length);
}, 90_000);

test('no file of the host, the tables or Graph holds a canary in any encoding', async () => {
  // Stopped in order, they write everything to their files.
  await stack.kill('host', 'SIGTERM');
  await stack.kill('storage', 'SIGTERM');
  const places = ['host', 'storage', 'graph'].map((part) => join(stack.dataDir, part));
  const files = (await Promise.all(places.map(rawFiles))).flat();
  const log = { place: 'log', bytes: Buffer.from(stack.log.join('\n')) };
  const found = [...files, log].flatMap(({ place, bytes }) =>
    NOWHERE.flatMap((text) => encodingsFound(bytes, text).map((how) => `${text}: ${place} ${how}`)),
  );
  expect(found).toEqual([]);
  // The search itself works: it finds the attribute that a rule reads, only in the tables with facts.
  const holding = tablesIn(files)
    .filter(({ bytes }) => encodingsFound(bytes, DEPARTMENT).length > 0)
    .map(({ place }) => place);
  expect(holding.sort()).toEqual(['claims', 'workers']);
  const others = [...files.filter((file) => !isTables(file)), log];
  expect(others.filter(({ bytes }) => encodingsFound(bytes, DEPARTMENT).length > 0)).toEqual([]);
});

test.each([0, 1, 2, 3])('a text after %d other bytes is found in base64', (before) => {
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

/** A file on the disk. */
type RawFile = { place: string; bytes: Buffer };

/** Every file below a folder, by its path in it. */
async function rawFiles(folder: string): Promise<RawFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { place: relative(folder, path), bytes: await readFile(path) };
    }),
  );
}

/** The encodings in which bytes hold a text: plain, UTF-16, hex, and base64 at any offset in its groups of three. */
function encodingsFound(bytes: Buffer, text: string): string[] {
  const plain = Buffer.from(text);
  const hex = plain.toString('hex');
  const needles: [name: string, needle: Buffer | string][] = [
    ['plain', plain],
    ['utf-16', Buffer.from(text, 'utf16le')],
    ['hex', hex],
    ['hex', hex.toUpperCase()],
    ...[0, 1, 2].map((offset): [string, string] => ['base64', base64At(plain, offset)]),
  ];
  return needles.filter(([, needle]) => bytes.includes(needle)).map(([name]) => name);
}

/** The base64 characters that depend on the text alone if `offset` other bytes come before it. */
function base64At(plain: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), plain]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  return encoded.slice(first, Math.floor(((offset + plain.length) * 8) / 6));
}
