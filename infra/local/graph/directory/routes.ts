import type { Routes } from '../http/route-tree';
import type { Dialect } from '../odata/entities';
import {
  deleteAppRoleAssignment,
  listAppRoleAssignments,
  postAppRoleAssignment,
  type Side,
} from './app-role-assignments';
import {
  deleteRoleAssignment,
  listRoleAssignments,
  listRoleDefinitions,
  postRoleAssignment,
  readRoleAssignment,
} from './entitlement-roles';
import { deleteGroup, listGroups, listMembers, listOwners, postGroup, readGroup } from './groups';
import { listOrganizations, listSkus } from './organization';
import { listServicePrincipals, readServicePrincipal } from './service-principals';
import { listUsers, readUser } from './users';

/** The directory, which all versions of Graph have alike: people, groups, applications, permissions, roles, licences. */
export const directoryRoutes = (dialect: Dialect, version: string): Routes => ({
  [`/${version}/organization`]: { GET: listOrganizations(dialect) },
  [`/${version}/subscribedSkus`]: { GET: listSkus(dialect) },
  [`/${version}/users`]: { GET: listUsers(dialect) },
  [`/${version}/users/{}`]: { GET: readUser(dialect) },
  [`/${version}/groups`]: { GET: listGroups(dialect), POST: postGroup(dialect) },
  [`/${version}/groups/{}`]: { GET: readGroup(dialect), DELETE: deleteGroup },
  [`/${version}/groups/{}/members`]: { GET: listMembers(dialect) },
  [`/${version}/groups/{}/owners`]: { GET: listOwners(dialect) },
  [`/${version}/servicePrincipals`]: { GET: listServicePrincipals(dialect) },
  [`/${version}/servicePrincipals/{}`]: { GET: readServicePrincipal(dialect) },
  ...appRoleRoutes(dialect, `/${version}/servicePrincipals/{}/appRoleAssignments`, 'principal'),
  ...appRoleRoutes(dialect, `/${version}/servicePrincipals/{}/appRoleAssignedTo`, 'resource'),
  [`/${version}/roleManagement/entitlementManagement/roleDefinitions`]: {
    GET: listRoleDefinitions(dialect),
  },
  [`/${version}/roleManagement/entitlementManagement/roleAssignments`]: {
    GET: listRoleAssignments(dialect),
    POST: postRoleAssignment(dialect),
  },
  [`/${version}/roleManagement/entitlementManagement/roleAssignments/{}`]: {
    GET: readRoleAssignment(dialect),
    DELETE: deleteRoleAssignment,
  },
});

const appRoleRoutes = (dialect: Dialect, path: string, side: Side): Routes => ({
  [path]: {
    GET: listAppRoleAssignments(dialect, side),
    POST: postAppRoleAssignment(dialect, side),
  },
  [`${path}/{}`]: { DELETE: deleteAppRoleAssignment(side) },
});
