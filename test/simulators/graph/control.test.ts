import { beta, createCatalog, createCompletePackage, submit, v1 } from './packages';
import {
  groupId,
  sharedSimulator,
  type Answered,
  type Json,
  refusal,
  startSimulator,
  unknownId,
  userId,
} from './simulator';

describe('The control endpoint', () => {
  const simulator = sharedSimulator({}, 'test');

  test('A user can get a package once added, and not after removal', async () => {
    const complete = await createCompletePackage(simulator);
    expect(refusal(await submit(simulator, complete, 1500))).toEqual([400, 'SubjectNotFound']);
    await simulator.call('POST', '/_control/users', { employeeId: 'W-1500' });
    expect((await submit(simulator, complete, 1500)).status).toBe(201);
    await simulator.call('DELETE', `/_control/users/${userId(1500)}`);
    expect((await simulator.call('GET', `users/${userId(1500)}`)).status).toBe(404);
  });

  test('An administrator can change a policy or a catalog between two calls of a client', async () => {
    const complete = await createCompletePackage(simulator);
    await simulator.call('PATCH', `/_control/policies/${complete.policy}`, {
      allowedTargetScope: 'allExternalUsers',
    });
    expect(refusal(await submit(simulator, complete, 1001))).toEqual([400, 'InvalidRequest']);
    await simulator.call('PATCH', `/_control/policies/${complete.policy}`, {
      allowedTargetScope: 'notSpecified',
    });
    await simulator.call('PATCH', `/_control/catalogs/${complete.catalog}`, {
      state: 'unpublished',
    });
    expect(refusal(await submit(simulator, complete, 1001))).toEqual([400, 'InvalidRequest']);
    const wrong = await simulator.call('PATCH', `/_control/catalogs/${complete.catalog}`, {
      colour: 'red',
    });
    expect(refusal(wrong)).toEqual([400, 'BadRequest']);
  });

  test('A reset restores the tenant file', async () => {
    await createCompletePackage(simulator);
    await simulator.call('POST', '/_control/reset');
    const { counts } = await simulator.state();
    expect(counts).toMatchObject({
      users: 20,
      groups: 5,
      catalogs: 0,
      accessPackages: 0,
      policies: 0,
    });
  });

  test.each([v1, beta])(
    'A request for an undeliverable resource is answered 201 and not carried out in $version',
    async (wire) => {
      const catalog = await createCatalog(simulator, 'published', wire);
      const origin = { originId: groupId(1), originSystem: 'AadGroup' };
      const post = () =>
        simulator.call('POST', wire.resourceRequests, wire.resourceBody(catalog, origin));
      const stateOf = ({ body }: Answered) => body['state'] ?? body['requestState'];
      const control = `/_control/resources/${groupId(1)}/undeliverable`;

      await simulator.call('PUT', control, { afterMs: 0 });
      const atOnce = await post();
      expect([atOnce.status, stateOf(atOnce)]).toEqual([201, wire.spell('deliveryFailed')]);
      await simulator.call('PUT', control, { afterMs: null });
      const open = await post();
      expect([open.status, stateOf(open)]).toEqual([201, wire.spell('submitted')]);
      const again = await simulator.call(
        'GET',
        `${wire.resourceRequests}/${String(open.body['id'])}`,
      );
      expect(stateOf(again)).toBe(wire.spell('submitted'));
      expect((await simulator.state()).counts['resources']).toBe(0);

      await simulator.call('DELETE', control);
      expect(stateOf(await post())).toBe(wire.spell('delivered'));
      await simulator.call('POST', '/_control/reset');
    },
  );

  test('An unknown address of the control endpoint is refused with the known ones', async () => {
    const answer = await simulator.call('GET', '/_control/anything');
    expect(refusal(answer)).toEqual([404, 'NotFound']);
  });

  test.each([
    ['an edit of no object', 'PATCH', `users/${userId(1001)}`, [1], 400],
    ['an edit of a table that unknownId edits', 'PATCH', `grants/${unknownId}`, {}, 400],
    ['an edit of a row that is not there', 'PATCH', `policies/${unknownId}`, {}, 404],
    [
      'a decision on a request that is not there',
      'POST',
      `requests/${unknownId}/decide`,
      { decision: 'deny' },
      404,
    ],
    ['a person without a number', 'POST', 'users', { id: unknownId }, 400],
  ])('The control endpoint refuses %s', async (_, method, path, body, status) => {
    expect((await simulator.call(method, `/_control/${path}`, body)).status).toBe(status);
  });
});

describe('Injected faults and the log', () => {
  const simulator = sharedSimulator({}, 'test');

  const post = (displayName: string): Promise<Answered> =>
    simulator.call('POST', 'EM/catalogs', { displayName });
  const schedule = (...rules: object[]): Promise<Answered> =>
    simulator.call('POST', '/_control/faults', rules);
  const catalogs = async (): Promise<number> => (await simulator.state()).counts['catalogs'] ?? 0;
  const logged = async (): Promise<Json[]> =>
    (await simulator.call('GET', '/_control/requests')).body['value'] as Json[];
  const match = { method: 'POST', path: '/catalogs$' };

  test('A call dropped before its operation never happens', async () => {
    await schedule({ match, nth: 1, answer: 'drop-before' });
    await expect(post('One')).rejects.toThrow();
    expect(await catalogs()).toBe(0);
    expect(await logged()).toMatchObject([{ method: 'POST', status: null, fault: 'drop-before' }]);
  });

  test('A call dropped after its commit happened, and the log shows it', async () => {
    await schedule({ match, nth: 1, answer: 'drop-after-commit' });
    await expect(post('One')).rejects.toThrow();
    expect(await catalogs()).toBe(1);
    expect(await logged()).toMatchObject([
      { status: 201, fault: 'drop-after-commit', created: expect.any(String) as string },
    ]);
  });

  test('An injected error has its status, code and Retry-After, and can come after the commit', async () => {
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

  test('An answer can be truncated, be an HTML page, be late or lack its list', async () => {
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
    await schedule({ match: { method: 'GET' }, answer: 'no-value' });
    const list = await fetch(
      `${simulator.url}/v1.0/identityGovernance/entitlementManagement/catalogs`,
    );
    expect([list.status, await list.json()]).toEqual([200, {}]);
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

  test('The schedule can be read with its counts, and cleared', async () => {
    await schedule({ answer: { status: 500 } });
    await post('One');
    const { body } = await simulator.call('GET', '/_control/faults');
    expect(body['value']).toMatchObject([{ matched: 1, fired: 1 }]);
    await simulator.call('DELETE', '/_control/faults');
    expect((await post('One')).status).toBe(201);
  });

  test('An invalid rule is refused with the reason', async () => {
    const answer = await schedule({ answer: 'explode' });
    expect(refusal(answer)).toEqual([400, 'BadRequest']);
  });

  test('The log has calls in order with the ids they created, and their bytes without the token on request', async () => {
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
    const [first, second] = body['value'] as {
      raw: { headers: [string, string][]; body: string };
    }[];
    expect(JSON.parse(first?.raw.body ?? '')).toMatchObject({ displayName: 'Staff' });
    expect(JSON.stringify(second)).not.toContain('secret');
    expect(
      second?.raw.headers.some(
        ([name, value]) => name.toLowerCase() === 'authorization' && value === 'Bearer (hidden)',
      ),
    ).toBe(true);
  });
});
