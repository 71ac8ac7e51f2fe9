import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults, setTenantLimit } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const PEOPLE = Array.from({ length: 10 }, (_, n) => `W-${1100 + n}`);
const SECONDS = 5;
/** The time in which calls may still arrive that left before the answer was read. */
const ON_ITS_WAY_MS = 1_500;
/** Where only the other program writes. */
const OTHER_PROGRAM = '/v1.0/groups';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

/** The outcomes of all events, once so many are closed. */
const outcomes = (count: number): Promise<unknown[]> =>
  eventually(
    'all are closed',
    async () => {
      const closed = `RowKey eq 'claim' and state eq 'closed'`;
      const claims = await readTable(stack.storage, 'claims', closed);
      return claims.length === count && claims.map(({ outcome }) => outcome);
    },
    { seconds: 150 },
  );

/** Writes, without success, until the limit is reached. */
async function useUpWrites(): Promise<void> {
  let status = 0;
  while (status !== 429) {
    const write = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' };
    status = (await fetch(`${stack.graphUrl}${OTHER_PROGRAM}`, write)).status;
  }
}

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

  expect(await outcomes(PEOPLE.length)).toEqual(PEOPLE.map(() => 'delivered'));
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

test('another program has used up the limit of the app: all get access, and after each refusal no call comes before its time', async () => {
  // Sixty writes at once, then two in five seconds.
  await setTenantLimit(stack.graphUrl, 'x0.02');
  const more = Array.from({ length: 10 }, (_, n) => `W-${1120 + n}`);
  const since = (await graphCalls(stack.graphUrl)).length;
  const callsOfTheApp = async () =>
    (await graphCalls(stack.graphUrl, since)).filter(({ path }) => path !== OTHER_PROGRAM);
  await useUpWrites();
  await stack.send(more.map((worker) => joinerEvent(worker)));
  await eventually(
    'a write of the app is refused',
    async () => {
      await useUpWrites();
      return (await callsOfTheApp()).some(
        ({ method, status, retryAfter = 0 }) =>
          method === 'POST' && status === 429 && retryAfter >= 5,
      );
    },
    { everyMs: 1_000 },
  );

  const all = PEOPLE.length + more.length;
  expect(await outcomes(all)).toEqual(Array.from({ length: all }, () => 'delivered'));
  const log = await callsOfTheApp();
  const early = log.flatMap(({ at, retryAfter = 0 }) => {
    const from = Date.parse(at);
    return log.filter(
      (call) =>
        Date.parse(call.at) > from + ON_ITS_WAY_MS &&
        Date.parse(call.at) < from + retryAfter * 1000,
    );
  });
  expect(early).toEqual([]);
}, 180_000);
