import { rootOf, type Dialect } from '../dialects/dialect';
import { directoryRoutes } from '../directory/routes';
import { notImplemented, type Routes } from '../http/routes';
import { assignmentRoutes } from './assignments';
import { catalogRoutes, resourceRequestRoutes } from './catalogs';
import { packageRoutes } from './packages';
import { policyRoutes } from './policies';
import { requestRoutes } from './requests';
import { versionOf } from './version';

/**
 * The routes of one version of Microsoft Graph that the simulator knows. Routes that the published metadata generates but
 * no back end serves (`accessPackages/{id}/assignmentPolicies`, POST on assignments, `$ref` on requests and assignments)
 * are absent: they answer as any unknown address does.
 */
export function versionRoutes(dialect: Dialect): Routes {
  const version = versionOf(dialect);
  return {
    ...directoryRoutes(dialect.version),
    [`/${dialect.version}/$batch`]: { POST: notImplemented('JSON batching') },
    ...catalogRoutes(version),
    ...resourceRequestRoutes(version),
    ...packageRoutes(version),
    ...policyRoutes(version),
    ...requestRoutes(version),
    ...assignmentRoutes(version),
    ...(dialect.version === 'beta' ? betaOnly(rootOf(dialect)) : {}),
  };
}

/** Published in beta alone, and not simulated. */
function betaOnly(root: string): Routes {
  // Metadata and reference page describe the shape of these two differently.
  const ambiguous = notImplemented(
    'assignmentRequests of beta, whose shape is published in two ways',
  );
  return {
    [`${root}/assignmentRequests`]: { GET: ambiguous, POST: ambiguous },
    [`${root}/assignmentRequests/{}`]: { GET: ambiguous, DELETE: ambiguous },
    [`${root}/accessPackages/{}/moveToCatalog`]: {
      POST: notImplemented('moving access packages'),
    },
    [`${root}/accessPackageAssignmentResourceRoles`]: {
      GET: notImplemented('the delivered roles of assignments'),
    },
  };
}
