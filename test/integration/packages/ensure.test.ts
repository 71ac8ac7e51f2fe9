import { setTimeout as wait } from 'node:timers/promises';
import type { AccessPackage } from '../../../shared/domain/access-model/access-model';
import { applyPackage } from '../../../shared/packages/apply';
import { ensurePackage } from '../../../shared/packages/ensure';
import { inspectPackage } from '../../../shared/packages/inspect';
import {
  aroundWrites,
  ensureToTheEnd,
  group,
  ledger,
  memoryTable,
  modelOf,
  options,
  payments,
  targetOf,
} from './ensure-harness';
import { GraphError } from '../../../shared/graph/errors';
import { startSimulator, type Simulator } from '../../support/simulator';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator(0);
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.stop());

const definition = targetOf(modelOf(ledger), 'ledger');
const changed = (members: Partial<AccessPackage>) =>
  targetOf(modelOf({ ...ledger, ...members }), 'ledger');

/** As if another administrator had created it: nothing of it is in our rows. */
async function createdByOthers(accessPackage: AccessPackage = ledger): Promise<void> {
  const theirs = targetOf(modelOf(accessPackage), accessPackage.key);
  const outcome = await ensureToTheEnd(simulator.graph, theirs, memoryTable());
  expect(outcome.kind).toBe('done');
}

async function writesDuring(act: () => Promise<unknown>): Promise<string[]> {
  const before = (await simulator.writes()).length;
  await act();
  return (await simulator.writes()).slice(before);
}

describe('what exists under another spelling', () => {
  const spelled = targetOf(
    {
      ...modelOf({ ...ledger, displayName: 'LEDGER' }),
      catalogs: [
        { key: 'finance', displayName: 'Finance', description: 'What finance works with' },
      ],
    },
    'ledger',
  );
  const { policy } = ledger;
  const renamed: [
    what: string,
    theirs: Partial<AccessPackage>,
    ours: Partial<AccessPackage>,
    code: string,
  ][] = [
    [
      'a package in other case',
      { displayName: 'LEDGER' },
      { displayName: 'Ledger' },
      'drift:package.displayName',
    ],
    [
      'a package in another Unicode form',
      { displayName: 'Cre\u0301dit' },
      { displayName: 'Cr\u00e9dit' },
      'drift:package.displayName',
    ],
    [
      'a policy in other case',
      { policy: policy && { ...policy, displayName: 'BIRTHRIGHT' } },
      {},
      'drift:policy.displayName',
    ],
  ];
  test.each(renamed)(
    '%s is a difference, and no second one is created',
    async (_, theirs, ours, why) => {
      await createdByOthers({ ...ledger, ...theirs });
      const writes = await writesDuring(async () => {
        const outcome = await ensureToTheEnd(simulator.graph, changed(ours), memoryTable());
        expect(outcome).toMatchObject({ kind: 'failed', why });
      });
      expect(writes).toEqual([]);
    },
  );

  test.each([
    ['in other case', 'FINANCE', 'Finance'],
    ['in another Unicode form', 'Finanze\u0301', 'Finanz\u00e9'],
  ])('a catalog %s is a difference, and no second one is created', async (_, theirs, ours) => {
    const description = 'What finance works with';
    await simulator.graph.createCatalog({ displayName: theirs, description });
    const model = {
      ...modelOf(ledger),
      catalogs: [{ key: 'finance', displayName: ours, description }],
    };
    const writes = await writesDuring(async () => {
      const outcome = await ensureToTheEnd(
        simulator.graph,
        targetOf(model, 'ledger'),
        memoryTable(),
      );
      expect(outcome).toMatchObject({ kind: 'failed', why: 'drift:catalog.displayName' });
    });
    expect(writes).toEqual([]);
  });

  test('is left alone where the exact name exists too', async () => {
    const description = 'What finance works with';
    await simulator.graph.createCatalog({ displayName: 'FINANCE', description });
    const exact = await simulator.graph.createCatalog({ displayName: 'Finance', description });
    const outcome = await ensureToTheEnd(simulator.graph, definition, memoryTable());
    expect(outcome).toMatchObject({ kind: 'done', catalogId: exact.id });
  });

  test('gets the spelling of the model once a person has asked for it', async () => {
    await createdByOthers();
    const outcome = await ensureToTheEnd(simulator.graph, spelled, memoryTable(), {
      mode: 'update',
    });
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    const found = await simulator.graph.getAccessPackage(outcome.accessPackageId);
    expect(found.displayName).toBe('LEDGER');
  });
});

