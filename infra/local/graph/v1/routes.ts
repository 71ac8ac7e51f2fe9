import { directoryRoutes } from '../directory/routes';
import { leftOut, type Routes } from '../http/route-tree';
import { deleteAssignment, postReprocessAssignment } from '../published/assignments';
import {
  deleteCatalogAt,
  deletePackageAt,
  deletePolicyAt,
  deleteRequestAt,
  deleteRoleScopeAt,
} from '../published/deletions';
import { incompatibleRoutes } from '../published/incompatible';
import { postCancel, postReprocessRequest } from '../published/requests';
import { root, v1 } from './dialect';
import { accessPackage } from './entities/catalogs';
import { listRequests, postRequest, readRequest } from './operations/assignment-requests';
import { listAssignments, readAssignment } from './operations/assignments';
import {
  listCatalogs,
  listResourceRoles,
  listResources,
  patchCatalog,
  postCatalog,
  readCatalog,
} from './operations/catalogs';
import {
  filterable,
  listPackages,
  patchPackage,
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

/**
 * The routes of Microsoft Graph v1.0 that the simulator knows. Routes that the published metadata generates but no back
 * end serves (`accessPackages/{id}/assignmentPolicies`, `assignments` POST, `$ref` on requests and assignments) are
 * absent: they answer as any unknown address does.
 */
export const v1Routes: Routes = {
  ...directoryRoutes(v1, 'v1.0'),
  '/v1.0/$batch': { POST: leftOut('JSON batching') },
  [`${root}/catalogs`]: { GET: listCatalogs, POST: postCatalog },
  [`${root}/catalogs/{}`]: {
    GET: readCatalog,
    PATCH: patchCatalog,
    DELETE: deleteCatalogAt,
  },
  [`${root}/catalogs/{}/resources`]: { GET: listResources },
  [`${root}/catalogs/{}/resourceRoles`]: { GET: listResourceRoles },
  [`${root}/resourceRequests`]: { GET: listResourceRequests, POST: postResourceRequest },
  [`${root}/resourceRequests/{}`]: { GET: readResourceRequest },
  [`${root}/accessPackages`]: { GET: listPackages, POST: postPackage },
  [`${root}/accessPackages/{}`]: {
    GET: readPackage,
    PATCH: patchPackage,
    DELETE: deletePackageAt,
  },
  [`${root}/accessPackages/{}/resourceRoleScopes`]: { GET: listRoleScopes, POST: postRoleScope },
  [`${root}/accessPackages/{}/resourceRoleScopes/{}`]: { DELETE: deleteRoleScopeAt },
  ...incompatibleRoutes({ dialect: v1, root, entity: accessPackage, filterable }),
  [`${root}/accessPackages/{}/incompatibleGroups`]: { GET: leftOut('incompatible groups') },
  [`${root}/accessPackages/{}/incompatibleGroups/$ref`]: { POST: leftOut('incompatible groups') },
  [`${root}/accessPackages/{}/getApplicablePolicyRequirements`]: {
    POST: leftOut('policy requirements, which only signed-in users may read'),
  },
  [`${root}/assignmentPolicies`]: { GET: listPolicies, POST: postPolicy },
  [`${root}/assignmentPolicies/{}`]: {
    GET: readPolicy,
    PUT: putPolicy,
    DELETE: deletePolicyAt,
  },
  [`${root}/assignmentRequests`]: { GET: listRequests, POST: postRequest },
  [`${root}/assignmentRequests/{}`]: {
    GET: readRequest,
    DELETE: deleteRequestAt,
  },
  [`${root}/assignmentRequests/{}/cancel`]: { POST: postCancel },
  [`${root}/assignmentRequests/{}/reprocess`]: { POST: postReprocessRequest },
  [`${root}/assignmentRequests/{}/resume`]: { POST: leftOut('resuming custom extensions') },
  [`${root}/assignments`]: { GET: listAssignments },
  [`${root}/assignments/{}`]: { GET: readAssignment, DELETE: deleteAssignment },
  [`${root}/assignments/{}/reprocess`]: { POST: postReprocessAssignment },
};
