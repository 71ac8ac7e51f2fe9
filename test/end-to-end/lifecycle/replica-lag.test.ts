import { messageOf } from '../../support/events';
import { eventually } from '../../support/eventually';
import { readTable } from '../../support/tables';
import { finance, startLife, type Event, type Life } from './life';

let life: Life;
/** Each replica of Graph learns of a write after a time of its own, up to three seconds. */
beforeAll(async () => {
  life = await startLife({
    env: {
      ...{ GRAPH_LAG: '3s', GRAPH_LAG_MS: '3000', GRAPH_DELIVERY_MS: '20' },
      ...{ POLL_SCHEDULE: '200ms', REMOVAL_LIMIT: '100', REMOVAL_PERCENT: '100' },
    },
  });
  // So that the package exists, and every replica shows it.
  expect(await life.ending(life.worker('W-1060').joined('2026-11-02', finance))).toBe('delivered');
});
afterAll(() => life.stop());

const isRequested = ({ id, ...event }: Event) =>
  eventually(`the access of ${id} is requested`, async () => {
    const { eventHash } = messageOf({ id, ...event });
    const filter = `PartitionKey eq '${eventHash}' and kind eq 'intended' and step eq 'assign'`;
    return (await readTable(life.stack.storage, 'audit', filter)).length > 0;
  });

test('access that is taken back before every replica shows it is gone in the end', async () => {
  const workers = Array.from({ length: 12 }, (_, n) => life.worker(`W-${1061 + n}`));
  const ends = await Promise.all(
    workers.map(async ({ id, joined, left }) => {
      const join = joined('2026-11-02', finance);
      await life.say(join);
      await isRequested(join);
      const outcome = await life.ending(left({ lastDay: '2026-11-20' }));
      await life.closed(join);
      return { id, outcome, has: await life.has(await life.accountOf(id)) };
    }),
  );
  expect(ends).toEqual(workers.map(({ id }) => ({ id, outcome: 'revoked', has: [] })));
});

test('what only our record speaks of counts as gone once every replica must have shown it', async () => {
  const { id, joined, left } = life.worker('W-1073');
  expect(await life.ending(joined('2026-11-02', finance))).toBe('delivered');
  await life.control('DELETE', `users/${await life.accountOf(id)}`, {});
  const leave = left({ lastDay: '2026-11-20' });
  expect(await life.ending(leave)).toBe('revoked');
  expect(await life.rows(leave)).toEqual(['revoke finance: revoked']);
});

test('nothing else is wrong in the end', async () => {
  expect(await life.faults()).toEqual([]);
});
