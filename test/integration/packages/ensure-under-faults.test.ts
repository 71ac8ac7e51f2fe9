import { GraphError } from '../../../shared/graph/errors';
import {
  aroundWrites,
  ensureToTheEnd,
  ledger,
  memoryTable,
  modelOf,
  payments,
  targetOf,
} from './ensure-harness';
import { startSimulator, type Simulator } from '../../support/simulator';

const model = modelOf(ledger, payments);
const first = targetOf(model, 'ledger');
const second = targetOf(model, 'payments');

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator(10);
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.stop());

const lost = () => new GraphError('a write', { code: 'no-answer-in-time', ambiguous: true });
const crash = new Error('crash');

/** What may happen around one write; anything but `crash` is an answer to the client. */
const faults = {
  'the answer is lost after the commit': async (write: () => Promise<unknown>) => {
    await write();
    throw lost();
  },
  'the call is lost before the commit': () => Promise.reject(lost()),
  'the process dies after the commit': async (write: () => Promise<unknown>) => {
    await write();
    throw crash;
  },
};

/** Both packages of the pair, with one fault at the `nth` write; starts again after a crash. */
async function ensureBoth(nth: number, fault: (write: () => Promise<unknown>) => Promise<unknown>) {
  let met = false;
  const graph = aroundWrites(simulator.graph, (write, count) => {
    met ||= count === nth;
    return count === nth ? fault(write) : write();
  });
  const table = memoryTable();
  for (const definition of [first, second]) {
    const ensure = () => ensureToTheEnd(graph, definition, table);
    const outcome = await ensure().catch((error: unknown) => {
      if (error !== crash) throw error;
      return ensure();
    });
    expect(outcome).toMatchObject({ kind: 'done', adopted: false });
  }
  return met;
}

/** Every successful create by its last path segment. */
async function creates(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { method, path, status } of await simulator.log()) {
    const name = path.split('/').at(-1) ?? '';
    const happened = status !== null && status < 300;
    if (method === 'POST' && happened) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const oneOfEach = {
  catalogs: 2,
  resourceRequests: 3,
  accessPackages: 2,
  resourceRoleScopes: 3,
  assignmentPolicies: 2,
  $ref: 2,
};
const allWrites = Object.values(oneOfEach).reduce((sum, count) => sum + count);

describe.each(Object.entries(faults))('%s', (_, fault) => {
  test.each(Array.from({ length: allWrites }, (_, nth) => nth))(
    'at write %d, and there is one of each in the end',
    async (nth) => {
      expect(await ensureBoth(nth, fault)).toBe(true);
      expect(await creates()).toEqual(oneOfEach);
    },
  );
});

describe('on the wire', () => {
  const afterCommit = { code: 'GatewayTimeout', afterCommit: true };
  test.each([
    ['drop-before'],
    ['drop-after-commit'],
    ['truncate'],
    ['html'],
    [{ status: 504, ...afterCommit }],
    [{ status: 503, retryAfter: 0 }],
    [{ status: 429, retryAfter: 0 }],
  ])('%j on four calls in ten, reads too, and there is one of each in the end', async (answer) => {
    await simulator.injectFaults({ probability: 0.4, times: 30, answer });
    await ensureBoth(-1, (write) => write());
    expect(await creates()).toEqual(oneOfEach);
  });
});

test('a write whose answer was lost is sent again only after three reads that agree', async () => {
  let sent = 0;
  const graph = aroundWrites(simulator.graph, (write) =>
    (sent += 1) === 1 ? Promise.reject(lost()) : write(),
  );
  expect((await ensureToTheEnd(graph, first, memoryTable())).kind).toBe('done');
  const catalogs = (await simulator.log()).filter(({ path }) => path.endsWith('/catalogs'));
  const firstCreate = catalogs.findIndex(({ method }) => method === 'POST');
  const lookBeforeTheLostOne = 1;
  expect(firstCreate).toBe(lookBeforeTheLostOne + 3);
});

test('a package and its exclusions are complete behind lagging replicas', async () => {
  await ensureBoth(-1, (write) => write());
  expect(await creates()).toEqual(oneOfEach);
});

test('two packages that exclude each other, ensured at once, exclude each other in the end', async () => {
  const table = memoryTable();
  const { graph } = simulator;
  const outcomes = await Promise.all([
    ensureToTheEnd(graph, first, table),
    ensureToTheEnd(graph, second, table),
  ]);
  const [mine, other] = outcomes.map((outcome) =>
    outcome.kind === 'done' ? outcome.accessPackageId : JSON.stringify(outcome),
  );
  expect(await graph.listIncompatible(mine ?? '')).toMatchObject([{ id: other }]);
  expect(await graph.listIncompatible(other ?? '')).toMatchObject([{ id: mine }]);
});
