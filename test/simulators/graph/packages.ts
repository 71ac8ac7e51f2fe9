import { type Answered, groupId, type Json, type Simulator, userId } from './simulator';

/* The steps of the published documentation, in v1.0 and in beta. */

export type CompletePackage = {
  catalog: string;
  resource: string;
  accessPackage: string;
  policy: string;
};

/** The addresses and bodies of one version. `more` is merged into a body. */
export type Wire = {
  version: 'v1.0' | 'beta';
  catalogs: string;
  packages: string;
  policies: string;
  requests: string;
  assignments: string;
  resourceRequests: string;
  /** Below one catalog. */
  resources: string;
  /** Below one package. */
  roleScopes: string;
  /** Spells a state or kind, such as `adminAdd`, as this version does. */
  spell: (word: string) => string;
  catalogBody: (state?: string, more?: Json) => Json;
  packageBody: (catalog: string, displayName: string, more?: Json) => Json;
  resourceBody: (catalog: string, resource: Json, more?: Json) => Json;
  removalBody: (resource: string) => Json;
  roleScopeBody: (resource: string, group: number, role?: string) => Json;
  policyBody: (accessPackage: string, more?: Json) => Json;
  requestBody: (complete: CompletePackage, worker: number, more?: Json) => Json;
  revokeBody: (assignment: string) => Json;
};

const described = { description: 'For tests' };

const roleOf = (group: number, role: string): Json => ({
  displayName: role,
  originSystem: 'AadGroup',
  originId: `${role}_${groupId(group)}`,
});
const originOf = (group: number): Json => ({ originId: groupId(group), originSystem: 'AadGroup' });

const idsOf = ({ policy, accessPackage }: CompletePackage, worker: number): Json => ({
  targetId: userId(worker),
  assignmentPolicyId: policy,
  accessPackageId: accessPackage,
});

export const v1: Wire = {
  version: 'v1.0',
  catalogs: '/v1.0/EM/catalogs',
  packages: '/v1.0/EM/accessPackages',
  policies: '/v1.0/EM/assignmentPolicies',
  requests: '/v1.0/EM/assignmentRequests',
  assignments: '/v1.0/EM/assignments',
  resourceRequests: '/v1.0/EM/resourceRequests',
  resources: 'resources',
  roleScopes: 'resourceRoleScopes',
  spell: (word) => word,
  catalogBody: (state = 'published', more) => ({
    displayName: 'Staff',
    ...described,
    state,
    ...more,
  }),
  packageBody: (catalog, displayName, more) => ({
    displayName,
    ...described,
    isHidden: false,
    catalog: { id: catalog },
    ...more,
  }),
  resourceBody: (catalog, resource, more) => ({
    requestType: 'adminAdd',
    resource,
    catalog: { id: catalog },
    ...more,
  }),
  removalBody: (resource) => ({ requestType: 'adminRemove', resource: { id: resource } }),
  roleScopeBody: (resource, group, role = 'Member') => ({
    role: { ...roleOf(group, role), resource: { id: resource, ...originOf(group) } },
    scope: { ...originOf(group), isRootScope: true },
  }),
  policyBody: (accessPackage, more) => ({
    displayName: 'direct',
    description: 'direct',
    allowedTargetScope: 'notSpecified',
    specificAllowedTargets: [],
    expiration: { type: 'noExpiration' },
    requestorSettings: { allowCustomAssignmentSchedule: true },
    requestApprovalSettings: { isApprovalRequiredForAdd: false, stages: [] },
    accessPackage: { id: accessPackage },
    ...more,
  }),
  requestBody: (complete, worker, more) => ({
    requestType: 'adminAdd',
    assignment: idsOf(complete, worker),
    justification: 'for tests',
    ...more,
  }),
  revokeBody: (assignment) => ({ requestType: 'adminRemove', assignment: { id: assignment } }),
};

