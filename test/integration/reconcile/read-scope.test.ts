import type { IncomingMessage, ServerResponse } from 'node:http';
import { readScope, StagedAssignment } from '../../../shared/reconcile/read-scope';
import { blankScope, prepareStaging } from '../../../shared/reconcile/begin';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { mapConcurrent } from '../../../shared/promises';
import { shardOf, type Staging } from '../../../shared/storage/staging';
import type { ReconcileRun } from '../../../shared/domain/workflow/activities';
import { servicesOver } from '../../support/call-activity';
import { hash, openStorage, type Storage } from '../../support/storage';
import { json, startFaultyGraph, type FaultyGraph } from '../graph/faulty-graph';

const PACKAGE = '30000000-0000-4000-8000-000000000001';
const SCOPE = 1;

let storage: Storage;
let graph: FaultyGraph;
let staging: Staging;
let generation = 0;
beforeAll(async () => {
  [storage, graph] = await Promise.all([openStorage(), startFaultyGraph()]);
  staging = services().staging;
});
afterAll(() => Promise.all([storage.close(), graph.stop()]));

const services = () =>
  servicesOver(
    storage,
    createEntitlements({ root: graph.url, dialect: 'v1.0', deadlineMs: 2_000, appVersion: 'test' }),
  );

/** A run with a list to read, which nothing was read of yet. */
async function newRun(packageKey = 'package'): Promise<ReconcileRun> {
  generation += 1;
  const scope = { ...blankScope('package'), packageKey, packageId: PACKAGE };
  await staging.putScope(generation, SCOPE, scope);
  return {
    ...{ eventHash: hash('a'), attempt: 1, instanceId: `${hash('a')}-1`, token: 'token' },
    fact: {
      ...{ eventId: 'reconcile@now', eventSource: 'urn:joinery:reconcile', bodyHash: hash('b') },
      ...{ eventType: 'joinery.reconcile.v1', occurredAt: '', receivedAt: '' },
    },
    ...{ id: 'now', generation, at: new Date().toISOString(), options: {} },
  };
}

