import type { Entitlements } from '../../../shared/graph/entitlements';
import type { Outcome } from '../../../shared/domain/workflow/outcome';
import { startSimulator, type Simulator } from '../../support/simulator';
import {
  ensureToTheEnd,
  group,
  ledger,
  memoryTable,
  modelOf,
  payments,
  targetOf,
} from './ensure-harness';

const dialects = ['v1.0', 'beta'] as const;
let simulators: Record<(typeof dialects)[number], Simulator>;
beforeAll(async () => {
  const [v1, beta] = await Promise.all([startSimulator(0), startSimulator(0, 'beta')]);
  simulators = { 'v1.0': v1, beta };
});
beforeEach(() => Promise.all(Object.values(simulators).map((one) => one.reset())));
afterAll(() => Promise.all(Object.values(simulators).map((one) => one.stop())));

const target = targetOf(modelOf(ledger), 'ledger');

async function undeliverable({ url }: Simulator, afterMs: number | null): Promise<void> {
  await control(url, 'PUT', { afterMs });
}
const putRight = ({ url }: Simulator) => control(url, 'DELETE');

async function control(url: string, method: string, body?: object): Promise<void> {
  const answer = await fetch(`${url}/_control/resources/${group(2)}/undeliverable`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const resourceRequests = async (simulator: Simulator) =>
  (await simulator.writes()).filter((write) => /esourceRequests$/.test(write)).length;

/** No replica lags here, so what is not shown is put down to lag for no time at all. */
const soon = { visibleWithinSeconds: 0, lagSeconds: 0.001 };

const codeOf = (outcome: Outcome) => ('why' in outcome ? outcome.why : outcome.kind);

describe.each(dialects)('in %s', (dialect) => {
  test.each([
    ['fails at once', 0, 'eliveryFailed'],
    ['fails a moment later', 30, 'eliveryFailed'],
  ])(
    'a resource whose request is answered 201 and %s has its code, and is added once the cause is put right',
    async (_, afterMs, state) => {
      const simulator = simulators[dialect];
      const table = memoryTable();
      await undeliverable(simulator, afterMs);
      const failed = await ensureToTheEnd(simulator.graph, target, table);
      expect(failed).toMatchObject({ kind: 'failed', why: 'resource-not-delivered' });
      const { graphStatus, errorCode, graphRequestId } =
        ('evidence' in failed && failed.evidence) || {};
      expect([200, 201]).toContain(graphStatus);
      expect(errorCode).toContain(state);
      expect(graphRequestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(await resourceRequests(simulator)).toBe(1 + 3);

      await putRight(simulator);
      const next = await ensureToTheEnd(simulator.graph, target, table);
      expect(next).toMatchObject({ kind: 'done', adopted: false });
    },
  );

  test('a resource whose cause is put right while the run waits is added by that run', async () => {
    const simulator = simulators[dialect];
    await undeliverable(simulator, 0);
    const graph: Entitlements = {
      ...simulator.graph,
      addResourceToCatalog: async (resource) => {
        const adding = simulator.graph.addResourceToCatalog(resource);
        await adding.catch(() => putRight(simulator));
        return adding;
      },
    };
    expect(await ensureToTheEnd(graph, target, memoryTable())).toMatchObject({ kind: 'done' });
    expect(await resourceRequests(simulator)).toBe(3);
  });
});

test('a request that stays open is waited for, and is not sent again', async () => {
  const simulator = simulators['v1.0'];
  const table = memoryTable();
  await undeliverable(simulator, null);
  for (let execution = 0; execution < 6; execution += 1) {
    const ended = await ensureToTheEnd(simulator.graph, target, table, soon, 0);
    expect(codeOf(ended)).toBe('not-yet-visible');
  }
  expect(await resourceRequests(simulator)).toBe(2);
});

type Made = { id?: string; graphRequestId: string };
/** The verbs that make something. */
type Creation = Extract<keyof Entitlements, `add${string}` | `create${string}`>;
type Forget = (made: Made, removeRow: Simulator['remove'], url: string) => Promise<unknown>;

/** Lets Graph answer the first call of a verb with success, and then forget what it made. */
function forgetting(
  { graph, remove, url }: Simulator,
  verb: Creation,
  forget: Forget,
): Entitlements {
  let isFirst = true;
  const original = graph[verb] as (input: unknown, more?: unknown) => Promise<Made>;
  const wrapped = async (input: unknown, more?: unknown): Promise<Made> => {
    const made = await original(input, more);
    if (isFirst) await forget(made, remove, url);
    isFirst = false;
    return made;
  };
  return { ...graph, [verb]: wrapped };
}

const resourceIn = async (url: string): Promise<string> => {
  const state = await (await fetch(`${url}/_control/state`)).json();
  return (state as { resources: { id: string }[] }).resources[0]?.id ?? '';
};

test.each<[Creation, RegExp, Forget]>([
  ['createCatalog', /catalogs$/, ({ id = '' }, remove) => remove('catalogs', id)],
  [
    'addResourceToCatalog',
    /resourceRequests$/,
    async (_, remove, url) => remove('resources', await resourceIn(url)),
  ],
  ['createAccessPackage', /accessPackages$/, ({ id = '' }, remove) => remove('accessPackages', id)],
  [
    'createAssignmentPolicy',
    /assignmentPolicies$/,
    ({ id = '' }, remove) => remove('policies', id),
  ],
])(
  '%s is answered with success and nothing came to be: it is made again',
  async (verb, path, forget) => {
    const simulator = simulators['v1.0'];
    const graph = forgetting(simulator, verb, forget);
    const outcome = await ensureToTheEnd(graph, target, memoryTable(), {
      ...soon,
      visibleWithinSeconds: 0.3,
    });
    expect(outcome).toMatchObject({ kind: 'done', adopted: false });
    const sent = (await simulator.writes()).filter((write) => path.test(write));
    expect(sent).toHaveLength(verb === 'addResourceToCatalog' ? 3 : 2);
  },
);

type State = {
  accessPackages: { id: string; displayName: string; incompatibleWith: string[] }[];
};
const stateOf = async ({ url }: Simulator) =>
  (await (await fetch(`${url}/_control/state`)).json()) as State;

const scopesOf = {
  'v1.0': 'resourceRoleScopes',
  beta: 'accessPackageResourceRoleScopes',
};

/** The rows of the role scopes that Graph shows of the only package. */
async function roleScopesOf(dialect: (typeof dialects)[number]): Promise<string[]> {
  const { url } = simulators[dialect];
  const [{ id } = { id: '' }] = (await stateOf(simulators[dialect])).accessPackages;
  const path = `${dialect}/identityGovernance/entitlementManagement/accessPackages/${id}`;
  const answer = await fetch(`${url}/${path}?$expand=${scopesOf[dialect]}`);
  const shown = (await answer.json()) as Record<string, { id: string }[] | undefined>;
  return (shown[scopesOf[dialect]] ?? []).map((one) => encodeURIComponent(`${id}/${one.id}`));
}

const quick = { ...soon, visibleWithinSeconds: 0.3 };

test.each(dialects)(
  'in %s a role scope is answered with success and nothing came to be: it is made again',
  async (dialect) => {
    const simulator = simulators[dialect];
    const graph = forgetting(simulator, 'addResourceRoleScope', async (_, remove) => {
      const [id = ''] = await roleScopesOf(dialect);
      await remove('roleScopes', id);
    });
    const outcome = await ensureToTheEnd(graph, target, memoryTable(), quick);
    expect(outcome).toMatchObject({ kind: 'done', adopted: false });
    expect(await roleScopesOf(dialect)).toHaveLength(2);
  },
);

const both = modelOf(ledger, payments);

async function withoutExclusions(simulator: Simulator): Promise<void> {
  for (const { id } of (await stateOf(simulator)).accessPackages) {
    const answer = await fetch(`${simulator.url}/_control/accessPackages/${id}`, {
      ...{ method: 'PATCH', headers: { 'Content-Type': 'application/json' } },
      body: JSON.stringify({ incompatibleWith: [] }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

test.each(dialects)(
  'in %s an exclusion is answered with success and nothing came to be: it is made again, in both directions',
  async (dialect) => {
    const simulator = simulators[dialect];
    const table = memoryTable();
    await ensureToTheEnd(simulator.graph, targetOf(both, 'ledger'), table);
    const graph = forgetting(simulator, 'addIncompatible', () => withoutExclusions(simulator));
    const outcome = await ensureToTheEnd(graph, targetOf(both, 'payments'), table, quick);
    expect(outcome).toMatchObject({ kind: 'done', adopted: false });
    const { accessPackages } = await stateOf(simulator);
    expect(accessPackages.map(({ incompatibleWith }) => incompatibleWith.length)).toEqual([1, 1]);
  },
);

test('an exclusion that was read back once and is gone is not made again by a run', async () => {
  const simulator = simulators['v1.0'];
  const table = memoryTable();
  await ensureToTheEnd(simulator.graph, targetOf(both, 'ledger'), table);
  await ensureToTheEnd(simulator.graph, targetOf(both, 'payments'), table);
  await withoutExclusions(simulator);
  const changed = modelOf(ledger, { ...payments, description: 'Something else' });
  const before = await simulator.writes();
  const outcome = await ensureToTheEnd(simulator.graph, targetOf(changed, 'payments'), table, soon);
  expect(codeOf(outcome)).toMatch(/^(incompatible-gone|drift:package.description)$/);
  expect(await simulator.writes()).toEqual(before);
});

test('what was read back once and is gone is not made again by a run', async () => {
  const simulator = simulators['v1.0'];
  const table = memoryTable();
  await ensureToTheEnd(simulator.graph, target, table);
  await simulator.remove('resources', await resourceIn(simulator.url));
  const wider = targetOf(modelOf({ ...ledger, description: 'Something else' }), 'ledger');
  const before = await simulator.writes();
  expect(codeOf(await ensureToTheEnd(simulator.graph, wider, table, soon))).toBe('resource-gone');
  expect(await simulator.writes()).toEqual(before);
});
