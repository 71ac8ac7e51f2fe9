import { BoundedAttributes, MAX_ATTRIBUTES } from '../../../shared/domain/events/event';
import { LifecycleEvent, MAX_SPANS } from '../../../shared/domain/events/lifecycle-event';
import type { FactContent } from '../../../shared/domain/lifecycle/facts';
import {
  factOfClaim,
  MOST_ATTEMPTS,
  replayKey,
  type Claim,
} from '../../../shared/domain/workflow/claim';
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
function longestAttributes(letter: string, most = MAX_ATTRIBUTES): Record<string, string> {
  const name = (n: number) => String(n).padStart(64, 'n');
  let attributes: Record<string, string> = {};
  for (let n = 0; n < most; n += 1) {
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
  ...{ sequence: Number.MAX_SAFE_INTEGER, startDate: '2026-11-23', actAt: AT },
  ...{ timeZone: 'America/Argentina/ComodRivadavia', occurredAt: AT, receivedAt: AT },
};

test.each([
  ['escapes', '\u0001', '1'],
  ['quotes', '"', '2'],
  ['letters beyond ASCII', 'ß', '3'],
  ['emojis', '👩', '4'],
])('a claim and a fact hold the longest attributes of %s', async (_, letter, digit) => {
  const attributes = longestAttributes(letter);
  await storedInBoth(hash(digit), { kind: 'joined', startDate: '2026-11-23', attributes });
});

test('a claim and a fact hold the largest snapshot that fits into a message, and no other column grows', async () => {
  const span = (n: number, attributes: Record<string, string>) => ({
    employmentId: n.toString(36),
    from: '2026-11-23',
    attributes,
  });
  const spans = Array.from({ length: MAX_SPANS }, (_, n) => span(n, {}));
  spans[0] = span(0, longestAttributes('x'));
  expect(LifecycleEvent.safeParse(snapshotEvent(spans)).success).toBe(true);
  expect(JSON.stringify(snapshotEvent(spans)).length).toBeGreaterThan(60_000);
  await storedInBoth(hash('5'), { kind: 'snapshot', spans });
  // Pairs of two code units: no column may end with half of one.
  const pairs = Array.from({ length: 40 }, (_, n) => span(n, longestAttributes('👩', 2)));
  await storedInBoth(hash('6'), { kind: 'snapshot', spans: pairs });
  const rows = await readTable(
    storage.connectionString,
    'claims',
    `PartitionKey eq '${hash('5')}'`,
  );
  const columns = Object.keys(rows[0] ?? {}).filter((name) => /^content(_|$)/.test(name));
  expect(columns.sort()).toEqual(['content', 'content_2', 'content_3']);
});

const snapshotEvent = (spans: unknown[]) => ({
  ...{ specversion: '1.0', type: 'hr.worker.snapshot.v1', source: 'urn:hr:acme:workday' },
  ...{ id: 'a', time: AT, data: { workerId: 'W-1', spans } },
});

/** Writes the content into a claim, changes the claim, records its fact, and reads both again. */
async function storedInBoth(eventHash: string, states: FactContent['states']): Promise<void> {
  const claims = createClaims(storage.table('claims'));
  const content = { states, acceptedAt: AT };
  const workerId = `W-${eventHash.slice(0, 1)}`;
  const claim: Claim = {
    ...{ state: 'claimed', contentHash: hash('c'), attempt: 1, fact: { ...fact, workerId } },
    ...{ content, due: { partition: '00', key: `${'0'.repeat(16)}-${hash('a')}` }, updatedAt: AT },
  };
  expect(await claims.claim(eventHash, claim)).toBe('claimed');
  await claims.start({ eventHash, attempt: 1, token: 't-1' }, AT);
  const read = await createClaims(storage.table('claims')).read(eventHash);
  expect(read).toMatchObject({ state: 'started', content, fact: { workerId } });
  const workers = createWorkers(storage.table('workers'));
  const stored = factOfClaim(eventHash, claim);
  if (!stored) throw new Error('the claim has a fact');
  await workers.addFact(stored);
  expect(await workers.facts(workerId)).toEqual([stored]);
}

test('the attributes that fill a row are near the longest text of a column', () => {
  expect(JSON.stringify(escaped).length).toBeGreaterThan(31_000);
});

test('a claim holds as many replays as start an attempt', async () => {
  const claims = createClaims(storage.table('claims'));
  const marks = (n: number) => ({ reason: longestId(n), by: longestId(n) });
  const replays = Array.from({ length: MOST_ATTEMPTS }, (_, n) => replayKey(marks(n)));
  const states = { kind: 'joined', startDate: '2026-11-23', attributes: escaped } as const;
  const claim: Claim = {
    ...{ state: 'closed', outcome: 'failed', contentHash: hash('c'), attempt: MOST_ATTEMPTS },
    ...{
      fact,
      content: { states, acceptedAt: AT },
      replay: { ...marks(0), id: longestId(), of: 99 },
      replays,
    },
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