const guid = (n: number): string => `20000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const assignment = (n: number) => ({
  ...{ id: guid(n), state: 'delivered', target: { objectId: guid(n) } },
  assignmentPolicy: { id: guid(9_999) },
});

const ONE_PAGE = 2;
/** Answers a list of so many holders in pages of `size`; `page` may answer another way, by the number of the page from 1. */
function serve(
  holders: number,
  page: (number: number, response: ServerResponse) => boolean = () => false,
  size = ONE_PAGE,
): void {
  graph.answer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', graph.url);
    if (!url.pathname.endsWith('/assignments')) {
      json(response, 200, { value: [] });
      return;
    }
    const from = Number(url.searchParams.get('$skiptoken') ?? 0);
    if (page(from / size + 1, response)) return;
    const to = Math.min(from + size, holders);
    const value = Array.from({ length: to - from }, (_, at) => assignment(from + at));
    url.searchParams.set('$skiptoken', String(to));
    json(response, 200, { value, ...(to < holders && { '@odata.nextLink': url.toString() }) });
  });
}

/** Reads on until the list is over or cannot be read; as many executions as that takes. */
async function readToTheEnd(run: ReconcileRun) {
  for (;;) {
    const outcome = await readScope(services(), { run, scope: SCOPE });
    if (outcome.kind !== 'done') return outcome;
    if (outcome.isOver) return staging.scope(run.generation, SCOPE);
  }
}

async function stagedOf({ generation: own }: ReconcileRun, holders: number): Promise<string[]> {
  const batches = new Set((await staging.scope(own, SCOPE))?.batches);
  const shards = new Set(Array.from({ length: holders }, (_, n) => shardOf(guid(n))));
  const items = await mapConcurrent(4, [...shards], (shard) =>
    staging.staged(own, shard, 'held', StagedAssignment, batches),
  );
  return items.flat().map(({ id }) => id);
}

test('another tenant than that of the first run stops the run before anything is read', async () => {
  const tenant = (id: string) =>
    graph.answer((_, response) => json(response, 200, { value: [{ id }] }));
  tenant('first');
  const run = await newRun();
  expect(await prepareStaging(services(), run)).toMatchObject({ kind: 'done' });
  tenant('other');
  expect(await prepareStaging(services(), run)).toEqual({ kind: 'failed', why: 'other-tenant' });
  tenant('first');
  expect(await prepareStaging(services(), run)).toMatchObject({ kind: 'done' });
});

test('a list of 45 pages is read in three executions, and each assignment is staged once', async () => {
  serve(90);
  const run = await newRun();
  const first = await readScope(services(), { run, scope: SCOPE });
  expect(first).toMatchObject({ kind: 'done', isOver: false });
  expect(await staging.scope(run.generation, SCOPE)).toMatchObject({ pages: 20, holders: 40 });
  expect(await readToTheEnd(run)).toMatchObject({ state: 'complete', pages: 45, holders: 90 });
  const staged = await stagedOf(run, 90);
  expect([staged.length, new Set(staged).size]).toEqual([90, 90]);
});

test('a package of 25,000 holders is read whole, and no execution holds more than a page beyond 4,000 of them', async () => {
  serve(25_000, undefined, 999);
  const run = await newRun();
  await readScope(services(), { run, scope: SCOPE });
  expect(await staging.scope(run.generation, SCOPE)).toMatchObject({ pages: 5, holders: 4_995 });
  const scope = { state: 'complete', pages: 26, holders: 25_000 };
  expect(await readToTheEnd(run)).toMatchObject(scope);
  const staged = await stagedOf(run, 25_000);
  expect([staged.length, new Set(staged).size]).toEqual([25_000, 25_000]);
}, 120_000);

test('an execution whose end was lost is repeated, and what the lost one staged does not count', async () => {
  serve(30);
  const run = await newRun();
  const before = await staging.scope(run.generation, SCOPE);
  await readScope(services(), { run, scope: SCOPE });
  // As if the process had been killed before it saved how far it came.
  if (before) await staging.putScope(run.generation, SCOPE, before);
  expect(await readToTheEnd(run)).toMatchObject({ state: 'complete', holders: 30 });
  expect((await stagedOf(run, 30)).length).toBe(30);
});

test('a page that fails loses no page before it', async () => {
  serve(10, (number, response) => {
    if (number === 3) json(response, 503, { error: { code: 'ServiceUnavailable' } });
    return number === 3;
  });
  const run = await newRun();
  expect(await readToTheEnd(run)).toMatchObject({ kind: 'later' });
  expect(await staging.scope(run.generation, SCOPE)).toMatchObject({ pages: 2, state: 'reading' });
  serve(10);
  expect(await readToTheEnd(run)).toMatchObject({ state: 'complete', pages: 5, holders: 10 });
});

describe('is incomplete when page 3 of 5', () => {
  const pages: [string, (response: ServerResponse) => void][] = [
    ['fails', (response) => json(response, 400, { error: { code: 'BadRequest' } })],
    ['answers 403', (response) => json(response, 403, { error: { code: 'UnAuthorized' } })],
    ['is HTML', (response) => response.writeHead(200).end('<html></html>')],
    ['has no value', (response) => json(response, 200, { '@odata.context': 'x' })],
    ['is behind an expired cursor', (response) => json(response, 410, { error: { code: 'Gone' } })],
    [
      'leads back to page 2',
      (response) =>
        json(response, 200, {
          value: [assignment(2)],
          '@odata.nextLink': `${graph.url}/v1.0/identityGovernance/entitlementManagement/assignments?$skiptoken=2`,
        }),
    ],
    [
      'leads to another host',
      (response) =>
        json(response, 200, {
          value: [assignment(7)],
          '@odata.nextLink': 'https://other.example/',
        }),
    ],
  ];
  test.each(pages)('%s', async (_, answer) => {
    serve(10, (number, response) => {
      if (number === 3) answer(response);
      return number === 3;
    });
    const run = await newRun();
    const outcome = await readToTheEnd(run);
    // What passes is waited for by the orchestration, which then gives up.
    expect(['later', 'failed']).toContain((outcome as { kind: string }).kind);
    await readScope(services(), { run, scope: SCOPE, giveUp: 'page-failed' });
    expect(await staging.scope(run.generation, SCOPE)).toMatchObject({
      ...{ state: 'incomplete', why: 'page-failed' },
    });
  });
});

describe('is suspect when it was read to its end and', () => {
  test('a third of the holders is there', async () => {
    await staging.keep('holders', 'package-short', { holders: 30, at: '2026-01-01T00:00:00.000Z' });
    serve(10);
    expect(await readToTheEnd(await newRun('short'))).toMatchObject({
      ...{ state: 'suspect', why: 'shrunk', holders: 10 },
    });
  });

  test('it is empty while our records have holders', async () => {
    serve(0);
    const run = await newRun('empty');
    const counts = { empty: { recorded: 3, removed: 0 } };
    await staging.put(run.generation, 'people', 'from-', { batch: 'batch', counts });
    expect(await readToTheEnd(run)).toMatchObject({ state: 'suspect', why: 'empty', holders: 0 });
  });
});

test('fewer holders are no suspicion where we have removed the others', async () => {
  await staging.keep('holders', 'package-less', { holders: 30, at: '2026-01-01T00:00:00.000Z' });
  serve(10);
  const run = await newRun('less');
  const counts = { less: { recorded: 10, removed: 20 } };
  await staging.put(run.generation, 'people', 'from-', { batch: 'batch', counts });
  expect(await readToTheEnd(run)).toMatchObject({ state: 'complete', holders: 10 });
});

test('two runs at once: one of them has the lease, until it is over', async () => {
  const over = new Set<string>();
  const isOver = (id: string): Promise<boolean> => Promise.resolve(over.has(id));
  const [one, other] = await Promise.all([
    staging.acquire('one', isOver),
    services().staging.acquire('other', isOver),
  ]);
  expect([one, other].filter((own) => own !== undefined)).toHaveLength(1);
  const [holder, loser] = one === undefined ? ['other', 'one'] : ['one', 'other'];
  const won = one ?? other ?? 0;
  expect(await staging.acquire(holder, isOver)).toBe(won);
  expect(await staging.acquire(loser, isOver)).toBeUndefined();
  over.add(holder);
  expect(await staging.acquire(loser, isOver)).toBe(won + 1);
});
