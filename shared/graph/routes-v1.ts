import {
  AccessPackage,
  Assignment,
  AssignmentPolicy,
  AssignmentRequest,
  Catalog,
  CatalogResource,
  ResourceRole,
  User,
} from './answers';
import { policyBody, roleScopeBody } from './bodies-v1';
import { literal, propertyPath, segment } from './odata';
import type { Routes } from './routes';
import { Nothing, publishedRoutes } from './routes-published';

const management = '/v1.0/identityGovernance/entitlementManagement';

/** Published Graph. Source: https://learn.microsoft.com/graph/api/resources/entitlementmanagement-overview */
export const v1Routes: Routes = {
  ...publishedRoutes(management),
  findUsers: {
    method: 'GET',
    path: () => '/v1.0/users',
    query: ({ attribute, value }) => ({
      $filter: `${propertyPath(attribute)} eq ${literal(value)}`,
      $select: 'id,accountEnabled',
    }),
    answer: User,
  },
  findCatalogs: {
    method: 'GET',
    path: () => `${management}/catalogs`,
    query: ({ displayName }) => ({ $filter: `displayName eq ${literal(displayName)}` }),
    answer: Catalog,
  },
  getCatalog: {
    method: 'GET',
    path: ({ id }) => `${management}/catalogs/${segment(id)}`,
    answer: Catalog,
  },
  createCatalog: {
    method: 'POST',
    path: () => `${management}/catalogs`,
    body: ({ displayName, description }) => ({
      displayName,
      description,
      state: 'published',
      isExternallyVisible: false,
    }),
    answer: Catalog,
  },
  // Source: https://learn.microsoft.com/graph/api/accesspackagecatalog-update
  updateCatalog: {
    method: 'PATCH',
    path: ({ id }) => `${management}/catalogs/${segment(id)}`,
    body: ({ displayName, description }) => ({ displayName, description, state: 'published' }),
    answer: Nothing,
  },
  findCatalogResources: {
    method: 'GET',
    path: ({ catalogId }) => `${management}/catalogs/${segment(catalogId)}/resources`,
    query: ({ originId }) => ({
      $filter: `originId eq ${literal(originId)}`,
      $expand: 'roles,scopes',
    }),
    answer: CatalogResource,
  },
  findResourceRoles: {
    method: 'GET',
    path: ({ catalogId }) => `${management}/catalogs/${segment(catalogId)}/resourceRoles`,
    query: ({ resource }) => ({
      $filter: `(originSystem eq ${literal(resource.originSystem ?? '')} and resource/id eq ${literal(resource.id)})`,
      $expand: 'resource',
    }),
    answer: ResourceRole,
  },
  addResourceToCatalog: {
    method: 'POST',
    path: () => `${management}/resourceRequests`,
    body: ({ catalogId, originSystem, originId }) => ({
      requestType: 'adminAdd',
      resource: { originId, originSystem },
      catalog: { id: catalogId },
    }),
    answer: Nothing,
  },
  findAccessPackages: {
    method: 'GET',
    path: () => `${management}/accessPackages`,
    query: ({ displayName }) => ({
      $filter: `displayName eq ${literal(displayName)}`,
      $expand: 'catalog',
    }),
    answer: AccessPackage,
  },
  getAccessPackage: {
    method: 'GET',
    path: ({ id }) => `${management}/accessPackages/${segment(id)}`,
    query: () => ({ $expand: 'catalog,resourceRoleScopes($expand=role,scope)' }),
    answer: AccessPackage,
  },
  createAccessPackage: {
    method: 'POST',
    path: () => `${management}/accessPackages`,
    body: ({ displayName, description, hidden, catalogId }) => ({
      displayName,
      description,
      isHidden: hidden,
      catalog: { id: catalogId },
    }),
    answer: AccessPackage,
  },
  addResourceRoleScope: {
    method: 'POST',
    path: ({ packageId }) =>
      `${management}/accessPackages/${segment(packageId)}/resourceRoleScopes`,
    body: roleScopeBody,
    answer: Nothing,
  },
  listAssignmentPolicies: {
    method: 'GET',
    path: () => `${management}/assignmentPolicies`,
    query: ({ packageId }) => ({
      $filter: `accessPackage/id eq ${literal(packageId)}`,
      $expand: 'accessPackage',
    }),
    answer: AssignmentPolicy,
  },
  createAssignmentPolicy: {
    method: 'POST',
    path: () => `${management}/assignmentPolicies`,
    body: policyBody,
    answer: AssignmentPolicy,
  },
  // Source: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-update
  replaceAssignmentPolicy: {
    method: 'PUT',
    path: ({ id }) => `${management}/assignmentPolicies/${segment(id)}`,
    body: ({ id, kept, ...policy }) => ({ ...kept, id, ...policyBody(policy) }),
    answer: Nothing,
  },
  findAssignments: {
    method: 'GET',
    path: () => `${management}/assignments`,
    query: ({ packageId, userId }) => ({
      $filter: `accessPackage/id eq ${literal(packageId)} and target/objectId eq ${literal(userId)}`,
      $expand: 'target,accessPackage,assignmentPolicy',
    }),
    answer: Assignment,
  },
  submitAssignmentRequest: {
    method: 'POST',
    path: () => `${management}/assignmentRequests`,
    body: ({ packageId, policyId, userId, justification }) => ({
      requestType: 'adminAdd',
      assignment: { targetId: userId, assignmentPolicyId: policyId, accessPackageId: packageId },
      justification,
    }),
    answer: AssignmentRequest,
  },
  getAssignmentRequest: {
    method: 'GET',
    path: ({ id }) => `${management}/assignmentRequests/${segment(id)}`,
    query: () => ({ $expand: 'accessPackage,assignment($expand=target),requestor' }),
    answer: AssignmentRequest,
  },
  findAssignmentRequests: {
    method: 'GET',
    path: () => `${management}/assignmentRequests`,
    query: ({ packageId }) => ({
      $filter: `accessPackage/id eq ${literal(packageId)}`,
      $expand: 'accessPackage,assignment($expand=target),requestor',
    }),
    answer: AssignmentRequest,
  },
};
