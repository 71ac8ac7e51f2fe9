import type { Routes } from '../http/route-tree';
import { merged } from '../http/route-tree';
import { listIncompatible } from '../published/incompatible';
import { accessPackage as v1Package } from '../v1/entities/catalogs';
import { listAssignments, postAssignment, readAssignment } from './assignments';
import { documented, draft } from './documented';
import { accessPackage } from './entities';
import { filterable, listPackages, postIncompatible, postPackage, readPackage } from './packages';
import { listRequests, postPackageOfRequest, postRequest, readRequest } from './requests';
import type { DraftRoots } from './roots';

/**
 * The five operations of the documents, each under its root, and reads of the collections that they write to. Where a
 * route line and its example differ, the route line is served: `/$ref` of 003 and 004, and 002 at the root of its version.
 * These reads take the place of beta's but never of v1.0's, which the documents leave all else to.
 */
export function draftRoutes(roots: DraftRoots): Routes {
  const management = (document: keyof DraftRoots) =>
    `/${roots[document]}/identityGovernance/entitlementManagement`;
  const packages = `${management('001')}/accessPackages`;
  const requests = `${management('003')}/accessPackageAssignmentRequests`;
  const assignments = `${management('004')}/accessPackageAssignments`;
  const incompatible = `/${roots['002']}/accessPackages/{}/incompatibleAccessPackages`;
  const readsAreV1 = roots['001'] === 'v1.0';
  const packageReads: Routes = {
    [packages]: { GET: listPackages },
    [`${packages}/{}`]: { GET: readPackage },
  };
  return merged(readsAreV1 ? {} : packageReads, {
    [`${management('000')}/assignmentRequests/{}/accessPackage/$ref`]: {
      POST: documented(postPackageOfRequest),
    },
    [packages]: { POST: documented(postPackage) },
    [incompatible]: {
      GET: listIncompatible({ dialect: draft, entity: accessPackage, filterable }),
    },
    [`${incompatible}/$ref`]: {
      POST: documented(postIncompatible((readsAreV1 ? v1Package : accessPackage).properties)),
    },
    [requests]: { GET: listRequests },
    [`${requests}/$ref`]: { POST: documented(postRequest) },
    [`${requests}/{}`]: { GET: readRequest },
    [assignments]: { GET: listAssignments },
    [`${assignments}/$ref`]: { POST: documented(postAssignment) },
    [`${assignments}/{}`]: { GET: readAssignment },
  });
}
