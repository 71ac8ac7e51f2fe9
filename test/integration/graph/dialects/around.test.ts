import { policyDifferences } from '../../../../shared/packages/compare';
import { createEntitlements, type Entitlements } from '../../../../shared/graph/entitlements';
import type {
  Approval,
  Expiration,
  Policy,
} from '../../../../shared/domain/access-model/access-model';
import {
  catalogId,
  justification,
  otherId,
  packageId,
  policyId,
  requestId,
  userId,
  betaAround,
  polling,
  type Exchange,
} from './exchange';
import { startRecorder, wireOf, type Recorder } from './recorder';

let recorder: Recorder;
beforeAll(async () => {
  recorder = await startRecorder();
});
afterAll(() => recorder.stop());

type Dialect = 'v1.0' | 'beta' | 'draft';

/** Asks, holds the one call against the fixture, and gives what the client read. */
async function asked<Answer>(
  dialect: Dialect,
  exchange: Exchange | undefined,
  ask: (graph: Entitlements) => Promise<Answer>,
): Promise<Answer> {
  if (!exchange) throw new Error('no such fixture');
  recorder.expect([exchange]);
  const answer = await ask(
    createEntitlements({ root: recorder.url, dialect, deadlineMs: 5_000, appVersion: '1.2.3' }),
  );
  expect(recorder.recorded).toEqual([wireOf(exchange, recorder.url)]);
  return answer;
}

describe.each(['v1.0', 'beta', 'draft'] as const)('polling in %s', (dialect) => {
  test('reads where a request stands, and which package it has', async () => {
    const exchange = polling['getAssignmentRequest']?.[dialect];
    const request = await asked(dialect, exchange, (graph) =>
      graph.getAssignmentRequest(requestId),
    );
    expect(request).toMatchObject({
      requestStatus: 'delivered',
      packageId,
      completedDateTime: '2026-11-20T09:30:06.7Z',
    });
    if (dialect !== 'draft') expect(request.userId).toBe(userId);
  });

  test('finds requests again', async () => {
    const exchange = polling['findAssignmentRequests']?.[dialect];
    const found = await asked(dialect, exchange, (graph) =>
      graph.findAssignmentRequests(packageId, justification),
    );
    expect(found).toMatchObject([
      { id: requestId, requestStatus: 'scheduled', packageId: undefined },
    ]);
  });

  test('finds what the person holds, by the directory object and not by the subject', async () => {
    const exchange = polling['findAssignments']?.[dialect];
    const found = await asked(dialect, exchange, (graph) =>
      graph.findAssignments(packageId, userId),
    );
    expect(found).toMatchObject([{ assignmentStatus: 'delivered', userId, packageId, policyId }]);
  });
});

const resource = {
  id: '4a1e21c5-8a76-4578-acb1-641160e076e8',
  originId: '10000000-0000-4000-8000-000000000002',
  originSystem: 'AadGroup',
};
const role = {
  displayName: 'Member',
  originId: 'Member_10000000-0000-4000-8000-000000000002',
  originSystem: 'AadGroup',
};
const scope = { originId: resource.originId, originSystem: 'AadGroup', isRootScope: true };
const expanded = { ...resource, roles: [role], scopes: [scope] };
const application = { ...expanded, originSystem: 'AadApplication' };
const catalog = { displayName: 'Finance', description: 'What finance works with' };
const policy = { displayName: 'Birthright', description: 'Assigned by rule' };
const noEnd: Expiration = { type: 'noExpiration' };
const direct: Approval = { required: false };

describe('beta', () => {
  const read: [string, (graph: Entitlements) => Promise<unknown>, unknown][] = [
    [
      'findUsers',
      (graph) => graph.findUsers('employeeId', 'W-1024'),
      [{ id: userId, accountEnabled: true, value: 'W-1024' }],
    ],
    ['findCatalogs', (graph) => graph.findCatalogs("O'Hara"), [{ id: catalogId, published: true }]],
    ['createCatalog', (graph) => graph.createCatalog(catalog), { id: catalogId, published: true }],
    [
      'findCatalogResources',
      (graph) => graph.findCatalogResources(catalogId, resource.originId),
      [expanded],
    ],
    [
      'findResourceRoles',
      (graph) => graph.findResourceRoles(catalogId, application),
      [{ displayName: 'Submitter', originId: '31000000-0000-4000-8000-000000000001' }],
    ],
    [
      'addResourceToCatalog',
      (graph) =>
        graph.addResourceToCatalog({
          catalogId,
          originSystem: 'AadGroup',
          originId: resource.originId,
        }),
      {},
    ],
    [
      'addResourceRoleScope',
      (graph) => graph.addResourceRoleScope({ packageId, resource: expanded, role, scope }),
      {},
    ],
    [
      'getAccessPackage',
      (graph) => graph.getAccessPackage(packageId),
      { id: packageId, catalogId, roleScopes: [{ role: role.originId, scope: scope.originId }] },
    ],
    [
      'findAccessPackages',
      (graph) => graph.findAccessPackages(catalogId, 'Finance'),
      [{ id: packageId }],
    ],
    [
      'createAssignmentPolicy, direct',
      (graph) =>
        graph.createAssignmentPolicy({ ...policy, packageId, expiration: noEnd, approval: direct }),
      { id: policyId, accessPackageId: packageId },
    ],
    [
      'listAssignmentPolicies',
      (graph) => graph.listAssignmentPolicies(packageId),
      [
        {
          id: policyId,
          expiration: { type: 'afterDateTime', endDateTime: '2027-05-31T00:00:00Z' },
        },
      ],
    ],
    ['listIncompatible', (graph) => graph.listIncompatible(packageId), [{ id: otherId }]],
  ];

  test.each(read)(
    '%s is on the wire what is written, and its answer is read',
    async (name, ask, answer) => {
      expect(await asked('beta', betaAround[name], ask)).toMatchObject(answer as object);
    },
  );

  test('a policy with a lifetime and an approval is written and read back without a difference', async () => {
    const wanted: Policy = {
      ...policy,
      expiration: { type: 'afterDuration', duration: 'P90D' },
      approval: {
        required: true,
        stages: [
          {
            durationBeforeAutomaticDenial: 'P14D',
            primaryApprovers: [
              { userId: '20000000-0000-4000-8000-000000001001' },
              { groupId: '10000000-0000-4000-8000-000000000007' },
              { managerLevel: 1 },
            ],
          },
        ],
      },
    };
    const made = await asked('beta', betaAround['createAssignmentPolicy, approved'], (graph) =>
      graph.createAssignmentPolicy({ ...wanted, packageId }),
    );
    expect(policyDifferences(wanted, made)).toEqual([]);
    expect(policyDifferences({ ...wanted, expiration: noEnd, approval: direct }, made)).toEqual([
      'policy.expiration',
      'policy.approval',
    ]);
  });

  test('a policy without a lifetime or approval is read as such', async () => {
    const wanted = { ...policy, expiration: noEnd, approval: direct };
    const made = await asked('beta', betaAround['createAssignmentPolicy, direct'], (graph) =>
      graph.createAssignmentPolicy({ ...wanted, packageId }),
    );
    expect(policyDifferences(wanted, made)).toEqual([]);
  });
});
