import {
  directoryObjectNotFound,
  invalidRequest,
  permissionAlreadyGranted,
  resourceNotFound,
  unknownPermission,
} from '../errors';
import type { View } from '../state/lag';
import type { AppRole, AppRoleAssignment, EntitlementRole, ServicePrincipal } from '../state/rows';
import { derivedId } from './ids';
import type { Tenant } from './tenant';

/** The application id of Microsoft Graph, which is the same in every tenant. */
export const graphAppId = '00000003-0000-0000-c000-000000000000';

/**
 * The application permissions that this simulator knows.
 * Source: permissions-descriptions.json of https://github.com/microsoftgraph/microsoft-graph-devx-content (August 2026).
 */
const ids = {
  'Application.Read.All': '9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30',
  'Application.ReadWrite.All': '1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9',
  'AppRoleAssignment.ReadWrite.All': '06b708a9-e830-4db3-a914-8e69da51d44f',
  'Directory.Read.All': '7ab1d382-f21e-4acd-a863-ba3e13f7da61',
  'Directory.ReadWrite.All': '19dbc75e-c2e2-444c-a770-ec69d8559fc7',
  'EntitlementManagement.Read.All': 'c74fd47d-ed3c-45c3-9a9e-b8676de685d2',
  'EntitlementManagement.ReadWrite.All': '9acd699f-1e81-4958-b001-93b1d2506e19',
  'Group.Create': 'bf7b1a76-6e77-406b-b258-bf5c7720e98f',
  'Group.Read.All': '5b567255-7703-4780-807c-7be8301ae99b',
  'Group.ReadWrite.All': '62a82d76-70ea-41e2-9197-370581804d09',
  'GroupMember.Read.All': '98830695-27a2-44f7-8c18-0c3ebc9698f6',
  'GroupMember.ReadWrite.All': 'dbaae8cf-10b5-4b86-a4a1-f871c94c6695',
  'Organization.Read.All': '498476ce-e0fe-48b0-b801-37ba7e2685c6',
  'RoleManagement.Read.All': 'c7fbd983-d9aa-4fa7-84b8-17382c103bc4',
  'RoleManagement.Read.Directory': '483bed4a-2ad3-4361-a73b-c83ccdbdc53c',
  'RoleManagement.ReadWrite.Directory': '9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8',
  'User.Read.All': 'df021288-bdef-4463-88db-98f22de89214',
  'User.ReadBasic.All': '97235f07-e226-4f63-ace3-39588e11d3a1',
  'User.ReadWrite.All': '741f803b-c850-494e-b5df-cde7c675a1ca',
};
export type Permission = keyof typeof ids;

export const permissions = Object.keys(ids) as Permission[];
export const permissionId = (name: Permission): string => ids[name];
export const permissionOf = (id: string): Permission | undefined =>
  permissions.find((name) => ids[name] === id);

export const graphAppRoles: AppRole[] = permissions.map((value) => ({
  id: ids[value],
  value,
  displayName: value,
}));

/** The service principal with this id as the view knows it. Throws Request_ResourceNotFound. */
export function requireServicePrincipal(
  tenant: Tenant,
  view: View | undefined,
  id: string,
): ServicePrincipal {
  const found = tenant.tables.servicePrincipals.get(id, view);
  if (found === undefined) throw directoryObjectNotFound(id);
  return found;
}

/**
 * Grants an application permission. Refused if it is granted already.
 * docs: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
 */
export function grantAppRole(
  tenant: Tenant,
  { principalId, resourceId, appRoleId }: Omit<AppRoleAssignment, 'id' | 'createdAt'>,
): AppRoleAssignment {
  requirePrincipal(tenant, principalId);
  const { appRoles } = requireServicePrincipal(tenant, undefined, resourceId);
  if (!appRoles.some(({ id }) => id === appRoleId)) throw unknownPermission();
  const id = derivedId('appRole', principalId, resourceId, appRoleId);
  if (tenant.tables.appRoleAssignments.get(id) !== undefined) throw permissionAlreadyGranted();
  const granted = { id, principalId, resourceId, appRoleId, createdAt: tenant.now() };
  tenant.put('appRoleAssignments', granted);
  return granted;
}

