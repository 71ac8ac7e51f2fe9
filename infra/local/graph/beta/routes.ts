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
import { beta, root } from './dialect';
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

const catalogs = `${root}/accessPackageCatalogs`;
const policies = `${root}/accessPackageAssignmentPolicies`;
const requests = `${root}/accessPackageAssignmentRequests`;
const assignments = `${root}/accessPackageAssignments`;
/** Beta has these also by the name of v1.0, in a shape that metadata and reference page describe differently. */
const unsettled = leftOut('assignmentRequests of beta, whose shape is published in two ways');

/**
 * The routes of Microsoft Graph beta that the simulator knows. As in v1.0, what the metadata generates but no back end
 * serves is absent.
 */
export const betaRoutes: Routes = {
  ...directoryRoutes(beta, 'beta'),
  '/beta/$batch': { POST: leftOut('JSON batching') },
  [catalogs]: { GET: listCatalogs, POST: postCatalog },
  [`${catalogs}/{}`]: {
    GET: readCatalog,
    PATCH: patchCatalog,
    DELETE: deleteCatalogAt,
  },
  [`${catalogs}/{}/accessPackageResources`]: { GET: listResources },
  [`${catalogs}/{}/accessPackageResourceRoles`]: { GET: listResourceRoles },
  [`${root}/accessPackageResourceRequests`]: {
    GET: listResourceRequests,
    POST: postResourceRequest,
  },
  [`${root}/accessPackageResourceRequests/{}`]: { GET: readResourceRequest },
  [`${root}/accessPackages`]: { GET: listPackages, POST: postPackage },
  [`${root}/accessPackages/{}`]: {
    GET: readPackage,
    PATCH: patchPackage,
    DELETE: deletePackageAt,
  },
  [`${root}/accessPackages/{}/moveToCatalog`]: { POST: leftOut('moving access packages') },
  [`${root}/accessPackages/{}/accessPackageResourceRoleScopes`]: {
    GET: listRoleScopes,
    POST: postRoleScope,
  },
  [`${root}/accessPackages/{}/accessPackageResourceRoleScopes/{}`]: {
    DELETE: deleteRoleScopeAt,
  },
  ...incompatibleRoutes({ dialect: beta, root, entity: accessPackage, filterable }),
  [`${root}/accessPackages/{}/incompatibleGroups`]: { GET: leftOut('incompatible groups') },
  [`${root}/accessPackages/{}/incompatibleGroups/$ref`]: { POST: leftOut('incompatible groups') },
  [`${root}/accessPackages/{}/getApplicablePolicyRequirements`]: {
    POST: leftOut('policy requirements, which only signed-in users may read'),
  },
  [policies]: { GET: listPolicies, POST: postPolicy },
  [`${policies}/{}`]: { GET: readPolicy, PUT: putPolicy, DELETE: deletePolicyAt },
  [requests]: { GET: listRequests, POST: postRequest },
  [`${requests}/{}`]: { GET: readRequest, DELETE: deleteRequestAt },
  [`${requests}/{}/cancel`]: { POST: postCancel },
  [`${requests}/{}/reprocess`]: { POST: postReprocessRequest },
  [`${requests}/{}/resume`]: { POST: leftOut('resuming custom extensions') },
  [`${root}/assignmentRequests`]: { GET: unsettled, POST: unsettled },
  [`${root}/assignmentRequests/{}`]: { GET: unsettled, DELETE: unsettled },
  [assignments]: { GET: listAssignments },
  [`${assignments}/{}`]: { GET: readAssignment, DELETE: deleteAssignment },
  [`${assignments}/{}/reprocess`]: { POST: postReprocessAssignment },
  [`${root}/accessPackageAssignmentResourceRoles`]: {
    GET: leftOut('the delivered roles of assignments'),
  },
};