describe('a package that does not exist', () => {
  test('is created: catalog, resources, package, role scopes and policy', async () => {
    const { graph } = simulator;
    const outcome = await ensureToTheEnd(graph, definition, memoryTable());
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    expect(outcome.adopted).toBe(false);
    expect(outcome.graphRequestId).toMatch(/^[0-9a-f-]{36}$/);

    expect(await graph.getCatalog(outcome.catalogId)).toMatchObject({
      displayName: 'Finance',
      published: true,
    });
    const made = await graph.getAccessPackage(outcome.accessPackageId);
    expect(made).toMatchObject({ displayName: 'Ledger', isHidden: true });
    expect(made.catalogId).toBe(outcome.catalogId);
    expect(made.roleScopes).toEqual([
      { role: `Member_${group(1)}`, scope: group(1) },
      { role: `Member_${group(2)}`, scope: group(2) },
    ]);
    expect(await graph.listAssignmentPolicies(made.id)).toMatchObject([
      {
        id: outcome.assignmentPolicyId,
        displayName: 'Birthright',
        expiration: { type: 'afterDuration', duration: 'P365D' },
        accessPackageId: made.id,
      },
    ]);
  });

  test('is created by one write per item', async () => {
    const writes = await writesDuring(() =>
      ensureToTheEnd(simulator.graph, definition, memoryTable()),
    );
    expect(writes.map((write) => write.replace(/.*\//, ''))).toEqual([
      'catalogs',
      'resourceRequests',
      'resourceRequests',
      'accessPackages',
      'resourceRoleScopes',
      'resourceRoleScopes',
      'assignmentPolicies',
    ]);
  });

  test('costs no call once it is complete', async () => {
    const table = memoryTable();
    const first = await ensureToTheEnd(simulator.graph, definition, table);
    const calls = (await simulator.log()).length;
    const second = await ensureToTheEnd(simulator.graph, definition, table);
    expect(await simulator.log()).toHaveLength(calls);
    expect(second).toEqual({ ...first, graphRequestId: undefined });
  });

  test('can grant a role of an application, whose roles no expansion shows', async () => {
    const application = '30000000-0000-4000-8000-000000000001';
    const resource = { originSystem: 'AadApplication', originId: application } as const;
    const expenses = changed({ resources: [{ ...resource, role: 'Submitter' }] });
    const outcome = await ensureToTheEnd(simulator.graph, expenses, memoryTable());
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    const { roleScopes } = await simulator.graph.getAccessPackage(outcome.accessPackageId);
    expect(roleScopes).toEqual([
      { role: '31000000-0000-4000-8000-000000000001', scope: application },
    ]);
  });

  test('can grant two roles of one resource', async () => {
    const [first] = ledger.resources;
    const resources = ['Member', 'Owner'].map((role) => ({ ...first, role })) as never;
    const writes = await writesDuring(async () => {
      const both = changed({ resources });
      const outcome = await ensureToTheEnd(simulator.graph, both, memoryTable());
      expect(outcome).toMatchObject({ kind: 'done', adopted: false });
    });
    expect(writes.filter((write) => write.endsWith('/resourceRequests'))).toHaveLength(1);
    expect(writes.filter((write) => write.endsWith('/resourceRoleScopes'))).toHaveLength(2);
  });

  test('can require an approval, and is then recognised as it is', async () => {
    const approval = {
      required: true as const,
      stages: [
        {
          durationBeforeAutomaticDenial: 'P14D',
          primaryApprovers: [{ groupId: group(7) }, { managerLevel: 1 }],
        },
      ],
    };
    const policy = { ...ledger.policy, approval } as AccessPackage['policy'];
    await createdByOthers({ ...ledger, policy });
    const outcome = await ensureToTheEnd(simulator.graph, changed({ policy }), memoryTable());
    expect(outcome).toMatchObject({ kind: 'done', adopted: true });
  });
});

describe('a package that others created', () => {
  test('is adopted without a write if it equals the model', async () => {
    await createdByOthers();
    const table = memoryTable();
    const writes = await writesDuring(async () => {
      const outcome = await ensureToTheEnd(simulator.graph, definition, table);
      expect(outcome).toMatchObject({ kind: 'done', adopted: true });
    });
    expect(writes).toEqual([]);
    expect(await ensureToTheEnd(simulator.graph, definition, table)).toMatchObject({
      adopted: true,
    });
  });

  test('is not used if people may ask for it themselves', async () => {
    await createdByOthers();
    const state = (await (await fetch(`${simulator.url}/_control/state`)).json()) as {
      policies: { id: string; requestorSettings: object }[];
    };
    for (const { id, requestorSettings } of state.policies) {
      const changed = {
        requestorSettings: { ...requestorSettings, enableTargetsToSelfAddAccess: true },
      };
      const answer = await fetch(`${simulator.url}/_control/policies/${id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(changed),
      });
      expect(answer.status).toBeLessThan(300);
    }
    const outcome = await ensureToTheEnd(simulator.graph, definition, memoryTable());
    expect(outcome).toEqual({ kind: 'failed', why: 'drift:policy.requestors' });
  });

  const approved = {
    required: true as const,
    stages: [{ durationBeforeAutomaticDenial: 'P14D', primaryApprovers: [{ groupId: group(7) }] }],
  };
  const policy = (members: object) => ({ policy: { ...ledger.policy, ...members } }) as object;

  test.each([
    ['package.description', { description: 'Something else' }],
    ['package.hidden', { hidden: false }],
    ['package.resourceRoleScopes', { resources: ledger.resources.slice(0, 1) }],
    ['policy.description', policy({ description: 'Something else' })],
    ['policy.expiration', policy({ expiration: { type: 'noExpiration' } })],
    ['policy.expiration', policy({ expiration: { type: 'afterDuration', duration: 'P30D' } })],
    ['policy.approval', policy({ approval: approved })],
  ])('is not used if its %s differs', async (member, difference) => {
    await createdByOthers();
    const writes = await writesDuring(async () => {
      const outcome = await ensureToTheEnd(simulator.graph, changed(difference), memoryTable());
      expect(outcome).toEqual({ kind: 'failed', why: `drift:${member}` });
    });
    expect(writes).toEqual([]);
  });

  test.each([
    [
      'resource-missing',
      {
        resources: [
          ...ledger.resources,
          { originSystem: 'AadGroup', originId: group(3), role: 'Member' },
        ],
      },
    ],
    ['resource-role-missing', {}],
    ['policy-missing', policy({ displayName: 'Another' })],
  ])('is not completed by us: %s', async (why, difference) => {
    await createdByOthers();
    const application = '30000000-0000-4000-8000-000000000001';
    const { catalogId = '' } = await theirs();
    if (why === 'resource-role-missing') {
      const resource = { originId: application, originSystem: 'AadApplication' } as const;
      await simulator.graph.addResourceToCatalog({ catalogId, ...resource });
      difference = { resources: [{ ...resource, role: 'No such role' }] };
    }
    const writes = await writesDuring(async () => {
      const outcome = await ensureToTheEnd(simulator.graph, changed(difference), memoryTable());
      expect(outcome).toEqual({ kind: 'failed', why });
    });
    expect(writes).toEqual([]);
  });

  test('lacks a role scope that the catalog could give, and is not completed by us', async () => {
    await createdByOthers({ ...ledger, resources: ledger.resources.slice(0, 1) });
    const { catalogId = '' } = await theirs();
    const resource = { originId: group(2), originSystem: 'AadGroup' } as const;
    await simulator.graph.addResourceToCatalog({ catalogId, ...resource });
    expect(await ensureToTheEnd(simulator.graph, definition, memoryTable())).toEqual({
      kind: 'failed',
      why: 'role-scope-missing',
    });
  });

  test('appears between our read and our write: it is compared, and not completed by us', async () => {
    const { graph } = simulator;
    let theirsMade = false;
    const racing = aroundWrites(graph, async (write) => {
      const [catalog] = await graph.findCatalogs('Finance');
      if (catalog && !theirsMade) {
        theirsMade = true;
        const { displayName, description, hidden } = ledger;
        await graph.createAccessPackage({
          displayName,
          description,
          hidden,
          catalogId: catalog.id,
        });
      }
      return write();
    });
    expect(await ensureToTheEnd(racing, definition, memoryTable())).toEqual({
      kind: 'failed',
      why: 'role-scope-missing',
    });
    expect((await theirs()).roleScopes).toEqual([]);
  });

  async function theirs() {
    const { graph } = simulator;
    const [catalog] = await graph.findCatalogs('Finance');
    const [found] = await graph.findAccessPackages(catalog?.id ?? '', 'Ledger');
    return graph.getAccessPackage(found?.id ?? '');
  }

  test('is used by its id, with a policy by its id, if the model says so', async () => {
    await createdByOthers();
    const { id: adoptId } = await theirs();
    const [theirPolicy] = await simulator.graph.listAssignmentPolicies(adoptId);
    const policyId = theirPolicy?.id ?? '';
    const adopting = changed({ policy: undefined, adoptId, policyId });
    expect(await ensureToTheEnd(simulator.graph, adopting, memoryTable())).toMatchObject({
      kind: 'done',
      accessPackageId: adoptId,
      assignmentPolicyId: policyId,
      adopted: true,
    });
    const stranger = changed({ policy: undefined, adoptId, policyId: group(1) });
    expect(await ensureToTheEnd(simulator.graph, stranger, memoryTable())).toEqual({
      kind: 'failed',
      why: 'policy-missing',
    });
  });

  test('is never created in place of one that the model names by id', async () => {
    await createdByOthers({ ...ledger, displayName: 'Other' });
    const adopting = changed({ adoptId: group(1) });
    const writes = await writesDuring(async () => {
      expect(await ensureToTheEnd(simulator.graph, adopting, memoryTable())).toEqual({
        kind: 'failed',
        why: 'package-gone',
      });
    });
    expect(writes).toEqual([]);
  });
});

describe('verifying only', () => {
  test('creates nothing, and says what is missing first', async () => {
    const { graph } = simulator;
    const outcome = await ensureToTheEnd(graph, definition, memoryTable(), { mode: 'verify-only' });
    expect(outcome).toEqual({ kind: 'failed', why: 'catalog-missing' });
    const { displayName, description } = definition.catalog;
    const catalog = await graph.createCatalog({ displayName, description });
    for (const { originId, originSystem } of ledger.resources) {
      await graph.addResourceToCatalog({ catalogId: catalog.id, originId, originSystem });
    }
    const writes = await writesDuring(async () => {
      const next = await ensureToTheEnd(graph, definition, memoryTable(), { mode: 'verify-only' });
      expect(next).toEqual({ kind: 'failed', why: 'package-missing' });
    });
    expect(writes).toEqual([]);
  });

  test('accepts a complete package', async () => {
    await createdByOthers();
    const outcome = await ensureToTheEnd(simulator.graph, definition, memoryTable(), {
      mode: 'verify-only',
    });
    expect(outcome).toMatchObject({ kind: 'done', adopted: true });
  });
});

describe('what stops a write', () => {
  test('a lease that ends before the call could', async () => {
    const table = memoryTable();
    const outcome = await ensurePackage(
      simulator.graph,
      definition,
      table.of(definition),
      options({ leaseUntil: new Date(Date.now() + 4_000) }),
    );
    expect(outcome).toMatchObject({ kind: 'later', why: 'lease-too-short' });
    expect(await simulator.writes()).toEqual([]);
  });

  test('nothing, where the lease can be renewed: as often as there are writes that it would not last for', async () => {
    let renewals = 0;
    const renewLease = () => {
      renewals += 1;
      return Promise.resolve(new Date(Date.now() + 5_050));
    };
    const slow = aroundWrites(simulator.graph, async (write) => {
      await wait(100);
      return write();
    });
    const leaseUntil = new Date();
    const short = { leaseUntil, renewLease };
    const outcome = await ensureToTheEnd(slow, definition, memoryTable(), short);
    expect(outcome).toMatchObject({ kind: 'done', adopted: false });
    expect(renewals).toBeGreaterThanOrEqual((await simulator.writes()).length);
  });

  test('a lease that another has taken meanwhile', async () => {
    const table = memoryTable();
    const renewLease = () => Promise.resolve(undefined);
    const lost = options({ leaseUntil: new Date(), renewLease });
    const outcome = await ensurePackage(simulator.graph, definition, table.of(definition), lost);
    expect(outcome).toMatchObject({ kind: 'later', why: 'lease-too-short' });
    expect(await simulator.writes()).toEqual([]);
  });

  test('a row that somebody else has changed', async () => {
    const table = memoryTable();
    const [mine, other] = [table.of(definition), table.of(definition)];
    const catalog = {
      load: mine.catalog.load,
      save: async (row: Parameters<typeof mine.catalog.save>[0]) => {
        await other.catalog.save({ writes: {} });
        return mine.catalog.save(row);
      },
    };
    const memory = { ...mine, catalog };
    const outcome = await ensurePackage(simulator.graph, definition, memory, options());
    expect(outcome).toMatchObject({ kind: 'later', why: 'changed-meanwhile' });
    expect(await simulator.writes()).toEqual([]);
  });

  test('a group that the application may not add', async () => {
    const resources: AccessPackage['resources'] = [
      { originSystem: 'AadGroup', originId: group(22), role: 'Member' },
    ];
    const outcome = await ensureToTheEnd(simulator.graph, changed({ resources }), memoryTable());
    expect(outcome).toMatchObject({
      kind: 'failed',
      why: 'resource-not-owned',
      evidence: { graphStatus: 400, errorCode: 'CallerNotResourceOwner' },
    });
    expect(await simulator.graph.findAccessPackages('', 'Ledger')).toEqual([]);
  });
});

describe('a new version of the model', () => {
  const wider: AccessPackage['resources'] = [
    ...ledger.resources,
    { originSystem: 'AadGroup', originId: group(3), role: 'Member' },
  ];

  test('adds what is new to a package of ours', async () => {
    const table = memoryTable();
    const before = await ensureToTheEnd(simulator.graph, definition, table);
    const writes = await writesDuring(async () => {
      const after = await ensureToTheEnd(simulator.graph, changed({ resources: wider }), table);
      expect(after).toEqual({ ...before, graphRequestId: expect.any(String) as string });
    });
    expect(writes.map((write) => write.replace(/.*\//, ''))).toEqual([
      'resourceRequests',
      'resourceRoleScopes',
    ]);
  });

  test('adds nothing to a package that was adopted', async () => {
    await createdByOthers();
    const table = memoryTable();
    await ensureToTheEnd(simulator.graph, definition, table);
    const writes = await writesDuring(async () => {
      const outcome = await ensureToTheEnd(simulator.graph, changed({ resources: wider }), table);
      expect(outcome).toEqual({ kind: 'failed', why: 'resource-missing' });
    });
    expect(writes).toEqual([]);
  });

  test('does not put back what somebody has taken away', async () => {
    const table = memoryTable();
    const outcome = await ensureToTheEnd(simulator.graph, definition, table);
    const id = outcome.kind === 'done' ? outcome.assignmentPolicyId : '';
    await simulator.remove('policies', id);
    const next = changed({ resources: wider });
    const soon = { visibleWithinSeconds: 0 };
    expect(await ensureToTheEnd(simulator.graph, next, table, soon)).toEqual({
      kind: 'failed',
      why: 'policy-gone',
    });
  });

  test('makes two existing packages exclude each other', async () => {
    const table = memoryTable();
    const apart = modelOf(ledger, { ...payments, incompatibleWith: [] });
    const exclusive = modelOf(ledger, payments);
    for (const key of ['ledger', 'payments']) {
      await ensureToTheEnd(simulator.graph, targetOf(apart, key), table);
    }
    const writes = await writesDuring(async () => {
      for (const key of ['ledger', 'payments']) {
        const outcome = await ensureToTheEnd(simulator.graph, targetOf(exclusive, key), table);
        expect(outcome).toMatchObject({ kind: 'done', adopted: false });
      }
    });
    expect(writes.filter((write) => write.endsWith('$ref'))).toHaveLength(2);
    expect(writes).toHaveLength(2);
  });

  test('makes a package of ours and one of others exclude each other, whichever is ensured', async () => {
    await createdByOthers();
    const table = memoryTable();
    const apart = modelOf(ledger, { ...payments, incompatibleWith: [] });
    for (const key of ['ledger', 'payments']) {
      await ensureToTheEnd(simulator.graph, targetOf(apart, key), table);
    }
    const exclusive = targetOf(modelOf(ledger, payments), 'ledger');
    const writes = await writesDuring(async () => {
      const outcome = await ensureToTheEnd(simulator.graph, exclusive, table);
      expect(outcome).toMatchObject({ kind: 'done', adopted: true });
    });
    expect(writes.map((write) => write.replace(/.*\//, ''))).toEqual(['$ref', '$ref']);
  });

  test('changes nothing that exists', async () => {
    const table = memoryTable();
    await ensureToTheEnd(simulator.graph, definition, table);
    const next = changed({ description: 'Something else' });
    expect(await ensureToTheEnd(simulator.graph, next, table)).toEqual({
      kind: 'failed',
      why: 'drift:package.description',
    });
  });

  test('never creates again what somebody deleted', async () => {
    const table = memoryTable();
    const outcome = await ensureToTheEnd(simulator.graph, definition, table);
    const id = outcome.kind === 'done' ? outcome.accessPackageId : '';
    await simulator.remove('accessPackages', id);
    const writes = await writesDuring(async () => {
      const next = changed({ description: 'Something else' });
      const soon = { visibleWithinSeconds: 0 };
      expect(await ensureToTheEnd(simulator.graph, next, table, soon)).toEqual({
        kind: 'failed',
        why: 'package-gone',
      });
    });
    expect(writes).toEqual([]);
  });

  test('is taken over while the package is being created', async () => {
    const table = memoryTable();
    const crashing = aroundWrites(simulator.graph, (write, nth) =>
      nth < 5 ? write() : Promise.reject(new Error('crash')),
    );
    await expect(ensureToTheEnd(crashing, definition, table)).rejects.toThrow('crash');
    expect(
      await ensureToTheEnd(simulator.graph, changed({ resources: wider }), table),
    ).toMatchObject({
      kind: 'done',
      adopted: false,
    });
  });
});

describe('an update', () => {
  const update = { mode: 'update', visibleWithinSeconds: 0 } as const;

  test('uses the package that somebody created in place of a deleted one', async () => {
    const table = memoryTable();
    const first = await ensureToTheEnd(simulator.graph, definition, table);
    const deleted = first.kind === 'done' ? first.accessPackageId : '';
    await simulator.remove('accessPackages', deleted);
    await createdByOthers();
    const before = await simulator.writes();
    const outcome = await applyPackage(
      simulator.graph,
      definition,
      table.of(definition),
      options(update),
    );
    expect(outcome).toMatchObject({ kind: 'done', adopted: true });
    expect(outcome).not.toMatchObject({ accessPackageId: deleted });
    expect(await simulator.writes()).toEqual(before);
  });

  test('leaves a package alone of which one item is left to a person', async () => {
    await createdByOthers();
    const narrower = changed({ description: 'Less', resources: ledger.resources.slice(0, 1) });
    const before = await simulator.writes();
    const rows = memoryTable().of(narrower);
    expect(await applyPackage(simulator.graph, narrower, rows, options(update))).toEqual({
      kind: 'failed',
      why: 'refused',
    });
    expect(await simulator.writes()).toEqual(before);
  });
});

describe('a read that Graph refuses', () => {
  const refuses = (read: 'getCatalog' | 'listIncompatible', status: number, code: string) => ({
    ...simulator.graph,
    [read]: () =>
      Promise.reject(
        new GraphError(read, { status, code, requestId: 'refused-1', ambiguous: false }),
      ),
  });

  test('of a recorded catalog is a lost permission to a run, and an absent catalog only to a person', async () => {
    const table = memoryTable();
    await ensureToTheEnd(simulator.graph, definition, table);
    const next = changed({ description: 'Something else' });
    const graph = {
      ...refuses('getCatalog', 403, 'Forbidden'),
      findCatalogs: () => Promise.resolve([]),
    };
    const atOnce = { visibleWithinSeconds: 0 };
    expect(await ensurePackage(graph, next, table.of(next), options(atOnce))).toEqual({
      kind: 'failed',
      why: 'permission',
      evidence: { graphStatus: 403, errorCode: 'Forbidden', graphRequestId: 'refused-1' },
    });
    const { package: packageRow, catalog, peer } = table.of(next);
    const rows = { package: await packageRow.load(), catalog: await catalog.load(), peer };
    const records = { ...rows, writeOf: () => undefined };
    const seen = await inspectPackage(graph, next, { ...records, isSurvey: true });
    expect(seen.catalogs).toEqual([]);
  });

  test('of an incompatible package hides no difference of the package itself', async () => {
    const table = memoryTable();
    for (const key of ['ledger', 'payments']) {
      await ensureToTheEnd(simulator.graph, targetOf(modelOf(ledger, payments), key), table);
    }
    const graph = refuses('listIncompatible', 404, 'ResourceNotFound');
    const atOnce = options({ visibleWithinSeconds: 0 });
    const ensure = (changes: Partial<AccessPackage>) => {
      const target = targetOf(modelOf({ ...ledger, ...changes }, payments), 'ledger');
      return ensurePackage(graph, target, table.of(target), atOnce);
    };
    expect(await ensure({ description: 'Something else' })).toEqual({
      kind: 'failed',
      why: 'drift:package.description',
    });
    const wider = [...ledger.resources, { ...ledger.resources[0], originId: group(3) }];
    const writes = await writesDuring(async () => {
      const outcome = await ensure({ resources: wider as AccessPackage['resources'] });
      expect(outcome).toMatchObject({ kind: 'failed', why: 'not-found' });
    });
    expect(writes.map((write) => write.replace(/.*\//, ''))).toEqual([
      'resourceRequests',
      'resourceRoleScopes',
    ]);
  });
});
