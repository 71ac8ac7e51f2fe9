import type { Services } from '../../../functions/services';
import { eventHash as hashOf } from '../../../shared/domain/events/keys';
import type { ReplayRequest } from '../../../shared/domain/events/operator-request';
import { replayIdOf } from '../../../shared/domain/events/operator-request';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { claimNextAttempt } from '../../../shared/events/start';
import { SOURCE } from '../../support/events';
import { servicesOver } from '../../support/call-activity';
import { atOnce, hash, openStorage, type Storage } from '../../support/storage';

/* What a request for the next attempt at a closed event claims, in the real tables. */

const AT = '2026-11-20T09:30:02.000Z';
const LATER = '2026-11-21T10:00:00.000Z';
let storage: Storage;
let services: Services;
beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage);
});
afterAll(() => storage.close());

const requestFor = (eventId: string, attempt = 1): ReplayRequest => {
  const eventHash = hashOf(SOURCE, eventId);
  return {
    ...{ kind: 'replay', eventHash, eventId, eventSource: SOURCE, attempt, bodyHash: hash('b') },
    marks: { id: replayIdOf(eventHash, attempt), reason: 'INC-1', by: 'alice' },
  };
};

const ask = (request: ReplayRequest, owner = 'delivery-1') =>
  claimNextAttempt(services, request, { now: LATER, owner });

const CONTENT: Claim['content'] = {
  timeZone: 'UTC',
  states: {
    ...{ kind: 'joined', startDate: '2026-11-23', endDate: '2027-05-31' },
    attributes: { department: 'Finance' },
  },
  acceptedAt: AT,
};

/** A closed claim, but for what a test changes. */
async function closed(eventId: string, changes: Partial<Claim> = {}): Promise<string> {
  const eventHash = hashOf(SOURCE, eventId);
  await services.claims.claim(eventHash, {
    ...{ state: 'closed', outcome: 'failed', reason: 'forbidden', targetId: 'u-1', attempt: 1 },
    ...{ contentHash: hash('c'), token: 'token-1', chain: START_OF_CHAIN, deliveredAt: AT },
    fact: {
      ...{ eventId, eventSource: SOURCE, eventType: 'hr.worker.joined.v1', bodyHash: hash('b') },
      ...{ workerId: 'W-1', employmentId: 'E-1', startDate: '2026-11-23', timeZone: 'UTC' },
      ...{ occurredAt: AT, receivedAt: AT },
    },
    content: CONTENT,
    due: { partition: 'shard-1', key: 'k' },
    updatedAt: AT,
    ...changes,
  });
  return eventHash;
}

/** The rows by which the recovery timer watches over an event. */
async function watched(eventHash: string): Promise<string[]> {
  const rows = await storage.table('due').list(`shard-${eventHash.slice(0, 1)}`);
  return rows.filter(({ columns }) => columns['eventHash'] === eventHash).map(({ key }) => key);
}

test('an event that was never accepted has no next attempt, and nothing is written of it', async () => {
  const request = requestFor('absent');
  expect(await ask(request)).toBe('unknown-event');
  expect(await services.claims.read(request.eventHash)).toBeUndefined();
  expect(await watched(request.eventHash)).toEqual([]);
});

test('the next attempt has the facts of the claim, the time of this delivery and nothing of the attempt before', async () => {
  const eventHash = await closed('next');
  expect(await ask(requestFor('next'))).toEqual({ attempt: 2 });
  const claim = await services.claims.read(eventHash);
  expect(claim).toMatchObject({
    ...{ state: 'claimed', attempt: 2, contentHash: hash('c'), content: CONTENT },
    fact: { eventId: 'next', occurredAt: AT, receivedAt: LATER },
    replay: { reason: 'INC-1', by: 'alice', of: 1 },
  });
  for (const column of ['token', 'outcome', 'reason', 'targetId', 'chain', 'deliveredAt'])
    expect(claim).not.toHaveProperty(column);
  expect(await watched(eventHash)).toEqual([claim?.due.key]);
});

test('of ten deliveries at once, each by another host, one attempt comes and one row watches over it', async () => {
  const eventHash = await closed('raced');
  const answers = await atOnce(10, (index) => ask(requestFor('raced'), `delivery-${index}`));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
    new Set(['{"attempt":2}']),
  );
  const claim = await services.claims.read(eventHash);
  expect(claim).toMatchObject({ attempt: 2, state: 'claimed' });
  expect(await watched(eventHash)).toEqual([claim?.due.key]);
});

test.each<[string, Partial<Claim>, number, string]>([
  ['of an event whose access was delivered', { outcome: 'delivered' }, 1, 'final'],
  ['after an attempt that another one has followed', { attempt: 3 }, 2, 'outdated'],
  ['of an event whose attempt is still run', { state: 'started', outcome: undefined }, 1, 'open'],
  ['of an event with the most attempts that a claim takes', { attempt: 100 }, 100, 'worn-out'],
])('a request %s starts none and says why', async (_, changes, attempt, noReplay) => {
  const eventId = `no-${noReplay}`;
  const eventHash = await closed(eventId, changes);
  const before = await services.claims.read(eventHash);
  expect(await ask(requestFor(eventId, attempt))).toEqual({ noReplay });
  expect(await services.claims.read(eventHash)).toEqual(before);
  expect(await watched(eventHash)).toEqual([]);
});

test('a request that is delivered again after its attempt has run is seen', async () => {
  const { marks } = requestFor('again');
  const eventHash = await closed('again', { attempt: 2, replays: [`id:${String(marks.id)}`] });
  expect(await ask(requestFor('again'))).toEqual({ noReplay: 'seen' });
  expect(await watched(eventHash)).toEqual([]);
});
