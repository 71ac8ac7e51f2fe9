import { aPackage, create } from './build';
import {
  askInBeta,
  aWholeBetaPackage,
  betaPolicyBody,
  betaRequestBody,
  betaRoleScopeBody,
  type BetaWhole,
} from './build-beta';
import {
  groupId,
  refusal,
  smallTenant,
  startSimulator,
  until,
  userId,
  type Json,
  type Simulator,
} from './simulator';

/* What the beta dialect refuses: the same as v1.0 does, and the spelling of v1.0. */

let simulator: Simulator;
let whole: BetaWhole;
let other: BetaWhole;
const nobody = '99999999-9999-4999-8999-999999999999';
const catalogs = '/beta/EM/accessPackageCatalogs';
const packages = '/beta/EM/accessPackages';
const policies = '/beta/EM/accessPackageAssignmentPolicies';
const requests = '/beta/EM/accessPackageAssignmentRequests';
const resources = '/beta/EM/accessPackageResourceRequests';

beforeAll(async () => {
  simulator = await startSimulator({
    tenant: {
      ...smallTenant,
      users: [{ employeeId: 'W-1011', accountEnabled: false }],
      scripts: [{ employeeId: 'W-1004', states: [{ state: 'pendingApproval' }] }],
    },
  });
  whole = await aWholeBetaPackage(simulator);
  other = await aWholeBetaPackage(simulator, { name: 'Other', group: 2 });
});
afterAll(() => simulator.stop());

const post = async (path: string, body: unknown): Promise<unknown> =>
  refusal(await simulator.call('POST', path, body));
const addition = (more: Json = {}, resource: Json = {}): Json => ({
  catalogId: whole.catalog,
  requestType: 'AdminAdd',
  accessPackageResource: { originId: groupId(2), originSystem: 'AadGroup', ...resource },
  ...more,
});

describe('A body', () => {
  const cases: [string, string, () => Json][] = [
    [
      'of a catalog in the spelling of v1.0',
      catalogs,
      () => ({ displayName: 'x', state: 'published' }),
    ],
    [
      'of a catalog with a status in small letters',
      catalogs,
      () => ({ displayName: 'x', catalogStatus: 'published' }),
    ],
    [
      'of a package in the spelling of v1.0',
      packages,
      () => ({ displayName: 'x', catalog: { id: whole.catalog } }),
    ],
    ['of a package without a catalog', packages, () => ({ displayName: 'x' })],
    [
      'of a package that names two catalogs',
      packages,
      () => ({
        displayName: 'x',
        catalogId: whole.catalog,
        accessPackageCatalog: { id: other.catalog },
      }),
    ],
    [
      'of a package with a flag as text',
      packages,
      () => ({ displayName: 'x', catalogId: whole.catalog, isHidden: 'false' }),
    ],
    [
      'of a resource request in the spelling of v1.0',
      resources,
      () => ({ requestType: 'AdminAdd', resource: {}, catalog: {} }),
    ],
    [
      'of a resource request with a type in small letters',
      resources,
      () => addition({ requestType: 'adminAdd' }),
    ],
    [
      'of a role scope in the spelling of v1.0',
      `${packages}/{}/accessPackageResourceRoleScopes`,
      () => ({ role: {}, scope: {} }),
    ],
    [
      'of a policy in the spelling of v1.0',
      policies,
      () => betaPolicyBody(whole.accessPackage, { allowedTargetScope: 'notSpecified' }),
    ],
    [
      'of a policy with a member of v1.0 deep inside',
      policies,
      () =>
        betaPolicyBody(whole.accessPackage, {
          requestApprovalSettings: { isApprovalRequiredForAdd: false },
        }),
    ],
    [
      'of a policy for subjects of no kind',
      policies,
      () => betaPolicyBody(whole.accessPackage, { requestorSettings: { scopeType: 'Everybody' } }),
    ],
    [
      'of a policy for chosen people that names none',
      policies,
      () =>
        betaPolicyBody(whole.accessPackage, {
          requestorSettings: { scopeType: 'SpecificDirectorySubjects', allowedRequestors: [] },
        }),
    ],
    [
      'of a policy with a person in the members of v1.0',
      policies,
      () =>
        betaPolicyBody(whole.accessPackage, {
          requestorSettings: {
            scopeType: 'SpecificDirectorySubjects',
            allowedRequestors: [
              { '@odata.type': '#microsoft.graph.singleUser', userId: userId(1001) },
            ],
          },
        }),
    ],
    [
      'of a policy with an approval of no kind',
      policies,
      () =>
        betaPolicyBody(whole.accessPackage, {
          requestApprovalSettings: { isApprovalRequired: true, approvalMode: 'Sometimes' },
        }),
    ],
    [
      'of a policy with a duration of v1.0',
      policies,
      () => betaPolicyBody(whole.accessPackage, { durationInDays: 'P30D' }),
    ],
    [
      'of a request in the spelling of v1.0',
      requests,
      () => ({ requestType: 'AdminAdd', assignment: {} }),
    ],
    [
      'of a request with a type in small letters',
      requests,
      () => betaRequestBody(whole, 1001, { requestType: 'adminAdd' }),
    ],
    ['of a request without an assignment', requests, () => ({ requestType: 'AdminAdd' })],
    [
      'of a request with the internal type of the draft documents',
      requests,
      () =>
        betaRequestBody(whole, 1001, {
          '@odata.type': '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage',
        }),
    ],
  ];
  test.each(cases)('%s is InvalidModel', async (_, path, body) => {
    expect(await post(path.replace('{}', whole.accessPackage), body())).toEqual([
      400,
      'InvalidModel',
    ]);
  });
});

