import {
  AccessPackage,
  Assignment,
  AssignmentRequest,
  Catalog,
  CatalogResource,
  ResourceRole,
} from './answers';
import { BetaAssignmentPolicy } from './answers-beta';
import { policyBody, roleScopeBody } from './bodies-beta';
import { literal, segment } from './odata';
import type { Routes } from './routes';
import { Nothing, publishedRoutes } from './routes-published';
import { v1Routes } from './routes-v1';

const management = '/beta/identityGovernance/entitlementManagement';
const expandRequest = 'accessPackage,accessPackageAssignment($expand=target),requestor';

/**
 * Published Graph as it is under /beta: the same operations by other names. People are read from v1.0, which has them in
 * the same shape and is the supported version.
 * Source: https://learn.microsoft.com/graph/api/resources/entitlementmanagement-overview?view=graph-rest-beta
 */
export const betaRoutes: Routes = {
  ...publishedRoutes(management),
  findUsers: v1Routes.findUsers,
  findCatalogs: {
    method: 'GET',
    path: () => `${management}/accessPackageCatalogs`,
    query: ({ displayName }) => ({ $filter: `displayName eq ${literal(displayName)}` }),
    answer: Catalog,
  },
  getCatalog: {
    method: 'GET',
    path: ({ id }) => `${management}/accessPackageCatalogs/${segment(id)}`,
    answer: Catalog,
  },
  createCatalog: {
    method: 'POST',
    path: () => `${management}/accessPackageCatalogs`,
    body: ({ displayName, description }) => ({
      displayName,
      description,
      catalogStatus: 'Published',
      isExternallyVisible: false,
    }),
    answer: Catalog,
  },
  updateCatalog: {
    method: 'PATCH',
    path: ({ id }) => `${management}/accessPackageCatalogs/${segment(id)}`,
    body: ({ displayName, description }) => ({
      displayName,
      description,
      catalogStatus: 'Published',
    }),
    answer: Nothing,
  },
  findCatalogResources: {
    method: 'GET',
    path: ({ catalogId }) =>
      `${management}/accessPackageCatalogs/${segment(catalogId)}/accessPackageResources`,
    query: ({ originId }) => ({
      $filter: `originId eq ${literal(originId)}`,
      $expand: 'accessPackageResourceRoles,accessPackageResourceScopes',
    }),
    answer: CatalogResource,
  },
  findResourceRoles: {
    method: 'GET',
    path: ({ catalogId }) =>
      `${management}/accessPackageCatalogs/${segment(catalogId)}/accessPackageResourceRoles`,
    query: ({ resource }) => ({
      $filter: `(originSystem eq ${literal(resource.originSystem ?? '')} and accessPackageResource/id eq ${literal(resource.id)})`,
      $expand: 'accessPackageResource',
    }),
    answer: ResourceRole,
  },
  addResourceToCatalog: {
    method: 'POST',
    path: () => `${management}/accessPackageResourceRequests`,
    body: ({ catalogId, originSystem, originId }) => ({
      catalogId,
      requestType: 'AdminAdd',
      executeImmediately: true,
      accessPackageResource: { originId, originSystem },
    }),
    answer: Nothing,
  },
  findAccessPackages: {
    method: 'GET',
    path: () => `${management}/accessPackages`,
    query: ({ displayName }) => ({ $filter: `displayName eq ${literal(displayName)}` }),
    answer: AccessPackage,
  },
  getAccessPackage: {
    method: 'GET',
    path: ({ id }) => `${management}/accessPackages/${segment(id)}`,
    query: () => ({
      $expand:
        'accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)',
    }),
    answer: AccessPackage,
  },
  createAccessPackage: {
    method: 'POST',
    path: () => `${management}/accessPackages`,
    body: ({ displayName, description, hidden, catalogId }) => ({
      catalogId,
      displayName,
      description,
      isHidden: hidden,
    }),
    answer: AccessPackage,
  },
  addResourceRoleScope: {
    method: 'POST',
    path: ({ packageId }) =>
      `${management}/accessPackages/${segment(packageId)}/accessPackageResourceRoleScopes`,
    body: roleScopeBody,
    answer: Nothing,
  },
  listAssignmentPolicies: {
    method: 'GET',
    path: () => `${management}/accessPackageAssignmentPolicies`,
    query: ({ packageId }) => ({ $filter: `accessPackage/id eq ${literal(packageId)}` }),
    answer: BetaAssignmentPolicy,
  },
  createAssignmentPolicy: {
    method: 'POST',
    path: () => `${management}/accessPackageAssignmentPolicies`,
    body: policyBody,
    answer: BetaAssignmentPolicy,
  },
  replaceAssignmentPolicy: {
    method: 'PUT',
    path: ({ id }) => `${management}/accessPackageAssignmentPolicies/${segment(id)}`,
    body: ({ id, kept, ...policy }) => ({ ...policyBody(policy), ...kept, id }),
    answer: Nothing,
  },
  findAssignments: {
    method: 'GET',
    path: () => `${management}/accessPackageAssignments`,
    query: ({ packageId, userId }) => ({
      $filter: `accessPackage/id eq ${literal(packageId)} and target/objectId eq ${literal(userId)}`,
      $expand: 'target',
    }),
    answer: Assignment,
  },
  submitAssignmentRequest: {
    method: 'POST',
    path: () => `${management}/accessPackageAssignmentRequests`,
    body: ({ packageId, policyId, userId, justification }) => ({
      requestType: 'AdminAdd',
      accessPackageAssignment: {
        targetId: userId,
        assignmentPolicyId: policyId,
        accessPackageId: packageId,
      },
      justification,
    }),
    answer: AssignmentRequest,
  },
  getAssignmentRequest: {
    method: 'GET',
    path: ({ id }) => `${management}/accessPackageAssignmentRequests/${segment(id)}`,
    query: () => ({ $expand: expandRequest }),
    answer: AssignmentRequest,
  },
  findAssignmentRequests: {
    method: 'GET',
    path: () => `${management}/accessPackageAssignmentRequests`,
    query: ({ packageId }) => ({
      $filter: `accessPackage/id eq ${literal(packageId)}`,
      $expand: expandRequest,
    }),
    answer: AssignmentRequest,
  },
};
