/** An application permission of Microsoft Graph, by its name, and what Joinery needs it for. */
export type WantedPermission = { permission: string; why: string };

const findPeople: WantedPermission = {
  permission: 'User.Read.All',
  why: 'finds a worker in the directory by the match attribute, and sees whether the account is enabled',
};

/** For an app that makes what is missing (PACKAGES=ensure). */
export const tenantWide: readonly WantedPermission[] = [
  {
    permission: 'EntitlementManagement.ReadWrite.All',
    why: 'makes catalogs, packages and policies, and asks for assignments, in every catalog of the tenant',
  },
  findPeople,
];

/** Adding a group to a catalog takes the right to change that group, as its owner or by this permission. */
export const addsGroups: WantedPermission = {
  permission: 'Group.ReadWrite.All',
  why: 'adds groups to catalogs, which an application may only with the right to change every group',
};

/** For an app that finds everything made (PACKAGES=verify-only): to read, and beside it a role in its catalogs. */
export const narrow: readonly WantedPermission[] = [
  {
    permission: 'EntitlementManagement.Read.All',
    why: 'finds catalogs and packages by name: a role in a catalog lists only what names a package',
  },
  findPeople,
];

/**
 * The role beside `narrow`. docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate, which
 * call it less privileged than the permission to write entitlement management.
 */
export const assignmentManager = {
  id: 'e2182095-804a-4656-ae11-64734e9b7ae5',
  name: 'Access package assignment manager',
  why: 'asks for and removes assignments of the packages in this catalog, and changes nothing else',
};
