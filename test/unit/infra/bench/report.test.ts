import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  graphCalls,
  tableRequests,
  tail,
  withOnePollEach,
} from '../../../../infra/local/bench/measure';
import { printed, reportOf } from '../../../../infra/local/bench/report';

const warmed = {
  joiners: 100,
  seconds: 1,
  cpuMs: 50,
  peakMb: 80,
  graphCalls: 500,
  tableWrites: 2100,
};
const noLap = { calls: [], tables: [], usage: {} };
const baselines = { fresh: { ...warmed, seconds: 2, cpuMs: 100 }, warmed };

test('latencies, rates and shares are those of the joiners, and the host is compared with both baselines', () => {
  const endings = Array.from({ length: 100 }, (_, n) => ({
    outcome: n === 0 ? 'failed' : 'delivered',
    latencyMs: 100 - n,
    closedAt: 1000 + 100 * n,
  }));
  const writes = tableRequests([
    'x "POST /devstoreaccount1/audit HTTP/1.1" 204 -',
    'x "GET /devstoreaccount1/claims(PartitionKey=%271%27,RowKey=%27claim%27) HTTP/1.1" 200 -',
  ]);
  const usage = { host: { cpuMs: 150, peakMb: 200 } };
  const call = (path: string, status: number) => ({
    method: 'GET',
    path,
    query: '',
    status,
    at: 0,
  });
  const [one, other] = [randomUUID(), randomUUID()];
  const calls = [
    call('/v1.0/users', 200),
    call(`/v1.0/requests/${one}`, 200),
    call(`/v1.0/requests/${other}`, 429),
  ];
  const counts = { calls: 46, throttled: 1, used: 45 };
  const bucket = { kind: 'writes', capacity: 30, refillPerSecond: 2, ...counts, share: 0.95 };

  // Sent behind them, and closed before half of them.
  const closedAt = endings[49]?.closedAt ?? 0;
  const times = {
    latencyMs: 2_000,
    closedAt,
    begunAt: closedAt - 1_500,
    deliveredAt: closedAt - 500,
  };
  const late = [{ who: 'somebody', outcome: 'delivered', ...times }];

  const report = reportOf(
    { endings, sentAt: 900, packages: 1, late, activitiesOfOne: 9, activitiesInBulk: 9 },
    { calls, tables: writes, usage },
    baselines,
    noLap,
    { tenantLimit: 'on', buckets: [bucket] },
  );

  expect(report).toMatchObject({
    joiners: 100,
    outcomes: { delivered: 99, failed: 1 },
    seconds: 10,
    joinersPerSecond: 10,
    latencyMs: { p50: 50, p95: 95, p99: 99, max: 100 },
    behind: [
      {
        ...{ who: 'somebody', outcome: 'delivered', beganAfter: 0.5, deliveredAfter: 1.5 },
        ...{ closedAfter: 2, overtaken: 0.5 },
      },
    ],
    processes: { host: { cpuMsPerJoiner: 1.5, peakMb: 200 } },
    throttledShare: 1 / 3,
    graphCalls: [
      { call: 'GET /v1.0/requests/{id}', count: 2, throttled: 1 },
      { call: 'GET /v1.0/users', count: 1, throttled: 0 },
    ],
    // A bucket of 30 and 2 more in each of the 10 seconds.
    limits: [
      { kind: 'writes', permitted: 50, used: 45, share: 0.9, shareOfCalls: 0.95, throttled: 1 },
    ],
    tableRequests: 0.02,
    tableWritesPerJoiner: 0.01,
    tableRequestsPerJoiner: { 'insert audit': 0.01, 'read claims': 0.01 },
    baselines: {
      fresh: { cpuMsPerJoiner: 1, joinersPerSecond: 50, hostToBaseline: 1.5 },
      warmed: { cpuMsPerJoiner: 0.5, joinersPerSecond: 100, hostToBaseline: 3 },
    },
  });
});

test('without figures of the host there is no ratio', () => {
  const endings = [{ outcome: 'delivered', latencyMs: 1, closedAt: 1 }];

  const joined = {
    endings,
    late: [],
    sentAt: 0,
    packages: 1,
    activitiesOfOne: 9,
    activitiesInBulk: 9,
  };
  const report = reportOf(joined, noLap, baselines, noLap, { tenantLimit: 'off', buckets: [] });

  expect(report.baselines.fresh.hostToBaseline).toBeUndefined();
  expect(report.baselines.warmed.hostToBaseline).toBeUndefined();
  expect(printed(report)).toContain('has no /proc');
});

test('the table log tells inserts, replacements, removals, reads and transactions apart', () => {
  const lines = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'OPTIONS'].map(
    (method) =>
      `127.0.0.1 - - [x] "${method} /devstoreaccount1/due(PartitionKey=%27a%27) HTTP/1.1"`,
  );

  const batch = 'x "POST /devstoreaccount1/$batch HTTP/1.1" 202 -';
  expect(tableRequests([...lines, batch]).map(({ kind }) => kind)).toEqual([
    'insert',
    'replace',
    'replace',
    'remove',
    'read',
    'transaction',
  ]);
});

test('calls to the control endpoint of the simulator are not counted', () => {
  const line = (path: string): string =>
    JSON.stringify({ method: 'GET', path, query: '', status: 200, at: '2026-11-23T00:00:01.000Z' });

  expect(graphCalls([line('/v1.0/users'), line('/_control/state')])).toEqual([
    {
      method: 'GET',
      path: '/v1.0/users',
      query: '',
      status: 200,
      at: Date.parse('2026-11-23T00:00:01Z'),
    },
  ]);
});

test('of the polls of a request the first counts, and every other call does', () => {
  const requests = '/v1.0/identityGovernance/entitlementManagement/assignmentRequests';
  const called = ['POST ', 'GET /a', 'GET /b', 'GET /a', 'GET ', 'GET '].map((call) => {
    const [method = '', id = ''] = call.split(' ');
    return { method, path: requests + id, query: '', status: 200, at: 0 };
  });

  expect(withOnePollEach(called).map(({ path }) => path.slice(requests.length))).toEqual([
    ...['', '/a', '/b', '', ''],
  ]);
});

test('a log is read line by line, and a line still being written is left for later', () => {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-bench-log-'));
  const file = join(folder, 'log');
  const { next } = tail(file);

  expect(next()).toEqual([]);
  appendFileSync(file, 'one\ntw');
  expect(next()).toEqual(['one']);
  appendFileSync(file, 'o\n');
  expect(next()).toEqual(['two']);
  rmSync(folder, { recursive: true });
});
