import { BoundedAttributes, MAX_ATTRIBUTES } from '../../../shared/domain/events/event';
import { MOST_ATTEMPTS, replayKey, type Claim } from '../../../shared/domain/workflow/claim';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createClaims } from '../../../shared/storage/claims';
import { createPackages } from '../../../shared/storage/packages';
import { createWorkerLocks } from '../../../shared/storage/worker-locks';
import { createWorkers } from '../../../shared/storage/workers';
import { readTable } from '../../support/tables';
import { hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const AT = '2026-11-20T09:30:02.000Z';
const longestId = (n = 0) => String(n).padStart(64, 'x');
const longestSource = `urn:${'s'.repeat(252)}`;

/** The longest attributes that the event contract takes: characters that JSON writes with six. */
function longestAttributes(letter: string): Record<string, string> {
  const name = (n: number) => String(n).padStart(64, 'n');
  let attributes: Record<string, string> = {};
  for (let n = 0; n < MAX_ATTRIBUTES; n += 1) {
    for (let length = 256; length > 0; length -= 1) {
      const more = { ...attributes, [name(n)]: letter.repeat(length) };
      if (!BoundedAttributes.safeParse(more).success) continue;
      attributes = more;
      break;
    }
  }
  return attributes;
}
const escaped = longestAttributes('\u0001');

const fact = {
  ...{ eventId: longestId(), eventSource: longestSource, eventType: 'hr.worker.joined.v1' },
  ...{ bodyHash: hash('b'), workerId: longestId(1), employmentId: longestId(2) },
  ...{ sequence: Number.MAX_SAFE_INTEGER, startDate: '2026-11-23', dueAt: AT },
  ...{ timeZone: 'America/Argentina/ComodRivadavia', occurredAt: AT, receivedAt: AT },
};

test.each([
  ['escapes', '\u0001', '1'],
  ['quotes', '"', '2'],
  ['letters beyond ASCII', 'ß', '3'],
  ['emojis', '👩', '4'],
])('a claim and a fact hold the longest attributes of %s', async (_, letter, digit) => {
  const attributes = longestAttributes(letter);
  const unstored = Array.from({ length: MAX_ATTRIBUTES }, () => hash('a').slice(0, 16));
  const claims = createClaims(storage.table('claims'));
  const claim: Claim = {
    ...{ state: 'claimed', contentHash: hash('c'), attempt: 1, fact, attributes, unstored },
    ...{ due: { partition: '00', key: `${'0'.repeat(16)}-${hash('a')}` }, updatedAt: AT },
  };
  const eventHash = hash(digit);
  expect(await claims.claim(eventHash, claim)).toBe('claimed');
  expect(await claims.read(eventHash)).toMatchObject({ attributes, fact, unstored });
  const workers = createWorkers(storage.table('workers'));
  const workerId = `W-${digit}`;
  const { occurredAt: time, startDate, employmentId, eventSource: source, eventId: id } = fact;
  await workers.addFact({
    ...{ source, id, hash: eventHash, time, workerId, employmentId, acceptedAt: AT, unstored },
    states: { kind: 'joined', startDate, attributes },
  });
  expect((await workers.facts(workerId))[0]?.states).toMatchObject({ attributes });
});

test('the attributes that fill a row are near the longest text of a column', () => {
  expect(JSON.stringify(escaped).length).toBeGreaterThan(31_000);
});

test('a claim holds as many replays as start an attempt', async () => {
  const claims = createClaims(storage.table('claims'));
  const marks = (n: number) => ({ reason: longestId(n), by: longestId(n) });
  const replays = Array.from({ length: MOST_ATTEMPTS }, (_, n) => replayKey(marks(n)));
  const claim: Claim = {
    ...{ state: 'closed', outcome: 'failed', contentHash: hash('c'), attempt: MOST_ATTEMPTS },
    ...{ fact, attributes: escaped, replay: { ...marks(0), id: longestId(), of: 99 }, replays },
    ...{ due: { partition: '00', key: hash('a') }, chain: START_OF_CHAIN, updatedAt: AT },
  };
  expect(await claims.claim(hash('e'), claim)).toBe('claimed');
  expect(await claims.read(hash('e'))).toMatchObject({ replays });
});

test('the lock of a worker forgets the oldest of more runs than ever run side by side', async () => {
  const locks = createWorkerLocks(storage.table('workers'));
  for (let n = 0; n < 64; n += 1) {
    const lock = { workerId: 'W-locked', instanceId: `${hash('d')}-${n}`, fencingToken: 2 ** 31 };
    await locks.acquire(lock, () => Promise.resolve(true));
    await locks.release(lock);
  }
  const row = (await readTable(storage.connectionString, 'workers', `RowKey eq 'lock'`))[0];
  expect(String(row?.['released']).length).toBeLessThan(4_000);
});

test('a catalog and a package keep two writes at most in their rows, and each item has a row of its own', async () => {
  const { memory } = createPackages(storage.table('packages'));
  const slots = memory('large', 'longest');
  const requestId = 'r'.repeat(128);
  const write = { state: 'seen' as const, at: AT, absentReads: 3, requestId };
  await slots.catalog.save({ catalogId: hash('a'), writes: { catalog: write } });
  await slots.package.save({
    ...{ state: 'provisioning', version: hash('b'), adopted: false },
    writes: { package: write, policy: write },
  });
  const names = Array.from({ length: 100 }, (_, n) => `resource:https://${'u'.repeat(4_000)}/${n}`);
  for (const name of names) {
    const slot = slots.item(hash('a'), name);
    await slot.load();
    expect(await slot.save({ item: name.slice(0, 512), write, failures: 2 })).toBe('saved');
  }
  const rows = await readTable(storage.connectionString, 'packages');
  expect(rows).toHaveLength(2 + names.length);
  const lengths = rows.flatMap((row) => Object.values(row).map((value) => String(value).length));
  expect(Math.max(...lengths)).toBeLessThan(1_000);
});
