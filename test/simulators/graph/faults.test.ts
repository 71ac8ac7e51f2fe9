import { createCatalog } from './packages';
import { refusal, startSimulator, type Answered, type Json, type Simulator } from './simulator';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.stop());

const post = (displayName: string): Promise<Answered> =>
  simulator.call('POST', 'EM/catalogs', { displayName });
const schedule = (...rules: object[]): Promise<Answered> =>
  simulator.call('POST', '/_control/faults', rules);
const catalogs = async (): Promise<number> => (await simulator.state()).counts['catalogs'] ?? 0;
const logged = async (): Promise<Json[]> =>
  (await simulator.call('GET', '/_control/requests')).body['value'] as Json[];
const match = { method: 'POST', path: '/catalogs$' };

test('A call that is dropped before never happened', async () => {
  await schedule({ match, nth: 1, answer: 'drop-before' });
  await expect(post('One')).rejects.toThrow();
  expect(await catalogs()).toBe(0);
  expect(await logged()).toMatchObject([{ method: 'POST', status: null, fault: 'drop-before' }]);
});

test('A call that is dropped after its commit happened, and the log knows', async () => {
  await schedule({ match, nth: 1, answer: 'drop-after-commit' });
  await expect(post('One')).rejects.toThrow();
  expect(await catalogs()).toBe(1);
  expect(await logged()).toMatchObject([
    { status: 201, fault: 'drop-after-commit', created: expect.any(String) as string },
  ]);
});

test('An error of the schedule carries its status, code and Retry-After, and can come after the commit', async () => {
  await schedule(
    { match, nth: 1, answer: { status: 429, code: 'TooManyRequests', retryAfter: 7 } },
    { match, nth: 2, answer: { status: 503, afterCommit: true } },
  );
  const throttled = await post('One');
  expect(refusal(throttled)).toEqual([429, 'TooManyRequests']);
  expect(throttled.headers.get('retry-after')).toBe('7');
  expect(await catalogs()).toBe(0);
  const late = await post('One');
  expect(refusal(late)).toEqual([503, 'ServiceUnavailable']);
  expect(late.headers.get('retry-after')).toBeNull();
  expect(await catalogs()).toBe(1);
});

test('A body can be cut, an answer be a page of a gateway, or come late', async () => {
  await schedule(
    { match, nth: 1, answer: 'truncate' },
    { match, nth: 2, answer: 'html' },
    { match, nth: 3, answer: { delayMs: 80 } },
  );
  await expect(post('One')).rejects.toThrow();
  const page = await fetch(
    `${simulator.url}/v1.0/identityGovernance/entitlementManagement/catalogs`,
    { method: 'POST' },
  );
  expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html']);
  await page.text();
  const start = Date.now();
  expect((await post('Two')).status).toBe(201);
  expect(Date.now() - start).toBeGreaterThanOrEqual(75);
});

test('A fault with a probability repeats from the seed, within its number of times', async () => {
  const run = async (): Promise<number[]> => {
    const own = await startSimulator({ seed: 3 });
    await own.call('POST', '/_control/faults', [
      { match: { method: 'GET' }, probability: 0.4, times: 5, answer: { status: 500 } },
    ]);
    const statuses: number[] = [];
    for (let at = 0; at < 20; at += 1)
      statuses.push((await own.call('GET', 'users?$top=1')).status);
    await own.stop();
    return statuses;
  };
  const [first, second] = [await run(), await run()];
  expect(first).toEqual(second);
  expect(first.filter((status) => status === 500)).toHaveLength(5);
});

test('The schedule can be read with what it did, and be emptied', async () => {
  await schedule({ answer: { status: 500 } });
  await post('One');
  const { body } = await simulator.call('GET', '/_control/faults');
  expect(body['value']).toMatchObject([{ matched: 1, fired: 1 }]);
  await simulator.call('DELETE', '/_control/faults');
  expect((await post('One')).status).toBe(201);
});

test('A rule that is none is refused with its fault', async () => {
  const answer = await schedule({ answer: 'explode' });
  expect(refusal(answer)).toEqual([400, 'BadRequest']);
});

test('The log keeps calls in order with what they made, and their bytes without the token on demand', async () => {
  const id = await createCatalog(simulator);
  await simulator.call('GET', `EM/catalogs/${id}?$select=id`, undefined, {
    Authorization: 'Bearer secret',
    'client-request-id': 'mine',
  });
  expect(await logged()).toMatchObject([
    {
      n: 1,
      method: 'POST',
      status: 201,
      created: id,
      bodyHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    },
    { n: 2, method: 'GET', query: '$select=id', status: 200, clientRequestId: 'mine' },
  ]);
  const { body } = await simulator.call('GET', '/_control/requests?raw=1&since=0');
  const [first, second] = body['value'] as { raw: { headers: [string, string][]; body: string } }[];
  expect(JSON.parse(first?.raw.body ?? '')).toMatchObject({ displayName: 'Staff' });
  expect(JSON.stringify(second)).not.toContain('secret');
  expect(
    second?.raw.headers.some(
      ([name, value]) => name.toLowerCase() === 'authorization' && value === 'Bearer (hidden)',
    ),
  ).toBe(true);
});
