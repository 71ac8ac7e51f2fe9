import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const PEOPLE = Array.from({ length: 10 }, (_, n) => `W-${1100 + n}`);
const SECONDS = 5;
/** The time in which calls may still arrive that left before the answer was read. */
const ON_ITS_WAY_MS = 1_500;

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

test('one call is throttled: no run calls Graph until the time is over, even after a restart', async () => {
  const rule = {
    match: { method: 'POST', path: 'assignmentRequests$' },
    times: 1,
    answer: { status: 429, code: 'TooManyRequests', retryAfter: SECONDS },
  };
  await injectGraphFaults(stack.graphUrl, [rule]);
  await stack.send(PEOPLE.map((worker) => joinerEvent(worker)));
  await eventually(
    'the limit is stored',
    async () => (await readTable(stack.storage, 'limits', `RowKey eq 'throttledUntil'`)).length > 0,
  );
  await stack.kill('host', 'SIGTERM');
  await stack.start('host');

  const closed = await eventually('all are closed', async () => {
    const claims = await readTable(
      stack.storage,
      'claims',
      `RowKey eq 'claim' and state eq 'closed'`,
    );
    return claims.length === PEOPLE.length ? claims : undefined;
  });
  expect(closed.map(({ outcome }) => outcome)).toEqual(PEOPLE.map(() => 'delivered'));
  const log = await graphCalls(stack.graphUrl);
  const from = Date.parse(log.find(({ fault }) => fault !== undefined)?.at ?? '');
  const early = log.filter(
    ({ at }) => Date.parse(at) > from + ON_ITS_WAY_MS && Date.parse(at) < from + SECONDS * 1000,
  );
  expect(early).toEqual([]);
  const made = log.filter(({ method, path, status }) => {
    return method === 'POST' && path.endsWith('/assignmentRequests') && status === 201;
  });
  expect(made).toHaveLength(PEOPLE.length);
}, 90_000);
