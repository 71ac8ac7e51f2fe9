import type { Call } from './proxies/tap';
import { named, pointsOf, textOf } from './sweep/crash-points';

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
  ['workers', "GET /a/workers('W-100002','turn')", "GET /a/workers('W-100317','turn')"],
  ['shards', due('e', '0001795427163950', ID), due('3', '0001795427168321', OTHER_ID)],
])('two events that differ in their %s alone make calls of one name', (_, one, other) => {
  const [first, second] = named(calls(one, other)).map(({ name }) => name);
  expect(first).toBe(second);
});

test('what is asked for stays apart: the version, the collection, the row', () => {
  const whats = [
    'GET /v1.0/users',
    'GET /beta/users',
    `GET /v1.0/catalogs/${ID}`,
    `GET /v1.0/catalogs/${ID}/resources`,
    "GET /a/workers('W-1','turn')",
    "GET /a/workers('W-1','grant-package-1')",
  ];
  expect(new Set(named(calls(...whats)).map(({ name }) => name)).size).toBe(whats.length);
});

test('calls of one name are told apart by their order, and each call is two crash points', () => {
  const two = named(calls('POST /a/audit', 'GET /a/limits()', 'POST /a/audit'));
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
