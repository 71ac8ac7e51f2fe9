import { create } from './build';
import { groupId, userId, type Answered, type Json, type Simulator } from './simulator';

/* The steps of the beta documentation, each as one call that must succeed. */

export async function aBetaCatalog(simulator: Simulator, status = 'Published'): Promise<string> {
  return create(simulator, '/beta/EM/accessPackageCatalogs', {
    displayName: 'Staff',
    description: 'For tests',
    catalogStatus: status,
    isExternallyVisible: false,
  });
}

export async function aBetaResource(
  simulator: Simulator,
  catalogId: string,
  group: number,
): Promise<string> {
  await create(simulator, '/beta/EM/accessPackageResourceRequests', {
    catalogId,
    requestType: 'AdminAdd',
    executeImmediately: true,
    accessPackageResource: { originId: groupId(group), originSystem: 'AadGroup' },
  });
  const filter = encodeURIComponent(`originId eq '${groupId(group)}'`);
  const path = `/beta/EM/accessPackageCatalogs/${catalogId}/accessPackageResources`;
  const found = await simulator.call('GET', `${path}?$filter=${filter}`);
  return (found.body['value'] as { id: string }[])[0]?.id ?? '';
}

export const betaRoleScopeBody = (resource: string, group: number, role = 'Member'): Json => ({
  accessPackageResourceRole: {
    displayName: role,
    originSystem: 'AadGroup',
    originId: `${role}_${groupId(group)}`,
    accessPackageResource: { id: resource, originId: groupId(group), originSystem: 'AadGroup' },
  },
  accessPackageResourceScope: {
    originId: groupId(group),
    originSystem: 'AadGroup',
    isRootScope: true,
  },
});

export const betaPolicyBody = (accessPackageId: string, more: Json = {}): Json => ({
  accessPackageId,
  displayName: 'direct',
  description: 'direct',
  accessReviewSettings: null,
  requestorSettings: { scopeType: 'NoSubjects', acceptRequests: true, allowedRequestors: [] },
  requestApprovalSettings: {
    isApprovalRequired: false,
    isApprovalRequiredForExtension: false,
    isRequestorJustificationRequired: false,
    approvalMode: 'NoApproval',
    approvalStages: [],
  },
  ...more,
});

export type BetaWhole = {
  catalog: string;
  resource: string;
  accessPackage: string;
  policy: string;
};

/** A package that can be asked for, made by beta calls alone. */
export async function aWholeBetaPackage(
  simulator: Simulator,
  { name = 'Finance', group = 1, policy = {}, status = 'Published' } = {},
): Promise<BetaWhole> {
  const catalog = await aBetaCatalog(simulator, status);
  const resource = await aBetaResource(simulator, catalog, group);
  const accessPackage = await create(simulator, '/beta/EM/accessPackages', {
    catalogId: catalog,
    displayName: name,
    description: 'For tests',
    isHidden: false,
  });
  await create(
    simulator,
    `/beta/EM/accessPackages/${accessPackage}/accessPackageResourceRoleScopes`,
    betaRoleScopeBody(resource, group),
  );
  const made = await create(
    simulator,
    '/beta/EM/accessPackageAssignmentPolicies',
    betaPolicyBody(accessPackage, policy),
  );
  return { catalog, resource, accessPackage, policy: made };
}

export const betaRequestBody = (whole: BetaWhole, worker: number, more: Json = {}): Json => ({
  requestType: 'AdminAdd',
  accessPackageAssignment: {
    targetId: userId(worker),
    assignmentPolicyId: whole.policy,
    accessPackageId: whole.accessPackage,
  },
  justification: 'for tests',
  ...more,
});

export const askInBeta = (
  simulator: Simulator,
  whole: BetaWhole,
  worker: number,
  more: Json = {},
): Promise<Answered> =>
  simulator.call(
    'POST',
    '/beta/EM/accessPackageAssignmentRequests',
    betaRequestBody(whole, worker, more),
  );
