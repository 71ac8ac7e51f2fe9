import {
  directoryObjectNotFound,
  invalidRequest,
  permissionAlreadyGranted,
  resourceNotFound,
  unknownPermission,
} from '../errors';
import type { View } from '../state/lag';
import type { AppRoleAssignment, EntitlementRole, ServicePrincipal } from '../state/rows';
import { derivedId } from './ids';
import type { Tenant } from './tenant';

/** The service principal with this id as the view knows it, else Request_ResourceNotFound. */
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
 * Grants an application permission, once.
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

/** How far a role reaches inside its catalog; each includes those before it. */
export const reaches = ['read', 'assign', 'packages', 'catalog'] as const;
export type Reach = (typeof reaches)[number];

export type RoleDefinition = {
  id: string;
  displayName: string;
  description: string;
  /** Absent of the role that is for the tenant: its holders may make catalogs. */
  reach?: Reach;
};

/**
 * The roles of entitlement management, which are the same in every tenant; nobody can make others.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
export const roleDefinitions: readonly RoleDefinition[] = [
  {
    id: 'ba92d953-d8e0-4e39-a797-0cbedb0a89e8',
    displayName: 'Catalog creator',
    description: 'Makes catalogs and owns those it made.',
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

/** Gives somebody a role of entitlement management. The same role in the same scope is given once. */
export function assignRole(tenant: Tenant, wanted: Omit<EntitlementRole, 'id'>): EntitlementRole {
  const { principalId, roleDefinitionId, appScopeId, directoryScopeId } = wanted;
  const scope = appScopeId ?? directoryScopeId ?? '';
  const made = { ...wanted, id: derivedId('role', principalId, roleDefinitionId, scope) };
  requirePrincipal(tenant, wanted.principalId);
  const definition = definitionOf(wanted.roleDefinitionId);
  if (definition === undefined) throw resourceNotFound('role definition');
  requireScope(tenant, definition, made);
  const held = tenant.tables.entitlementRoles.find('principal', wanted.principalId);
  const again = held.some(
    ({ row }) =>
      row.roleDefinitionId === wanted.roleDefinitionId && catalogIn(row) === catalogIn(made),
  );
  // Its code is unpublished for this provider.
  if (again) throw invalidRequest('The principal has this role in this scope already.');
  tenant.put('entitlementRoles', made);
  return made;
}

export function requirePrincipal({ tables }: Tenant, id: string): void {
  const known = tables.servicePrincipals.get(id) ?? tables.users.get(id) ?? tables.groups.get(id);
  if (known === undefined) throw directoryObjectNotFound(id);
}

/** A role is held in a catalog; the one that is for making catalogs, in the tenant. */
function requireScope(tenant: Tenant, { reach }: RoleDefinition, wanted: EntitlementRole): void {
  if ((wanted.appScopeId === null) === (wanted.directoryScopeId === null)) {
    throw invalidRequest('Either appScopeId or directoryScopeId must be given.');
  }
  if (reach === undefined) {
    if (wanted.directoryScopeId !== '/') {
      throw invalidRequest('This role is held in the tenant: directoryScopeId must be /.');
    }
    return;
  }
  const catalogId = catalogIn(wanted);
  if (catalogId === undefined) {
    throw invalidRequest('This role is held in a catalog: appScopeId must name it.');
  }
  if (tenant.tables.catalogs.get(catalogId) === undefined) throw resourceNotFound('catalog');
}
