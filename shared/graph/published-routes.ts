import { z } from 'zod';
import {
  AccessPackage,
  Assignment,
  type AssignmentPolicy,
  AssignmentRequest,
  Catalog,
  CatalogResource,
  ResourceRequest,
  ResourceRole,
  User,
} from './answers';
import { queryFor } from '../domain/events/match-attribute';
import { literal, propertyPath, segment } from './odata';
import type { NewPolicy, NewResource, NewRoleScope, Routes } from './operations';
import type { OpenState } from './states';

/** What a published version has for itself: everything in which v1.0 and beta differ. */
export type PublishedVersion = {
  version: 'v1.0' | 'beta';
  /** Names of collections, below entitlement management, a catalog or a package. */
  collections: {
    catalogs: string;
    catalogResources: string;
    catalogResourceRoles: string;
    resourceRequests: string;
    roleScopes: string;
    policies: string;
    assignments: string;
    requests: string;
  };
  /** Names of members that hold a related thing, in bodies, filters and expansions. */
  members: { resource: string; role: string; scope: string; assignment: string };
  /** What each read expands; where it is undefined, the answer has what is needed. */
  expand: {
    catalogResources: string;
    packages: string | undefined;
    package: string;
    policies: string | undefined;
    assignments: string;
    requests: string;
  };
  /** How far a request has come, and its assignment: what the board of open requests reads of each. */
  progress: { select: string; expand: string };
  requestTypes: { add: string; update: string; remove: string };
  /** The filter of requests by state. */
  inState: (state: OpenState) => string;
  /** The members that publish a catalog. */
  published: object;
  packageBody: (properties: PackageProperties, catalogId: string) => object;
  resourceRequestBody: (resource: NewResource) => object;
  policyBody: (policy: NewPolicy) => object;
  policyAnswer: z.ZodType<AssignmentPolicy>;
};

type PackageProperties = { displayName: string; description: string; isHidden: boolean };

export const managementOf = ({ version }: PublishedVersion): string =>
  `/${version}/identityGovernance/entitlementManagement`;

/** What a write answers with that says no more than its status does: what it made is read back. */
export const Nothing = z.unknown().transform(() => ({}));
export const Identified = z.object({ id: z.string() });

/**
 * The table of a published version. Direct assignment by an administrator only: nobody asks for a package themselves.
 * People are read from v1.0, which has them in the same shape and is the supported version.
 * Source: https://learn.microsoft.com/graph/api/resources/entitlementmanagement-overview
 */
