import { notSimulated } from '../errors';
import type { Operation } from '../http/call';
import type { Routes } from '../http/route-tree';
import { root } from './dialect';
import {
  listRequests,
  postCancel,
  postReprocessRequest,
  postRequest,
  readRequest,
} from './operations/assignment-requests';
import {
  deleteAssignment,
  listAssignments,
  postReprocessAssignment,
  readAssignment,
} from './operations/assignments';
import {
  listCatalogs,
  listResourceRoles,
  listResources,
  patchCatalog,
  postCatalog,
  readCatalog,
} from './operations/catalogs';
import { listGroups, listMembers, listOwners, readGroup } from './operations/groups';
import {
  deleteIncompatible,
  listIncompatible,
  listIncompatibleWith,
  listPackages,
  postIncompatible,
  postPackage,
  readPackage,
} from './operations/packages';
import { listPolicies, postPolicy, putPolicy, readPolicy } from './operations/policies';
import {
  listResourceRequests,
  postResourceRequest,
  readResourceRequest,
} from './operations/resource-requests';
import { listRoleScopes, postRoleScope } from './operations/role-scopes';
import { listUsers, readUser } from './operations/users';

/** Published, and left out here: refused in words, so that nobody takes it for a refusal of Graph. */
const leftOut =
  (what: string): Operation =>
  () => {
    throw notSimulated(what);
  };

/**
 * The routes of Microsoft Graph v1.0 that the simulator knows. Routes that the published metadata generates but no back
 * end serves (`accessPackages/{id}/assignmentPolicies`, `assignments` POST, `$ref` on requests and assignments) are
 * absent: they answer as any unknown address does.
 */
export const routes: Routes = {
  '/v1.0/users': { GET: listUsers },
  '/v1.0/users/{}': { GET: readUser },
  '/v1.0/groups': { GET: listGroups },
  '/v1.0/groups/{}': { GET: readGroup },
  '/v1.0/groups/{}/members': { GET: listMembers },
  '/v1.0/groups/{}/owners': { GET: listOwners },
  '/v1.0/$batch': { POST: leftOut('JSON batching') },
  [`${root}/catalogs`]: { GET: listCatalogs, POST: postCatalog },
  [`${root}/catalogs/{}`]: {
    GET: readCatalog,
    PATCH: patchCatalog,
    DELETE: leftOut('deleting catalogs'),
  },
  [`${root}/catalogs/{}/resources`]: { GET: listResources },
  [`${root}/catalogs/{}/resourceRoles`]: { GET: listResourceRoles },
  [`${root}/resourceRequests`]: { GET: listResourceRequests, POST: postResourceRequest },
  [`${root}/resourceRequests/{}`]: { GET: readResourceRequest },
  [`${root}/accessPackages`]: { GET: listPackages, POST: postPackage },
  [`${root}/accessPackages/{}`]: {
    GET: readPackage,
    PATCH: leftOut('changing access packages'),
    DELETE: leftOut('deleting access packages'),
  },
  [`${root}/accessPackages/{}/resourceRoleScopes`]: { GET: listRoleScopes, POST: postRoleScope },
  [`${root}/accessPackages/{}/resourceRoleScopes/{}`]: { DELETE: leftOut('removing role scopes') },
  [`${root}/accessPackages/{}/incompatibleAccessPackages`]: { GET: listIncompatible },
  [`${root}/accessPackages/{}/incompatibleAccessPackages/$ref`]: {
    POST: postIncompatible,
    DELETE: deleteIncompatible,
  },
  [`${root}/accessPackages/{}/incompatibleAccessPackages/{}/$ref`]: { DELETE: deleteIncompatible },
  [`${root}/accessPackages/{}/accessPackagesIncompatibleWith`]: { GET: listIncompatibleWith },
  [`${root}/accessPackages/{}/incompatibleGroups`]: { GET: leftOut('incompatible groups') },
  [`${root}/accessPackages/{}/incompatibleGroups/$ref`]: { POST: leftOut('incompatible groups') },
  [`${root}/accessPackages/{}/getApplicablePolicyRequirements`]: {
    POST: leftOut('policy requirements, which only signed-in users may read'),
  },
  [`${root}/assignmentPolicies`]: { GET: listPolicies, POST: postPolicy },
  [`${root}/assignmentPolicies/{}`]: {
    GET: readPolicy,
    PUT: putPolicy,
    DELETE: leftOut('deleting policies'),
  },
  [`${root}/assignmentRequests`]: { GET: listRequests, POST: postRequest },
  [`${root}/assignmentRequests/{}`]: {
    GET: readRequest,
    DELETE: leftOut('deleting assignment requests'),
  },
  [`${root}/assignmentRequests/{}/cancel`]: { POST: postCancel },
  [`${root}/assignmentRequests/{}/reprocess`]: { POST: postReprocessRequest },
  [`${root}/assignmentRequests/{}/resume`]: { POST: leftOut('resuming custom extensions') },
  [`${root}/assignments`]: { GET: listAssignments },
  [`${root}/assignments/{}`]: { GET: readAssignment, DELETE: deleteAssignment },
  [`${root}/assignments/{}/reprocess`]: { POST: postReprocessAssignment },
};
