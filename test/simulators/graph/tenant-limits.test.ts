import { readDraftRoots } from '../../../infra/local/graph/draft/routes';
import {
  type BucketReport,
  createTenantLimits,
} from '../../../infra/local/graph/http/tenant-limits';
import { createCompletePackage, submit } from './packages';
import {
  type Answered,
  groupId,
  type Json,
  refusal,
  sharedSimulator,
  smallTenant,
  type Simulator,
  startSimulator,
} from './simulator';

const TENANT = '50000000-0000-4000-8000-000000000001';
const APP = '60000000-0000-4000-8000-000000000001';
const NO_APP = '00000000-0000-0000-0000-000000000000';

/** The clock of the limits stands still unless a test moves it. */
let nowMs = 0;
const monotonicMs = (): number => nowMs;
const simulator = sharedSimulator({ monotonicMs, draftRoots: readDraftRoots('') });
beforeEach(() => setLimit('on'));

async function setLimit(limit: string, on: Simulator = simulator): Promise<void> {
  const { status, body } = await on.call('PUT', '/_control/tenant-limit', { limit });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

const tokenOf = (claims: Json): Json => ({
  Authorization: `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`,
});

async function buckets(on: Simulator = simulator): Promise<BucketReport[]> {
  return (await on.call('GET', '/_control/tenant-limit')).body['buckets'] as BucketReport[];
}
const bucket = async (kind: string): Promise<BucketReport | undefined> =>
  (await buckets()).find((one) => one.kind === kind);

/** Sends calls, some at a time, and answers how many came to each status. */
async function many(times: number, send: () => Promise<Answered>): Promise<Json> {
  const statuses: Record<string, number> = {};
  let left = times;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { status } = await send();
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  return statuses;
}

const look = (headers?: Json): Promise<Answered> =>
  simulator.call('GET', `groups/${groupId(1)}`, undefined, headers);
/** A write that fails. */
const write = (headers?: Json): Promise<Answered> => simulator.call('POST', 'groups', {}, headers);
/** A write that fails in entitlement management. */
const writeCatalog = (): Promise<Answered> => simulator.call('POST', 'EM/catalogs', {});
const group = {
  displayName: 'new',
  mailEnabled: false,
  mailNickname: 'new',
  securityEnabled: true,
};
const create = (): Promise<Answered> => simulator.call('POST', 'groups', group);

describe('Writes', () => {
  test('The 3,001st write in a moment is refused, and after its Retry-After one passes', () => {
    let clock = 0;
    const limits = createTenantLimits({
      limit: 'on',
      users: () => 501,
      tenant: () => TENANT,
      monotonicMs: () => clock,
    });
    const query = new URLSearchParams();
    const call = (method: string) =>
      limits.charge({ method, path: `/v1.0/groups`, query, headers: {} });
    const passed = (count: number) =>
      Array.from({ length: count }, () => call('POST')).filter(
        (verdict) => verdict.refusal === undefined,
      ).length;
    expect(passed(3_000)).toBe(3_000);
    expect(call('POST')).toMatchObject({
      refusal: { status: 429, retryAfter: '1' },
      headers: { 'x-ms-throttle-information': 'WriteLimitExceeded' },
    });
    expect(call('GET').refusal).toBeUndefined();
    clock += 1_000;
    // 20 came in the second, one of which the refused write took.
    expect(passed(30)).toBe(19);
  });

  test('One write too many is refused with the headers of the directory, and failed ones count', async () => {
    await setLimit('x0.01');
    expect(await many(30, write)).toEqual({ 400: 30 });
    const throttled = await create();
    expect(refusal(throttled)).toEqual([429, 'TooManyRequests']);
    expect(Object.fromEntries(throttled.headers)).toMatchObject({
      'retry-after': '10',
      'x-ms-throttle-scope': `Tenant_Application/Write/${NO_APP}/${TENANT}`,
      'x-ms-throttle-information': 'WriteLimitExceeded',
      'x-ms-throttle-limit-percentage': '1.03',
    });
    const { groups } = await simulator.state();
    expect(groups.map(({ displayName }) => displayName)).not.toContain('new');
    expect(await bucket('writes')).toMatchObject({ calls: 31, throttled: 1, used: 30 });
    expect((await look()).status).toBe(200);
  });

  test('After the Retry-After one write passes, and not before', async () => {
    await setLimit('x0.01');
    await many(30, write);
    const { headers } = await write();
    // The bucket is overdrawn by one, and gets one every 5 s.
    expect(headers.get('retry-after')).toBe('10');
    nowMs += 9_999;
    expect((await create()).headers.get('retry-after')).toBe('6');
    nowMs += 6_000;
    expect((await create()).status).toBe(201);
    expect((await create()).status).toBe(429);
  });

  test('Calls that do not wait overdraw the limit, to 1.8 of it at most', async () => {
    await setLimit('x0.01');
    await many(100, write);
    const { headers } = await write();
    expect(headers.get('x-ms-throttle-limit-percentage')).toBe('1.80');
    expect(headers.get('retry-after')).toBe('125');
    expect(await bucket('writes')).toMatchObject({ calls: 101, throttled: 71, used: 30 });
  });

  test('A delivered request in entitlement management counts, and its refusal has Retry-After and no other header', async () => {
    const complete = await createCompletePackage(simulator);
    const before = (await bucket('writes'))?.used ?? 0;
    expect((await submit(simulator, complete, 1001)).status).toBe(201);
    expect((await bucket('writes'))?.used).toBe(before + 1);
    await setLimit('x0.01');
    await many(30, writeCatalog);
    const throttled = await submit(simulator, complete, 1002);
    expect(refusal(throttled)).toEqual([429, 'TooManyRequests']);
    expect(throttled.headers.get('retry-after')).toBe('10');
    expect([...throttled.headers.keys()].filter((name) => name.startsWith('x-ms'))).toEqual([]);
  });
});

describe('Reads', () => {
  test('cost resource units, of which a tenant with fewer than 50 users has 3,500 in 10 s', async () => {
    await setLimit('x0.01');
    expect(await many(36, look)).toEqual({ 200: 35, 429: 1 });
    expect(Object.fromEntries((await look()).headers)).toMatchObject({
      'retry-after': '1',
      'x-ms-throttle-scope': `Tenant_Application/ReadWrite/${NO_APP}/${TENANT}`,
      'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
    });
    // Nobody who only reads uses up writes.
    expect(await bucket('writes')).toBeUndefined();
    nowMs += 1_000;
    expect((await look()).status).toBe(200);
  });

  test.each([
    ['users', '2'],
    ['users?$select=id', '1'],
    ['users?$top=19', '1'],
    ['users?$top=20', '2'],
    ['users?$select=id&$top=5', '1'],
    [`groups/${groupId(1)}/members`, '3'],
    [`groups/${groupId(1)}/members?$select=id`, '2'],
    ['subscribedSkus', '3'],
    ['organization', '1'],
  ])('%s costs %s', async (path, units) => {
    const { status, headers } = await simulator.call('GET', path);
    expect([status, headers.get('x-ms-resource-unit')]).toEqual([200, units]);
    expect(await bucket('resourceUnits')).toMatchObject({ calls: 1, used: Number(units) });
  });

  test('An expansion costs one more, and a write costs one', async () => {
    await simulator.call('GET', 'EM/catalogs?$expand=accessPackages');
    expect(await bucket('resourceUnits')).toMatchObject({ calls: 1, used: 2 });
    await write();
    expect(await bucket('resourceUnits')).toMatchObject({ calls: 2, used: 3 });
  });

  test('The use of the limit is told above 0.8 of it', async () => {
    await setLimit('x0.01');
    await many(27, look);
    const told: unknown[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { headers } = await look();
      told.push(headers.get('x-ms-throttle-limit-percentage'));
    }
    expect(told).toEqual([null, '0.83', '0.86', '0.89']);
  });

  test.each([
    [49, 3_500],
    [50, 5_000],
    [500, 5_000],
    [501, 8_000],
  ])('In a tenant with %i users there are %i units', async (users, capacity) => {
    const workers = [{ from: 'W-1001', to: `W-${1000 + users}` }];
    const own = await startSimulator({ tenant: { ...smallTenant, workers } });
    await own.call('GET', 'organization');
    expect(await buckets(own)).toMatchObject([{ capacity, refillPerSecond: capacity / 10 }]);
    await own.stop();
  });
});

test.each([
  ['v1.0', '/v1.0/EM/catalogs'],
  ['beta', '/beta/EM/accessPackageCatalogs'],
  ['draft', '/beta/EM/accessPackageAssignmentRequests/$ref'],
])('A write of %s is refused with the envelope of every error', async (_, path) => {
  await setLimit('x0.01');
  await many(30, writeCatalog);
  const { status, body } = await simulator.call('POST', path, {});
  expect([status, body]).toMatchObject([
    429,
    {
      error: {
        code: 'TooManyRequests',
        message: 'Please retry again later.',
        details: [],
        innerError: { 'request-id': expect.any(String) as string },
      },
    },
  ]);
});

test('Two apps do not share their limits, nor does one app in two tenants', async () => {
  await setLimit('x0.01');
  const other = '60000000-0000-4000-8000-000000000002';
  const tenant = '50000000-0000-4000-8000-000000000002';
  await many(31, () => write(tokenOf({ appid: APP, tid: TENANT })));
  const throttled = await write(tokenOf({ azp: APP, tid: TENANT }));
  expect(throttled.headers.get('x-ms-throttle-scope')).toBe(
    `Tenant_Application/Write/${APP}/${TENANT}`,
  );
  for (const own of [{ appid: other, tid: TENANT }, { appid: APP, tid: tenant }, {}]) {
    expect((await write(tokenOf(own))).status).toBe(400);
  }
  expect((await write({ Authorization: 'Bearer opaque' })).status).toBe(400);
  const writes = (await buckets()).filter(({ kind }) => kind === 'writes');
  expect(writes.map((one) => [one.app, one.tenant, one.calls])).toEqual([
    [APP, TENANT, 32],
    [other, TENANT, 1],
    [APP, tenant, 1],
    [NO_APP, TENANT, 2],
  ]);
});

test('A throttled call gets no planned fault, and the log has what it was answered', async () => {
  await setLimit('x0.01');
  await many(30, write);
  await simulator.call('POST', '/_control/faults', { times: 1, answer: { status: 503 } });
  const since = (await logged()).length;
  expect((await write()).status).toBe(429);
  expect((await look()).status).toBe(503);
  expect((await logged()).slice(since)).toMatchObject([
    { status: 429, code: 'TooManyRequests', retryAfter: 10 },
    { status: null },
  ]);
  await simulator.call('DELETE', '/_control/faults');
});
const logged = async (): Promise<Json[]> =>
  (await simulator.call('GET', '/_control/requests')).body['value'] as Json[];

describe('The setting', () => {
  test('off refuses nothing and counts nothing', async () => {
    await setLimit('x0.01');
    expect(await many(31, write)).toEqual({ 400: 30, 429: 1 });
    await setLimit('off');
    expect(await many(200, write)).toEqual({ 400: 200 });
    expect((await simulator.call('GET', '/_control/tenant-limit')).body).toEqual({
      limit: 'off',
      buckets: [],
    });
  });

  test('x10 permits ten times as much', async () => {
    await setLimit('x10');
    await write();
    expect(await bucket('writes')).toMatchObject({ capacity: 30_000, refillPerSecond: 200 });
  });

  test('A change of it fills all buckets and starts their counts anew, and a reset brings the first one back', async () => {
    await setLimit('x0.01');
    await many(40, write);
    await setLimit('x0.02');
    expect((await write()).status).toBe(400);
    expect(await bucket('writes')).toMatchObject({ calls: 1, throttled: 0, capacity: 60 });
    await simulator.call('POST', '/_control/reset');
    expect((await simulator.call('GET', '/_control/tenant-limit')).body).toEqual({
      limit: 'on',
      buckets: [],
    });
  });

  test.each(['x', 'x0', 'x0.001', 'x-1', '10', 'On', ''])('%j is refused', async (limit) => {
    const answer = await simulator.call('PUT', '/_control/tenant-limit', { limit });
    expect(refusal(answer)).toEqual([400, 'BadRequest']);
  });
});

test('The share that was used counts what was let through, from the first call of a bucket to its last', async () => {
  await setLimit('x0.01');
  nowMs += 60_000;
  await many(40, write);
  nowMs += 100_000;
  await write();
  const { used, seconds, share } = (await bucket('writes')) ?? {};
  // 30 at once and the last one; in the bucket were 30, and 20 came.
  expect([used, seconds, share]).toEqual([31, 100, 31 / 50]);
});
