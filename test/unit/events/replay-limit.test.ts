import { replayEvents } from '../../../shared/events/replay';
import type { StoredClaim } from '../../../shared/domain/workflow/claim';
import type { LedgerReader } from '../../../shared/storage/audit';

const NOW = new Date();

/** Three events with as many attempts as the replay allows, and behind them three with one. */
const attempts = [5, 5, 5, 1, 1, 1];
const claims = attempts.map((attempt, index) => {
  const eventId = `event-${index}`;
  return {
    ...{ eventHash: eventId, etag: '', state: 'closed', outcome: 'failed', attempt },
    fact: { eventSource: 'urn:hr', eventId },
    updatedAt: new Date(NOW.getTime() - (10 - index) * 1_000).toISOString(),
  } as StoredClaim;
});

const stores = {
  claims: { read: (hash: string) => Promise.resolve(claims.find((one) => one.eventHash === hash)) },
  audit: {
    subjectsOfDay: (day: string) =>
      Promise.resolve({
        eventHashes: NOW.toISOString().startsWith(day)
          ? claims.map(({ eventHash }) => eventHash)
          : [],
      }),
    ofEvent: () => Promise.resolve([]),
    refusalOf: () => Promise.resolve(undefined),
  } as unknown as Pick<LedgerReader, 'subjectsOfDay' | 'ofEvent' | 'refusalOf'>,
};

async function replay(limit: number) {
  let sent = 0;
  const queue = {
    peek: () => Promise.resolve([]),
    resend: () => Promise.resolve(new Map()),
    send: () => Promise.resolve(void (sent += 1)),
  };
  const who = { by: 'dana', reason: 'INC-4711', cause: 'failed' };
  const report = await replayEvents(stores, queue, ['urn:hr'], {
    ...{ ...who, limit, attempts: 5, confirmed: true },
  });
  return { ...report, sent };
}

test('events that a replay leaves do not count against its limit, and it says how many it did not look at', async () => {
  const { lines, notLookedAt, sent } = await replay(2);
  expect(lines.map(({ result }) => result)).toEqual([
    ...['left', 'left', 'left'],
    ...['replayed', 'replayed'],
  ]);
  expect({ sent, notLookedAt }).toEqual({ sent: 2, notLookedAt: 1 });
});

test('a replay that reaches every selected event leaves none unlooked at', async () => {
  expect(await replay(3)).toMatchObject({ sent: 3, notLookedAt: 0 });
});
