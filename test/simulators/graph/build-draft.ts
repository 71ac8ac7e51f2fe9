import { addResource, type CompletePackage, create, createCatalog, v1 } from './packages';
import { userId, type Answered, type Json, type Simulator } from './simulator';

/* The five documents, each as one call; what they leave open is done in v1.0. */

export const accessPackageType = '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage';
export const requestType = '#microsoft.graph.accessPackageAssignmentRequest';
export const assignmentType = '#microsoft.graph.accessPackageAssignment';

/** Both draftHeaders that every document requires. */
export const draftHeaders = {
  Authorization: 'Bearer for-tests',
  'Content-Type': 'application/json',
};

/** Posts as the documents have it, unless `sent` says otherwise. */
export const postDraft = (
  simulator: Simulator,
  path: string,
  body: unknown,
  sent: Json = draftHeaders,
): Promise<Answered> => simulator.call('POST', path, body, sent);

export const draftPackageBody = (displayName: string, more: Json = {}): Json => ({
  '@odata.type': accessPackageType,
  displayName,
  description: 'For tests',
  isHidden: false,
  ...more,
});

export const draftRequestBody = (justification: string, more: Json = {}): Json => ({
  '@odata.type': requestType,
  requestType: 'AdminAdd',
  requestState: 'Submitted',
  requestStatus: 'Accepted',
  isValidationOnly: false,
  justification,
  ...more,
});

export const draftAssignmentBody = (
  complete: CompletePackage,
  worker: number,
  more: Json = {},
): Json => ({
  '@odata.type': assignmentType,
  catalogId: complete.catalog,
  accessPackageId: complete.accessPackage,
  assignmentPolicyId: complete.policy,
  targetId: userId(worker),
  assignmentStatus: 'Delivered',
  assignmentState: 'Delivered',
  isExtended: false,
  ...more,
});

export const draftPaths = {
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
export async function createDraftPackage(
  simulator: Simulator,
  { name = 'Finance', group = 1, policy = {}, state = 'published' } = {},
): Promise<CompletePackage> {
  const catalog = await createCatalog(simulator, state);
  const resource = await addResource(simulator, catalog, group);
  const accessPackage = await created(
    postDraft(simulator, draftPaths.packages, draftPackageBody(name)),
  );
  const scopes = `EM/accessPackages/${accessPackage}/resourceRoleScopes`;
  await create(simulator, scopes, v1.roleScopeBody(resource, group));
  const made = await create(
    simulator,
    'EM/assignmentPolicies',
    v1.policyBody(accessPackage, policy),
  );
  return { catalog, resource, accessPackage, policy: made };
}

/** What a read under the root of 001 tells of a package. */
export async function shownPackage(
  simulator: Simulator,
  id: string,
  version = 'beta',
): Promise<Json> {
  const { body } = await simulator.call('GET', `/${version}/EM/accessPackages/${id}`);
  delete body['@odata.context'];
  return body;
}

export const createDraftRequest = (simulator: Simulator, justification: string): Promise<string> =>
  created(postDraft(simulator, `${draftPaths.requests}/$ref`, draftRequestBody(justification)));

export const bindPackage = (
  simulator: Simulator,
  request: string,
  displayName: string,
): Promise<Answered> =>
  postDraft(simulator, draftPaths.bind(request), draftPackageBody(displayName));

export const recordAssignment = (
  simulator: Simulator,
  complete: CompletePackage,
  worker: number,
  more: Json = {},
): Promise<Answered> =>
  postDraft(
    simulator,
    `${draftPaths.assignments}/$ref`,
    draftAssignmentBody(complete, worker, more),
  );
