import { randomInt } from 'node:crypto';
import { sample, seeded } from '../support/seeded';
import type { Call } from './proxies/tap';
import {
  firstAndLast,
  nameCalls,
  pointsOf,
  textOf,
  type CrashPoint,
  type NamedCall,
} from './sweep/crash-points';
import { scenarios } from './sweep/scenarios';
import { openSweep, type Sweep } from './sweep/sweep';

const POINTS = 3;
const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

const ID = '9d4bcd67-26c5-44f5-8c25-a8ed63a15a53';
const OTHER_ID = '0e2f9a11-1111-4222-8333-444444444444';
const HASH = 'ec4c0d42059792803e1f70fe65899a26f89a3680aa90bf996be813a5fbe68828';
const calls = (...whats: string[]): Call[] =>
  whats.map((what, at) => ({ n: at + 1, to: 'tables', what }));
const due = (shard: string, time: string, id: string): string =>
  `DELETE /a/due(PartitionKey='shard-${shard}',RowKey='${time}-${HASH}-${id}')`;

test.each([
  ['ids', `GET /v1.0/catalogs/${ID}/resources`, `GET /v1.0/catalogs/${OTHER_ID}/resources`],
  ['hashes', `PUT /a/claims('${HASH}','claim')`, `PUT /a/claims('${'0'.repeat(64)}','claim')`],
  [
    'numbers',
    "GET /a/packages('catalog-9','package-package-9')",
    "GET /a/packages('catalog-10','package-package-10')",
  ],
  ['workers', "GET /a/workers('W-100002','lock')", "GET /a/workers('W-100317','lock')"],
  ['shards', due('e', '0001795427163950', ID), due('3', '0001795427168321', OTHER_ID)],
  [
    'generations',
    `DELETE /a/staging(PartitionKey='0000000007-shard-5a',RowKey='held-${ID}-000000')`,
    `DELETE /a/staging(PartitionKey='0000000031-shard-e4',RowKey='held-${OTHER_ID}-000000')`,
  ],
])('calls that differ only in their %s have one name', (_, one, other) => {
  const [first, second] = nameCalls(calls(one, other)).map(({ name }) => name);
  expect(first).toBe(second);
});

test('calls for another version, collection or row have another name', () => {
  const whats = [
    'GET /v1.0/users',
    'GET /beta/users',
    `GET /v1.0/catalogs/${ID}`,
    `GET /v1.0/catalogs/${ID}/resources`,
    "GET /a/workers('W-1','lock')",
    "GET /a/workers('W-1','grant-package-1')",
  ];
  expect(new Set(nameCalls(calls(...whats)).map(({ name }) => name)).size).toBe(whats.length);
});

test('calls of one name are numbered, and each call is two crash points', () => {
  const two = nameCalls(calls('POST /a/audit', 'GET /a/limits()', 'POST /a/audit'));
  expect(two.map(textOf)).toEqual([
    'tables POST /a/audit',
    'tables GET /a/limits()',
    'tables POST /a/audit, time 2',
  ]);
  expect(pointsOf(two).map(({ side, nth }) => `${side} ${nth}`)).toEqual([
    'before 1',
    'after 1',
    'before 1',
    'after 1',
    'before 2',
    'after 2',
  ]);
});

test('of calls in loops the first and the last one of each name are crash points', () => {
  const four = nameCalls(
    calls('GET /a/staging()', 'GET /a/staging()', 'GET /a/limits()', 'GET /a/staging()'),
  );
  expect(firstAndLast(four).map(textOf)).toEqual([
    'tables GET /a/staging()',
    'tables GET /a/limits()',
    'tables GET /a/staging(), time 3',
  ]);
});

describe('on a stack', () => {
  let sweep: Sweep;
  let calls: NamedCall[];

  beforeAll(async () => {
    const [scenario] = scenarios;
    if (!scenario) throw new Error('there is no scenario');
    sweep = await openSweep(scenario);
    calls = await sweep.record();
  }, 120_000);
  afterAll(() => sweep.stop());

  test('the host is killed at some outside calls of a new package: every invariant holds', async () => {
    const all = pointsOf(calls);
    // The last call is the first to be missing in a run that makes fewer calls than the recorded one.
    const last = all.slice(-1);
    const points = [...sample(all.slice(0, -1), POINTS, seeded(seed)), ...last];
    const names = points.map((point) => `${point.side} ${textOf(point)}`);
    console.log(
      `JOINERY_SEED=${seed}: ${points.length} of ${all.length} points\n${names.join('\n')}`,
    );
    for (const point of points) {
      expect(await sweep.crashAt(point)).toEqual({ isHit: true, faults: [] });
    }
  }, 120_000);

  test('a crash point that no event reaches is reported by name', async () => {
    const point: CrashPoint = { to: 'graph', name: 'GET /nowhere', nth: 2, side: 'before' };
    expect(await sweep.crashAt(point)).toEqual({
      isHit: false,
      faults: ['never reached: 3 events ended without graph GET /nowhere, time 2'],
    });
  });
});
