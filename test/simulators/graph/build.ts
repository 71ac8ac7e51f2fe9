import { groupId, userId, type Answered, type Json, type Simulator } from './simulator';

/* The steps of the v1.0 documentation, each as one call that must succeed. */

export async function create(simulator: Simulator, path: string, body: Json): Promise<string> {
  const answer = await simulator.call('POST', path, body);
  if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body['id'] as string;
}

export const aCatalog = (simulator: Simulator, state = 'published'): Promise<string> =>
  create(simulator, 'EM/catalogs', { displayName: 'Staff', description: 'For tests', state });

/** Puts a group into a catalog and answers with the id of the resource there. */
export async function aResource(
  simulator: Simulator,
  catalog: string,
  group: number,
): Promise<string> {
  await create(simulator, 'EM/resourceRequests', {
    requestType: 'adminAdd',
    resource: { originId: groupId(group), originSystem: 'AadGroup' },
    catalog: { id: catalog },
  });
  const filter = encodeURIComponent(`originId eq '${groupId(group)}'`);
  const found = await simulator.call('GET', `EM/catalogs/${catalog}/resources?$filter=${filter}`);
  return (found.body['value'] as { id: string }[])[0]?.id ?? '';
}

export const aPackage = (
  simulator: Simulator,
  catalog: string,
  displayName: string,
): Promise<string> =>
  create(simulator, 'EM/accessPackages', {
    displayName,
    description: 'For tests',
    isHidden: false,
    catalog: { id: catalog },
  });

export const roleScopeBody = (resource: string, group: number, role = 'Member'): Json => ({
  role: {
    displayName: role,
    originSystem: 'AadGroup',
    originId: `${role}_${groupId(group)}`,
    resource: { id: resource, originId: groupId(group), originSystem: 'AadGroup' },
  },
  scope: { originId: groupId(group), originSystem: 'AadGroup', isRootScope: true },
});

export const policyBody = (accessPackage: string, more: Json = {}): Json => ({
  displayName: 'direct',
  description: 'direct',
  allowedTargetScope: 'notSpecified',
  specificAllowedTargets: [],
  expiration: { type: 'noExpiration' },
  requestorSettings: { allowCustomAssignmentSchedule: true },
  requestApprovalSettings: { isApprovalRequiredForAdd: false, stages: [] },
  accessPackage: { id: accessPackage },
  ...more,
});

export type Whole = { catalog: string; resource: string; accessPackage: string; policy: string };

/** A package that can be asked for: catalog, resource, role scope and policy. */
export async function aWholePackage(
  simulator: Simulator,
  { name = 'Finance', group = 1, policy = {}, catalog = '' } = {},
): Promise<Whole> {
  const home = catalog === '' ? await aCatalog(simulator) : catalog;
  const resource = await aResource(simulator, home, group);
  const accessPackage = await aPackage(simulator, home, name);
  await create(
    simulator,
    `EM/accessPackages/${accessPackage}/resourceRoleScopes`,
    roleScopeBody(resource, group),
  );
  const made = await create(simulator, 'EM/assignmentPolicies', policyBody(accessPackage, policy));
  return { catalog: home, resource, accessPackage, policy: made };
}

export const requestBody = (whole: Whole, worker: number, more: Json = {}): Json => ({
  requestType: 'adminAdd',
  assignment: {
    targetId: userId(worker),
    assignmentPolicyId: whole.policy,
    accessPackageId: whole.accessPackage,
  },
  justification: 'for tests',
  ...more,
});

export const ask = (
  simulator: Simulator,
  whole: Whole,
  worker: number,
  more: Json = {},
): Promise<Answered> =>
  simulator.call('POST', 'EM/assignmentRequests', requestBody(whole, worker, more));