export function publishedRoutes(published: PublishedVersion): Routes {
  const { collections, members, expand } = published;
  const management = managementOf(published);
  const packages = `${management}/accessPackages`;
  const catalogs = `${management}/${collections.catalogs}`;
  const policies = `${management}/${collections.policies}`;
  const requests = `${management}/${collections.requests}`;
  const packageOf = (id: string) => `${packages}/${segment(id)}`;
  const catalogOf = (id: string) => `${catalogs}/${segment(id)}`;
  return {
    findUsers: {
      method: 'GET',
      path: () => '/v1.0/users',
      query: ({ attribute, values }) => ({
        $filter: `${propertyPath(attribute)} ${oneOf(values)}`,
        $select: `id,accountEnabled,${attribute.split('/')[0]}`,
        ...(queryFor(attribute) === 'advanced' && { $count: 'true' }),
      }),
      // Source: https://learn.microsoft.com/graph/aad-advanced-queries
      headers: ({ attribute }) =>
        queryFor(attribute) === 'advanced' ? { ConsistencyLevel: 'eventual' } : {},
      answer: User,
    },
    // Source: https://learn.microsoft.com/graph/api/user-list, which allows pages of 999.
    listUsers: {
      method: 'GET',
      path: () => '/v1.0/users',
      query: ({ attribute }) => ({
        $select: `id,accountEnabled,${propertyPath(attribute).split('/')[0]}`,
        $top: '999',
      }),
      answer: User,
    },
    getOrganization: {
      method: 'GET',
      path: () => '/v1.0/organization',
      query: () => ({ $select: 'id' }),
      answer: Identified,
    },
    findCatalogs: {
      method: 'GET',
      path: () => catalogs,
      query: ({ displayName }) => ({ $filter: named(displayName) }),
      answer: Catalog,
    },
    getCatalog: { method: 'GET', path: ({ id }) => catalogOf(id), answer: Catalog },
    createCatalog: {
      method: 'POST',
      path: () => catalogs,
      body: ({ displayName, description }) => ({
        ...{ displayName, description, ...published.published },
        isExternallyVisible: false,
      }),
      answer: Catalog,
    },
    // Source: https://learn.microsoft.com/graph/api/accesspackagecatalog-update
    updateCatalog: {
      method: 'PATCH',
      path: ({ id }) => catalogOf(id),
      body: ({ displayName, description }) => ({
        ...{ displayName, description, ...published.published },
      }),
      answer: Nothing,
    },
    findCatalogResources: {
      method: 'GET',
      path: ({ catalogId }) => `${catalogOf(catalogId)}/${collections.catalogResources}`,
      query: ({ originId }) => ({
        $filter: `originId eq ${literal(originId)}`,
        $expand: expand.catalogResources,
      }),
      answer: CatalogResource,
    },
    listCatalogResources: {
      method: 'GET',
      path: ({ catalogId }) => `${catalogOf(catalogId)}/${collections.catalogResources}`,
      query: () => ({ $expand: expand.catalogResources }),
      answer: CatalogResource,
    },
    findResourceRoles: {
      method: 'GET',
      path: ({ catalogId }) => `${catalogOf(catalogId)}/${collections.catalogResourceRoles}`,
      query: ({ resource }) => ({
        $filter: `(originSystem eq ${literal(resource.originSystem ?? '')} and ${members.resource}/id eq ${literal(resource.id)})`,
        $expand: members.resource,
      }),
      answer: ResourceRole,
    },
    addResourceToCatalog: {
      method: 'POST',
      path: () => `${management}/${collections.resourceRequests}`,
      body: published.resourceRequestBody,
      answer: ResourceRequest,
    },
    getResourceRequest: {
      method: 'GET',
      path: ({ id }) => `${management}/${collections.resourceRequests}/${segment(id)}`,
      answer: ResourceRequest,
    },
    findAccessPackages: {
      method: 'GET',
      path: () => packages,
      query: ({ displayName }) => ({
        $filter: named(displayName),
        ...expanding(expand.packages),
      }),
      answer: AccessPackage,
    },
    listAccessPackages: {
      method: 'GET',
      path: () => packages,
      query: () => expanding(expand.packages),
      answer: AccessPackage,
    },
    getAccessPackage: {
      method: 'GET',
      path: ({ id }) => packageOf(id),
      query: () => ({ $expand: expand.package }),
      answer: AccessPackage,
    },
    createAccessPackage: {
      method: 'POST',
      path: () => packages,
      body: ({ displayName, description, hidden, catalogId }) =>
        published.packageBody({ displayName, description, isHidden: hidden }, catalogId),
      answer: AccessPackage,
    },
    // Source: https://learn.microsoft.com/graph/api/accesspackage-update
    updateAccessPackage: {
      method: 'PATCH',
      path: ({ id }) => packageOf(id),
      body: ({ displayName, description, hidden }) => ({
        displayName,
        description,
        isHidden: hidden,
      }),
      answer: Nothing,
    },
    addResourceRoleScope: {
      method: 'POST',
      path: ({ packageId }) => `${packageOf(packageId)}/${collections.roleScopes}`,
      body: (roleScope) => roleScopeBody(roleScope, members),
      answer: Nothing,
    },
    listAssignmentPolicies: {
      method: 'GET',
      path: () => policies,
      query: ({ packageId }) => ({
        $filter: ofPackage(packageId),
        ...expanding(expand.policies),
      }),
      answer: published.policyAnswer,
    },
    listPolicies: { method: 'GET', path: () => policies, answer: Identified },
    createAssignmentPolicy: {
      method: 'POST',
      path: () => policies,
      body: published.policyBody,
      object: ({ packageId }) => packageOf(packageId),
      answer: published.policyAnswer,
    },
    getAssignmentPolicy: {
      method: 'GET',
      path: ({ id }) => `${policies}/${segment(id)}`,
      query: () => expanding(expand.policies),
      answer: published.policyAnswer,
    },
    // Source: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-update
    replaceAssignmentPolicy: {
      method: 'PUT',
      path: ({ id }) => `${policies}/${segment(id)}`,
      body: ({ id, kept, ...policy }) => ({ ...published.policyBody(policy), ...kept, id }),
      answer: Nothing,
    },
    listIncompatible: {
      method: 'GET',
      path: ({ packageId }) => `${packageOf(packageId)}/incompatibleAccessPackages`,
      answer: Identified,
    },
    addIncompatible: {
      method: 'POST',
      path: ({ packageId }) => `${packageOf(packageId)}/incompatibleAccessPackages/$ref`,
      body: ({ other }, root) => ({ '@odata.id': `${root}${packageOf(other.id)}` }),
      answer: Nothing,
    },
    findAssignments: {
      method: 'GET',
      path: () => `${management}/${collections.assignments}`,
      query: ({ packageId, userId }) => ({
        $filter: `${ofPackage(packageId)} and target/objectId eq ${literal(userId)}`,
        $expand: expand.assignments,
      }),
      answer: Assignment,
    },
    // Source: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments
    listAssignmentsOf: {
      method: 'GET',
      path: () => `${management}/${collections.assignments}`,
      query: ({ userId }) => ({
        $filter: `target/objectId eq ${literal(userId)}`,
        $expand: expand.assignments,
      }),
      answer: Assignment,
    },
    listAssignmentsOfPackage: {
      method: 'GET',
      path: () => `${management}/${collections.assignments}`,
      query: ({ packageId }) => ({ $filter: ofPackage(packageId), $expand: expand.assignments }),
      answer: Assignment,
    },
    submitAssignmentRequest: {
      method: 'POST',
      path: () => requests,
      body: ({ packageId, policyId, userId, justification, until }) => ({
        requestType: published.requestTypes.add,
        [members.assignment]: {
          targetId: userId,
          assignmentPolicyId: policyId,
          accessPackageId: packageId,
        },
        ...(until !== undefined && { schedule: scheduleUntil(until) }),
        justification,
      }),
      object: ({ packageId }) => packageOf(packageId),
      answer: AssignmentRequest,
    },
    getAssignmentRequest: {
      method: 'GET',
      path: ({ id }) => `${requests}/${segment(id)}`,
      query: () => ({ $expand: expand.requests }),
      answer: AssignmentRequest,
    },
    findAssignmentRequests: {
      method: 'GET',
      path: () => requests,
      query: ({ packageId }) => ({ $filter: ofPackage(packageId), $expand: expand.requests }),
      answer: AssignmentRequest,
    },
    // No other filter may stand beside it: which combinations Graph takes is not documented.
    // Source: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignmentrequests
    listRequestsSince: {
      method: 'GET',
      path: () => requests,
      query: ({ since }) => ({ $filter: `createdDateTime gt ${since}`, $expand: expand.requests }),
      answer: AssignmentRequest,
    },
    listRequests: {
      method: 'GET',
      path: () => requests,
      query: ({ since }) => ({ $filter: `createdDateTime gt ${since}`, $expand: expand.requests }),
      answer: AssignmentRequest,
    },
    listRequestsInState: {
      method: 'GET',
      path: () => requests,
      query: ({ state }) => ({ $filter: published.inState(state), $expand: expand.requests }),
      answer: AssignmentRequest,
    },
  };
}