/** How far a role reaches inside its catalog. Each level includes those before it. */
export const reaches = ['read', 'assign', 'packages', 'catalog'] as const;
export type Reach = (typeof reaches)[number];

export type RoleDefinition = {
  id: string;
  displayName: string;
  description: string;
  /** Absent for the role in the tenant, whose holders may create catalogs. */
  reach?: Reach;
};

/**
 * The roles of entitlement management. They are the same in every tenant, and none can be added.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
export const roleDefinitions: readonly RoleDefinition[] = [
  {
    id: 'ba92d953-d8e0-4e39-a797-0cbedb0a89e8',
    displayName: 'Catalog creator',
    description: 'Creates catalogs and owns them.',
  },
  {
    id: 'ae79f266-94d4-4dab-b730-feca7e132178',
    displayName: 'Catalog owner',
    description: 'Manages a catalog and all in it.',
    reach: 'catalog',
  },
  {
    id: '44272f93-9762-48e8-af59-1b5351b1d6b3',
    displayName: 'Catalog reader',
    description: 'Reads a catalog and all in it.',
    reach: 'read',
  },
  {
    id: '7f480852-ebdc-47d4-87de-0d8498384a83',
    displayName: 'Access package manager',
    description: 'Manages the packages of a catalog, their policies and assignments.',
    reach: 'packages',
  },
  {
    id: 'e2182095-804a-4656-ae11-64734e9b7ae5',
    displayName: 'Access package assignment manager',
    description: 'Manages the assignments of the packages of a catalog.',
    reach: 'assign',
  },
];

export const definitionOf = (id: string): RoleDefinition | undefined =>
  roleDefinitions.find((definition) => definition.id === id);

const catalogScope = /^\/AccessPackageCatalog\/([0-9a-f-]{36})$/i;

/** The catalog that a scope names, in lower case as ids are stored. */
export const catalogIn = ({ appScopeId }: EntitlementRole): string | undefined =>
  catalogScope.exec(appScopeId ?? '')?.[1]?.toLowerCase();

/** Assigns a role of entitlement management. The same role in the same scope is assigned once. */
export function assignRole(tenant: Tenant, details: Omit<EntitlementRole, 'id'>): EntitlementRole {
  const { principalId, roleDefinitionId, appScopeId, directoryScopeId } = details;
  const scope = appScopeId ?? directoryScopeId ?? '';
  const assignment = { ...details, id: derivedId('role', principalId, roleDefinitionId, scope) };
  requirePrincipal(tenant, details.principalId);
  const definition = definitionOf(details.roleDefinitionId);
  if (definition === undefined) throw resourceNotFound('role definition');
  requireScope(tenant, definition, assignment);
  const held = tenant.tables.entitlementRoles.find('principal', details.principalId);
  const again = held.some(
    ({ row }) =>
      row.roleDefinitionId === details.roleDefinitionId && catalogIn(row) === catalogIn(assignment),
  );
  // The code of this refusal is not published.
  if (again) throw invalidRequest('The principal has this role in this scope already.');
  tenant.put('entitlementRoles', assignment);
  return assignment;
}

export function requirePrincipal({ tables }: Tenant, id: string): void {
  const known = tables.servicePrincipals.get(id) ?? tables.users.get(id) ?? tables.groups.get(id);
  if (known === undefined) throw directoryObjectNotFound(id);
}

/** A role is held in a catalog, except the one for creating catalogs, which is held in the tenant. */
function requireScope(tenant: Tenant, { reach }: RoleDefinition, details: EntitlementRole): void {
  if ((details.appScopeId === null) === (details.directoryScopeId === null)) {
    throw invalidRequest('Either appScopeId or directoryScopeId must be given.');
  }
  if (reach === undefined) {
    if (details.directoryScopeId !== '/') {
      throw invalidRequest('This role is held in the tenant: directoryScopeId must be /.');
    }
    return;
  }
  const catalogId = catalogIn(details);
  if (catalogId === undefined) {
    throw invalidRequest('This role is held in a catalog: appScopeId must name it.');
  }
  if (tenant.tables.catalogs.get(catalogId) === undefined) throw resourceNotFound('catalog');
}
