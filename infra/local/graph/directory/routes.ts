import type { Routes } from '../http/routes';
import {
  deleteRoleAssignment,
  listRoleAssignments,
  listRoleDefinitions,
  postRoleAssignment,
  readRoleAssignment,
} from './entitlement-roles';
import { listOrganizations, listSkus } from './organization';
import {
  deleteAppRoleAssignment,
  listAppRoleAssignments,
  listServicePrincipals,
  postAppRoleAssignment,
  readServicePrincipal,
  type Side,
} from './service-principals';
import {
  deleteGroup,
  listGroups,
  listMembers,
  listOwners,
  listUsers,
  postGroup,
  readGroup,
  readUser,
} from './users-and-groups';

/** The directory, which v1.0 and beta have alike: users, groups, applications, permissions, roles, licences. */
export function directoryRoutes(version: string): Routes {
  const servicePrincipals = `/${version}/servicePrincipals`;
  const roles = `/${version}/roleManagement/entitlementManagement`;
  return {
    [`/${version}/organization`]: { GET: listOrganizations },
    [`/${version}/subscribedSkus`]: { GET: listSkus },
    [`/${version}/users`]: { GET: listUsers },
    [`/${version}/users/{}`]: { GET: readUser },
    [`/${version}/groups`]: { GET: listGroups, POST: postGroup },
    [`/${version}/groups/{}`]: { GET: readGroup, DELETE: deleteGroup },
    [`/${version}/groups/{}/members`]: { GET: listMembers },
    [`/${version}/groups/{}/owners`]: { GET: listOwners },
    [servicePrincipals]: { GET: listServicePrincipals },
    [`${servicePrincipals}/{}`]: { GET: readServicePrincipal },
    ...appRoleRoutes(`${servicePrincipals}/{}/appRoleAssignments`, 'principal'),
    ...appRoleRoutes(`${servicePrincipals}/{}/appRoleAssignedTo`, 'resource'),
    [`${roles}/roleDefinitions`]: { GET: listRoleDefinitions },
    [`${roles}/roleAssignments`]: { GET: listRoleAssignments, POST: postRoleAssignment },
    [`${roles}/roleAssignments/{}`]: { GET: readRoleAssignment, DELETE: deleteRoleAssignment },
  };
}

const appRoleRoutes = (path: string, side: Side): Routes => ({
  [path]: { GET: listAppRoleAssignments(side), POST: postAppRoleAssignment(side) },
  [`${path}/{}`]: { DELETE: deleteAppRoleAssignment(side) },
});
