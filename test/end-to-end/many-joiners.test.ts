import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, type GraphCall } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* What many joiners at once cost in calls to Graph: they share look-ups in the directory and lists of open requests. */

const JOINERS = 300;
/** One look at what a person has and one request; the rest is shared. */
const MOST_CALLS = 2.6;

const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');
const tenant = JSON.parse(readFileSync(tenantFile, 'utf8')) as object;
const worker = (n: number): string => `W-${2_000 + n}`;

let stack: TestStack;
beforeAll(async () => {
  const workers = [{ from: worker(0), to: worker(JOINERS) }];
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '1000', POLL_SCHEDULE: '3s', POLL_BOARD: '5s' },
    files: { GRAPH_TENANT: { ...tenant, workers } },
  });
});
afterAll(() => stack.stop());

/** Without an end, as most employees. */
const sent = Array.from({ length: JOINERS + 1 }, (_, n) =>
  joinerMessage(worker(n), { department: 'Finance', workerType: 'employee' }),
);

const closed = (count: number): Promise<boolean> => {
  let shown = 0;
  return eventually(
    `${count} events are closed`,
    async () => {
      const claims = await readTable(stack.storage, 'claims');
      shown = claims.filter(({ state }) => state === 'closed').length;
      return shown === count;
    },
    { seconds: 240, everyMs: 1_000, details: () => `${shown} are` },
  );
};

const KINDS: readonly (readonly [kind: string, isKind: (call: GraphCall) => boolean])[] = [
  ['find', ({ path }) => path.endsWith('/users')],
  ['look', ({ path }) => path.endsWith('/assignments')],
  ['submit', ({ method, path }) => method === 'POST' && path.endsWith('/assignmentRequests')],
  ['list', ({ path }) => path.endsWith('/assignmentRequests')],
  ['read', ({ path }) => path.includes('/assignmentRequests/')],
  ['other', () => true],
];

/** The calls by kind. */
function counted(calls: readonly GraphCall[]): Record<string, number> {
  const counts = Object.fromEntries(KINDS.map(([kind]) => [kind, 0]));
  for (const call of calls) {
    const [kind = ''] = KINDS.find(([, isKind]) => isKind(call)) ?? [];
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

test(`${JOINERS} joiners at once make at most ${MOST_CALLS} calls to Graph each, and all get their access`, async () => {
  const [first, ...others] = sent.map(({ body }) => body);
  await stack.send([first ?? {}]);
  await closed(1);
  const before = (await graphCalls(stack.graphUrl)).at(-1)?.n;
  await stack.send(others);
  await closed(sent.length);
  const calls = await graphCalls(stack.graphUrl, before);
  const counts = counted(calls);
  expect(counts).toMatchObject({ submit: JOINERS, other: 0 });
  expect([counts, calls.length / JOINERS <= MOST_CALLS]).toEqual([counts, true]);

  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent })).toEqual([]);
  const ends = evidence.tables.audit.filter(({ kind }) => kind === 'closing');
  expect(new Set(ends.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']));
}, 300_000);