/**
 * A schedule from now on that ends then, or never.
 * Source: https://learn.microsoft.com/graph/api/resources/entitlementmanagementschedule
 */
export const scheduleUntil = (endDateTime: string | null): object => ({
  startDateTime: new Date().toISOString(),
  recurrence: null,
  expiration: {
    ...{ endDateTime, duration: null },
    type: endDateTime === null ? 'noExpiration' : 'afterDateTime',
  },
});

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? `eq ${literal(values[0] ?? '')}` : `in (${values.map(literal).join(',')})`;

export const named = (displayName: string): string => `displayName eq ${literal(displayName)}`;

export const ofPackage = (packageId: string): string => `accessPackage/id eq ${literal(packageId)}`;

const expanding = (members: string | undefined): Record<string, string> =>
  members === undefined ? {} : { $expand: members };

/**
 * A role of a catalog's resource for a package. The id of the resource is the catalog's, not the group's. A resource
 * whose scopes cannot be read is meant as a whole, by its root scope.
 * Source: https://learn.microsoft.com/graph/api/accesspackage-post-resourcerolescopes
 */
function roleScopeBody(
  { resource, role, scope }: NewRoleScope,
  members: PublishedVersion['members'],
): object {
  const { originId, originSystem } = resource;
  return {
    [members.role]: {
      displayName: role.displayName,
      originSystem: role.originSystem ?? originSystem,
      originId: role.originId,
      [members.resource]: { id: resource.id, originId, originSystem },
    },
    [members.scope]: {
      originId: scope?.originId ?? originId,
      originSystem: scope?.originSystem ?? originSystem,
      isRootScope: scope?.isRootScope ?? true,
    },
  };
}
