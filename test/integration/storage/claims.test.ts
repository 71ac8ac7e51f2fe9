import type { Claim } from '../../../shared/domain/workflow/claim';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createClaims, runs, type Claims } from '../../../shared/storage/claims';
import { atOnce, countingReads, hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let claims: Claims;

beforeAll(async () => {
  storage = await openStorage();
  claims = createClaims(storage.table('claims'));
});
afterAll(() => storage.close());

const NOW = '2026-11-20T09:30:01.000Z';
const LATER = '2026-11-20T09:31:00.000Z';

const claimOf = (changes: Partial<Claim> = {}): Claim => ({
  state: 'claimed',
  contentHash: hash('c'),
  attempt: 1,
  fact: {
    eventId: '8b5e0c3a-joined-1',
    eventSource: 'urn:hr:acme:workday',
    eventType: 'hr.worker.joined.v1',
    bodyHash: hash('b'),
    workerId: 'W-1024',
    employmentId: 'E-1',
    sequence: Number.MAX_SAFE_INTEGER,
    startDate: '2026-11-23',
    timeZone: 'Europe/Berlin',
    actAt: '2026-11-22T23:00:00.000Z',
    occurredAt: '2026-11-20T09:30:00.000Z',
    receivedAt: NOW,
  },
  content: {
    states: {
      ...{ kind: 'joined', startDate: '2026-11-23' },
      attributes: { department: 'Finance', 'json:odd': 'json:{' },
    },
    acceptedAt: '2026-11-20T09:30:01.000Z',
  },
  due: { partition: 'shard-1', key: 'k' },
  updatedAt: NOW,
  ...changes,
});

const execution = (eventHash: string, token = 'token-1', attempt = 1) => ({
  eventHash,
  attempt,
  token,
});

/** A claim of its own for a test, brought as far as `state`. */
async function claimed(digits: string, state: Claim['state'] = 'claimed') {
  const eventHash = digits.repeat(32);
  await claims.claim(eventHash, claimOf());
  const run = execution(eventHash);
  if (state !== 'claimed') await claims.start(run, NOW);
  const end = { outcome: 'delivered', chain: START_OF_CHAIN } as const;
  if (state === 'closing' || state === 'closed') await claims.beginClosing(run, end, NOW);
  if (state === 'closed') await claims.finishClosing(run, end, NOW);
  return { eventHash, run };
}

test('of 100 claims on one event at once exactly one is told that it has it', async () => {
  const answers = await atOnce(100, (index) =>
    claims.claim(hash('1'), claimOf({ contentHash: `content-${index}` })),
  );
  const winner = answers.findIndex((answer) => answer === 'claimed');
  const others = answers.filter((answer) => answer !== 'claimed');
  expect(others).toHaveLength(99);
  expect(new Set(others.map((claim) => claim.contentHash))).toEqual(new Set([`content-${winner}`]));
});

test('a claim comes back as it was stated', async () => {
  const { eventHash } = await claimed('a1');
  expect(await claims.read(eventHash)).toMatchObject({ ...claimOf(), eventHash });
  expect(await claims.read(hash('0'))).toBeUndefined();
});

test('of two executions started at once one runs the attempt, and each learns which', async () => {
  const { eventHash } = await claimed('a2');
  const tokens = ['token-1', 'token-2'];
  const answers = await Promise.all(
    tokens.map((token) => claims.start(execution(eventHash, token), NOW)),
  );
  const winners = answers.filter(
    (claim, index) => claim && runs(claim, execution(eventHash, tokens[index])),
  );
  expect(winners).toHaveLength(1);
  expect(new Set(answers.map((claim) => claim?.token)).size).toBe(1);
});

test('the same execution may start again: its answer was lost', async () => {
  const { run } = await claimed('a3', 'started');
  expect(await claims.start(run, LATER)).toMatchObject({ state: 'started', token: 'token-1' });
});

test('an execution of another attempt starts nothing', async () => {
  const { eventHash } = await claimed('a4');
  const claim = await claims.start(execution(eventHash, 'token-9', 2), NOW);
  expect(claim).toMatchObject({ state: 'claimed', attempt: 1 });
  expect(claim?.token).toBeUndefined();
});

test('an event that nobody claimed cannot be started or closed', async () => {
  const run = execution(hash('9'));
  const end = { outcome: 'failed', chain: START_OF_CHAIN } as const;
  expect(await claims.start(run, NOW)).toBeUndefined();
  expect(await claims.beginClosing(run, end, NOW)).toBeUndefined();
  expect(await claims.finishClosing(run, end, NOW)).toBeUndefined();
});

test('of two closers the first decides the end, and the second finds that decision', async () => {
  const { run } = await claimed('a5', 'started');
  const chain = { ...START_OF_CHAIN, seq: 4 };
  const closers = await Promise.all([
    claims.beginClosing(run, { outcome: 'delivered', chain }, NOW),
    claims.beginClosing(run, { outcome: 'failed', reason: 'defect', chain }, LATER),
  ]);
  expect(closers[0]?.outcome).toBe(closers[1]?.outcome);
  expect(await claims.read(run.eventHash)).toMatchObject({ state: 'closing', chain });
});

test('a claim that is closing is finished once, and what comes later changes nothing', async () => {
  const { run } = await claimed('a6', 'closing');
  const chain = { ...START_OF_CHAIN, seq: 5 };
  // The closing row has the last word.
  const end = { outcome: 'denied', chain } as const;
  expect(await claims.finishClosing(run, end, NOW)).toMatchObject({ state: 'closed', ...end });
  const closed = await claims.read(run.eventHash);
  await claims.finishClosing(run, { ...end, outcome: 'failed' }, LATER);
  await claims.beginClosing(run, { outcome: 'failed', chain: START_OF_CHAIN }, LATER);
  await claims.start(execution(run.eventHash, 'token-2'), LATER);
  expect(await claims.read(run.eventHash)).toEqual(closed);
});

test('nobody else can close: not another execution, not another attempt, not before the start', async () => {
  const end = { outcome: 'failed', chain: START_OF_CHAIN } as const;
  const { eventHash } = await claimed('a7', 'started');
  for (const foreign of [execution(eventHash, 'token-2'), execution(eventHash, 'token-1', 2)]) {
    expect(await claims.beginClosing(foreign, end, NOW)).toMatchObject({ state: 'started' });
    expect(await claims.finishClosing(foreign, end, NOW)).toMatchObject({
      state: 'started',
    });
  }
  const { run } = await claimed('a8');
  expect(await claims.beginClosing(run, end, NOW)).toMatchObject({ state: 'claimed' });
  expect(await claims.finishClosing(run, end, NOW)).toMatchObject({ state: 'claimed' });
});

test('no duplicate is lost when they come at once', async () => {
  const { eventHash } = await claimed('a9');
  expect(await claims.duplicates(eventHash)).toBe(0);
  const counts = await atOnce(20, () => claims.countDuplicate(eventHash, NOW));
  expect(counts.sort((one, other) => one - other)).toEqual(
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
  expect(await claims.duplicates(eventHash)).toBe(20);
});

test('a claim remembers the version that its run was begun under', async () => {
  const { run } = await claimed('f5');
  const started = await claims.start({ ...run, version: 2 }, LATER);
  expect(started).toMatchObject({ state: 'started', version: 2 });
});

test('what a process remembers of a claim saves reads until it is closed, and is dropped then', async () => {
  const { table, reads } = countingReads(storage.table('claims'));
  const counted = createClaims(table);
  const run = execution(hash('d'));
  const end = { outcome: 'failed', chain: START_OF_CHAIN } as const;
  await counted.claim(run.eventHash, claimOf());
  await counted.start(run, NOW);
  await counted.beginClosing(run, end, NOW);
  await counted.finishClosing(run, end, NOW);
  expect(reads()).toBe(0);
  const replay = { id: 'r-1', reason: 'INC-1', by: 'alice' };
  expect(await counted.reopen(run.eventHash, claimOf({ replay }))).toMatchObject({ attempt: 2 });
  expect(reads()).toBe(1);
});
