import type { Routes } from '../http/route-tree';
import type { Dialect } from '../odata/entities';
import { listGroups, listMembers, listOwners, readGroup } from './groups';
import { listUsers, readUser } from './users';

/** People and groups, which all versions of Graph have alike. */
export const directoryRoutes = (dialect: Dialect, version: string): Routes => ({
  [`/${version}/users`]: { GET: listUsers(dialect) },
  [`/${version}/users/{}`]: { GET: readUser(dialect) },
  [`/${version}/groups`]: { GET: listGroups(dialect) },
  [`/${version}/groups/{}`]: { GET: readGroup(dialect) },
  [`/${version}/groups/{}/members`]: { GET: listMembers(dialect) },
  [`/${version}/groups/{}/owners`]: { GET: listOwners(dialect) },
});
