import { aCatalog, aResource, create, policyBody, roleScopeBody, type Whole } from './build';
import { userId, type Answered, type Json, type Simulator } from './simulator';

/* The five documents, each as one call; what they leave open is done in v1.0. */

export const accessPackageType = '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage';
export const requestType = '#microsoft.graph.accessPackageAssignmentRequest';
export const assignmentType = '#microsoft.graph.accessPackageAssignment';

/** Both headers that every document requires. */
export const headers = { Authorization: 'Bearer for-tests', 'Content-Type': 'application/json' };

/** Posts as the documents have it, unless `sent` says otherwise. */
export const post = (
  simulator: Simulator,
  path: string,
  body: unknown,
  sent: Json = headers,
): Promise<Answered> => simulator.call('POST', path, body, sent);

export const packageBody = (displayName: string, more: Json = {}): Json => ({
  '@odata.type': accessPackageType,
  displayName,
  description: 'For tests',
  isHidden: false,
  ...more,
});

export const requestBody = (justification: string, more: Json = {}): Json => ({
  '@odata.type': requestType,
  requestType: 'AdminAdd',
  requestState: 'Submitted',
  requestStatus: 'Accepted',
  isValidationOnly: false,
  justification,
  ...more,
});

export const assignmentBody = (whole: Whole, worker: number, more: Json = {}): Json => ({
  '@odata.type': assignmentType,
  catalogId: whole.catalog,
  accessPackageId: whole.accessPackage,
  assignmentPolicyId: whole.policy,
  targetId: userId(worker),
  assignmentStatus: 'Delivered',
  assignmentState: 'Delivered',
  isExtended: false,
  ...more,
});

export const paths = {
  bind: (request: string): string => `/v1.0/EM/assignmentRequests/${request}/accessPackage/$ref`,
  packages: '/beta/EM/accessPackages',
  incompatible: (id: string): string =>
    `/beta/accessPackages/${id}/incompatibleAccessPackages/$ref`,
  requests: '/beta/EM/accessPackageAssignmentRequests',
  assignments: '/localtest/EM/accessPackageAssignments',
};

const created = async (answer: Promise<Answered>): Promise<string> => {
  const { status, body } = await answer;
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body['id'] as string;
};

/** A package made by 001, with role scope and policy from v1.0. */
export async function aWholeDraftPackage(
  simulator: Simulator,
  { name = 'Finance', group = 1, policy = {}, state = 'published' } = {},
): Promise<Whole> {
  const catalog = await aCatalog(simulator, state);
  const resource = await aResource(simulator, catalog, group);
  const accessPackage = await created(post(simulator, paths.packages, packageBody(name)));
  const scopes = `EM/accessPackages/${accessPackage}/resourceRoleScopes`;
  await create(simulator, scopes, roleScopeBody(resource, group));
  const made = await create(simulator, 'EM/assignmentPolicies', policyBody(accessPackage, policy));
  return { catalog, resource, accessPackage, policy: made };
}

/** What a read under the root of 001 tells of a package. */
export async function told(simulator: Simulator, id: string, version = 'beta'): Promise<Json> {
  const { body } = await simulator.call('GET', `/${version}/EM/accessPackages/${id}`);
  delete body['@odata.context'];
  return body;
}

export const aRequest = (simulator: Simulator, justification: string): Promise<string> =>
  created(post(simulator, `${paths.requests}/$ref`, requestBody(justification)));

export const bind = (
  simulator: Simulator,
  request: string,
  displayName: string,
): Promise<Answered> => post(simulator, paths.bind(request), packageBody(displayName));

export const record = (
  simulator: Simulator,
  whole: Whole,
  worker: number,
  more: Json = {},
): Promise<Answered> =>
  post(simulator, `${paths.assignments}/$ref`, assignmentBody(whole, worker, more));