describe('A request', () => {
  const asked = async (of: BetaWhole, worker: number): Promise<unknown> =>
    refusal(await askInBeta(simulator, of, worker));
  test('for an unknown package, or under a policy of another one, is not found', async () => {
    expect(await asked({ ...whole, accessPackage: nobody }, 1001)).toEqual([
      404,
      'ResourceNotFound',
    ]);
    expect(await asked({ ...whole, policy: other.policy }, 1001)).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('for a package of a catalog that is not published is refused', async () => {
    const hidden = await aWholeBetaPackage(simulator, { name: 'Hidden', status: 'Unpublished' });
    expect(await asked(hidden, 1001)).toEqual([400, 'InvalidRequest']);
  });
  test('for a package without a role scope is refused', async () => {
    const accessPackage = await aPackage(simulator, whole.catalog, 'No role');
    const policy = await create(simulator, policies, betaPolicyBody(accessPackage));
    expect(await asked({ ...whole, accessPackage, policy }, 1001)).toEqual([400, 'InvalidRequest']);
  });
  test('for an unknown person or a disabled account is refused', async () => {
    expect(await asked(whole, 1999)).toEqual([400, 'SubjectNotFound']);
    expect(await asked(whole, 1011)).toEqual([400, 'InvalidRequest']);
  });
  test('under a policy that accepts none is refused', async () => {
    const closed = await aWholeBetaPackage(simulator, {
      name: 'Closed',
      policy: { requestorSettings: { scopeType: 'NoSubjects', acceptRequests: false } },
    });
    expect(await asked(closed, 1001)).toEqual([400, 'InvalidRequest']);
  });
  test('beside an open one is refused, also if that one was made in v1.0', async () => {
    const assignment = betaRequestBody(whole, 1004)['accessPackageAssignment'];
    await create(simulator, 'EM/assignmentRequests', { requestType: 'adminAdd', assignment });
    expect(await asked(whole, 1004)).toEqual([400, 'InvalidRequest', 'ExistingOpenRequest']);
  });
  test('for what the person holds already is refused', async () => {
    await askInBeta(simulator, whole, 1005);
    await until(
      () => simulator.state(),
      ({ groups }) => groups[0]?.members.includes(userId(1005)) === true,
    );
    expect(await asked(whole, 1005)).toEqual([409, 'InvalidRequestExistingGrant']);
  });
  test('of a signed-in user is not an application’s to make, nor to cancel', async () => {
    expect(await post(requests, betaRequestBody(whole, 1006, { requestType: 'UserAdd' }))).toEqual([
      403,
      'UnAuthorized',
    ]);
    expect(await post(`${requests}/${nobody}/cancel`, {})).toEqual([403, 'UnAuthorized']);
  });
});

describe('A package and what belongs to it', () => {
  test('is refused for a name that its catalog has, or for an unknown catalog', async () => {
    const body = { displayName: 'Finance', catalogId: whole.catalog };
    expect(await post(packages, body)).toEqual([409, 'DuplicateAccessPackage']);
    expect(await post(packages, { ...body, catalogId: nobody })).toEqual([403, 'UnAuthorized']);
  });
  test('is refused a role that the resource does not have, or a resource of another catalog', async () => {
    const scopes = `${packages}/${whole.accessPackage}/accessPackageResourceRoleScopes`;
    expect(await post(scopes, betaRoleScopeBody(whole.resource, 1, 'Guest'))).toEqual([
      404,
      'RoleNotFound',
    ]);
    expect(await post(scopes, betaRoleScopeBody(other.resource, 2))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });
  test('is refused a group that the app may not add, or that is there already', async () => {
    const group = (number: number): Json => addition({}, { originId: groupId(number) });
    expect(await post(resources, group(22))).toEqual([400, 'CallerNotResourceOwner']);
    expect(await post(resources, group(1))).toEqual([400, 'ResourceAlreadyOnboarded']);
  });
  test('is refused a policy whose approval or lifetime contradicts itself', async () => {
    const approvalStages = [{ primaryApprovers: [] }];
    const contradictions = [
      {
        requestApprovalSettings: {
          isApprovalRequired: true,
          approvalMode: 'NoApproval',
          approvalStages,
        },
      },
      { requestApprovalSettings: { isApprovalRequired: true, approvalMode: 'SingleStage' } },
      { durationInDays: 30, expirationDateTime: '2031-05-31T00:00:00Z' },
      { durationInDays: -1 },
    ];
    for (const more of contradictions) {
      const refused = await post(policies, betaPolicyBody(whole.accessPackage, more));
      expect(refused).toEqual([400, 'InvalidRequest']);
    }
  });
});

test('What beta has and the simulator has not is said in words', async () => {
  const left: [string, Json][] = [
    [requests, betaRequestBody(whole, 1001, { isValidationOnly: true })],
    [resources, addition({ isValidationOnly: true })],
    [resources, addition({ requestType: 'AdminUpdate' })],
    [resources, addition({}, { originSystem: 'SharePointOnline' })],
    [catalogs, { displayName: 'x', uniqueName: 'x' }],
    [packages, { displayName: 'x', catalogId: whole.catalog, uniqueName: 'x' }],
    [policies, betaPolicyBody(whole.accessPackage, { accessReviewSettings: { isEnabled: true } })],
    ['/beta/EM/assignmentRequests', betaRequestBody(whole, 1001)],
  ];
  for (const [path, body] of left) expect(await post(path, body)).toEqual([501, 'NotSimulated']);
});

describe('A route that no back end of beta serves', () => {
  test.each([
    ['POST', '/beta/EM/assignmentRequests/{}/accessPackage/$ref'],
    ['POST', '/beta/EM/accessPackageAssignmentRequests/$ref'],
    ['POST', '/beta/EM/accessPackageAssignments/$ref'],
    ['POST', '/beta/accessPackages/{}/incompatibleAccessPackages/$ref'],
    ['POST', '/localtest/EM/accessPackageAssignments/$ref'],
    ['GET', '/beta/EM/catalogs'],
    ['GET', '/beta/EM/assignments'],
    ['DELETE', '/beta/EM/accessPackageAssignments/{}'],
  ])('%s %s answers 404 without a code', async (method, path) => {
    const answer = await simulator.call(
      method,
      path.replace('{}', whole.accessPackage),
      method === 'POST' ? {} : undefined,
    );
    expect(refusal(answer)).toEqual([404, '']);
  });
});

test('A filter in the spelling of v1.0 is refused', async () => {
  const filter = encodeURIComponent("state eq 'delivered'");
  expect(refusal(await simulator.call('GET', `${requests}?$filter=${filter}`))).toEqual([
    400,
    'InvalidFilter',
  ]);
});