export const beta: Wire = {
  version: 'beta',
  catalogs: '/beta/EM/accessPackageCatalogs',
  packages: '/beta/EM/accessPackages',
  policies: '/beta/EM/accessPackageAssignmentPolicies',
  requests: '/beta/EM/accessPackageAssignmentRequests',
  assignments: '/beta/EM/accessPackageAssignments',
  resourceRequests: '/beta/EM/accessPackageResourceRequests',
  resources: 'accessPackageResources',
  roleScopes: 'accessPackageResourceRoleScopes',
  spell: (word) => word.charAt(0).toUpperCase() + word.slice(1),
  catalogBody: (state = 'published', more) => ({
    displayName: 'Staff',
    ...described,
    catalogStatus: beta.spell(state),
    isExternallyVisible: false,
    ...more,
  }),
  packageBody: (catalog, displayName, more) => ({
    displayName,
    ...described,
    isHidden: false,
    catalogId: catalog,
    ...more,
  }),
  resourceBody: (catalog, resource, more) => ({
    catalogId: catalog,
    requestType: 'AdminAdd',
    executeImmediately: true,
    accessPackageResource: resource,
    ...more,
  }),
  removalBody: (resource) => ({
    requestType: 'AdminRemove',
    accessPackageResource: { id: resource },
  }),
  roleScopeBody: (resource, group, role = 'Member') => ({
    accessPackageResourceRole: {
      ...roleOf(group, role),
      accessPackageResource: { id: resource, ...originOf(group) },
    },
    accessPackageResourceScope: { ...originOf(group), isRootScope: true },
  }),
  policyBody: (accessPackage, more) => ({
    accessPackageId: accessPackage,
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
  }),
  requestBody: (complete, worker, more) => ({
    requestType: 'AdminAdd',
    accessPackageAssignment: idsOf(complete, worker),
    justification: 'for tests',
    ...more,
  }),
  revokeBody: (assignment) => ({
    requestType: 'AdminRemove',
    accessPackageAssignment: { id: assignment },
  }),
};

/** Posts a body that must be accepted. Returns the id of the new object. */
export async function create(simulator: Simulator, path: string, body: Json): Promise<string> {
  const answer = await simulator.call('POST', path, body);
  if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body['id'] as string;
}

export const createCatalog = (
  simulator: Simulator,
  state = 'published',
  wire = v1,
): Promise<string> => create(simulator, wire.catalogs, wire.catalogBody(state));

/** Adds a group to a catalog. Returns the id of the resource in the catalog. */
export async function addResource(
  simulator: Simulator,
  catalog: string,
  group: number,
  wire = v1,
): Promise<string> {
  await create(simulator, wire.resourceRequests, wire.resourceBody(catalog, originOf(group)));
  const filter = encodeURIComponent(`originId eq '${groupId(group)}'`);
  const path = `${wire.catalogs}/${catalog}/${wire.resources}?$filter=${filter}`;
  const found = await simulator.call('GET', path);
  return (found.body['value'] as { id: string }[])[0]?.id ?? '';
}

export const createPackage = (
  simulator: Simulator,
  catalog: string,
  displayName: string,
  wire = v1,
): Promise<string> => create(simulator, wire.packages, wire.packageBody(catalog, displayName));

/** Creates a package that can be requested: catalog, resource, role scope and policy. */
export async function createCompletePackage(
  simulator: Simulator,
  { name = 'Finance', group = 1, policy = {}, catalog = '', state = 'published' } = {},
  wire = v1,
): Promise<CompletePackage> {
  const home = catalog === '' ? await createCatalog(simulator, state, wire) : catalog;
  const resource = await addResource(simulator, home, group, wire);
  const accessPackage = await createPackage(simulator, home, name, wire);
  await create(
    simulator,
    `${wire.packages}/${accessPackage}/${wire.roleScopes}`,
    wire.roleScopeBody(resource, group),
  );
  const policyId = await create(simulator, wire.policies, wire.policyBody(accessPackage, policy));
  return { catalog: home, resource, accessPackage, policy: policyId };
}

/** Requests a package for a worker. */
export const submit = (
  simulator: Simulator,
  complete: CompletePackage,
  worker: number,
  more: Json = {},
  wire = v1,
): Promise<Answered> =>
  simulator.call('POST', wire.requests, wire.requestBody(complete, worker, more));

/* The five documents, each as one call. Steps without a document use v1.0. */

export const accessPackageType = '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage';
export const requestType = '#microsoft.graph.accessPackageAssignmentRequest';
export const assignmentType = '#microsoft.graph.accessPackageAssignment';

/** The two headers that every document requires. */
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
  completedDate: null,
  expirationDateTime: null,
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
  expiredDateTime: null,
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

/** A package as 002 sends it: what a read under the root of 001 shows, without what only the table of 002 has. */
export async function shownPackage(simulator: Simulator, id: string): Promise<Json> {
  const shown = Object.entries(await readPackage(simulator, id));
  const onlyInTable = ['id', 'createdDateTime', 'modifiedDateTime'];
  return Object.fromEntries(shown.filter(([member]) => !onlyInTable.includes(member)));
}

export async function readPackage(simulator: Simulator, id: string): Promise<Json> {
  const { body } = await simulator.call('GET', `/beta/EM/accessPackages/${id}`);
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
