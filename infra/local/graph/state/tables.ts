import type {
  AccessPackage,
  AppRoleAssignment,
  Assignment,
  AssignmentRequest,
  Catalog,
  EntitlementRole,
  Grant,
  Group,
  Organization,
  Policy,
  Resource,
  ResourceRequest,
  RoleScope,
  ServicePrincipal,
  Sku,
  User,
} from './rows';
import { createTable, type Table } from './table';

/** The rows of each table by its name, which the journal uses too. */
export type Rows = {
  users: User;
  groups: Group;
  servicePrincipals: ServicePrincipal;
  appRoleAssignments: AppRoleAssignment;
  entitlementRoles: EntitlementRole;
  organizations: Organization;
  skus: Sku;
  catalogs: Catalog;
  resources: Resource;
  resourceRequests: ResourceRequest;
  accessPackages: AccessPackage;
  roleScopes: RoleScope;
  policies: Policy;
  requests: AssignmentRequest;
  assignments: Assignment;
  grants: Grant;
};

export type TableName = keyof Rows;
export type Tables = { [Name in TableName]: Table<Rows[Name]> };

/** The key of an index over two members. */
export const both = (one: string, other: string): string => `${one} ${other}`;

/** A text as an index knows it: a query finds it in any case. */
export const folded = (text: string): string => text.toLowerCase();

const optional = (key: string | undefined): string[] => (key === undefined ? [] : [key]);

/** All tables, empty, with indexes so that no call of a client scans a table. */
export function createTables(): Tables {
  return {
    users: createTable<User>({
      employeeId: ({ employeeId }) => (employeeId === null ? [] : [folded(employeeId)]),
      userPrincipalName: ({ userPrincipalName }) => [folded(userPrincipalName)],
      attribute: ({ attributes = {} }) =>
        Object.entries(attributes).map(([path, value]) => folded(both(path, value))),
    }),
    groups: createTable<Group>({ displayName: ({ displayName }) => [folded(displayName)] }),
    servicePrincipals: createTable<ServicePrincipal>({ appId: ({ appId }) => [appId] }),
    appRoleAssignments: createTable<AppRoleAssignment>({
      principal: ({ principalId }) => [principalId],
      resource: ({ resourceId }) => [resourceId],
    }),
    entitlementRoles: createTable<EntitlementRole>({
      principal: ({ principalId }) => [principalId],
      catalog: ({ appScopeId }) => optional(appScopeId?.split('/').at(-1)?.toLowerCase()),
    }),
    organizations: createTable<Organization>(),
    skus: createTable<Sku>(),
    catalogs: createTable<Catalog>({ displayName: ({ displayName }) => [folded(displayName)] }),
    resources: createTable<Resource>({
      catalog: ({ catalogId }) => [catalogId],
      catalogAndOrigin: ({ catalogId, originId }) => [both(catalogId, originId)],
    }),
    resourceRequests: createTable<ResourceRequest>(),
    accessPackages: createTable<AccessPackage>({
      catalog: ({ catalogId }) => optional(catalogId),
      displayName: ({ displayName }) => [folded(displayName)],
      incompatibleWith: ({ incompatibleWith }) => incompatibleWith,
    }),
    roleScopes: createTable<RoleScope>({
      accessPackage: ({ packageId }) => [packageId],
      resource: ({ resourceId }) => [resourceId],
    }),
    policies: createTable<Policy>({ accessPackage: ({ packageId }) => [packageId] }),
    requests: createTable<AssignmentRequest>({
      accessPackage: ({ packageId }) => optional(packageId),
      state: ({ state }) => [state],
      accessPackageAndTarget: ({ packageId, targetId }) =>
        packageId === undefined || targetId === undefined ? [] : [both(packageId, targetId)],
      justification: ({ justification }) => optional(justification ?? undefined),
    }),
    assignments: createTable<Assignment>({
      accessPackage: ({ packageId }) => [packageId],
      target: ({ targetId }) => [targetId],
      accessPackageAndTarget: ({ packageId, targetId }) => [both(packageId, targetId)],
    }),
    grants: createTable<Grant>({
      role: ({ roleOriginId }) => [roleOriginId],
      user: ({ userId }) => [userId],
    }),
  };
}
