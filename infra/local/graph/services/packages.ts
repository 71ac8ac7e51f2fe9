import {
  ambiguousName,
  duplicateAccessPackage,
  duplicateKey,
  invalidRequest,
  resourceNotFound,
  roleNotFound,
} from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage, RoleScope } from '../state/rows';
import { folded } from '../state/tables';
import { requireCatalog, rolesOf, scopeOf } from './catalogs';
import { grantRole } from './grants';
import { newId } from './ids';
import type { Tenant } from './tenant';

type PackageDetails = Pick<
  AccessPackage,
  'catalogId' | 'displayName' | 'description' | 'isHidden' | 'isRoleScopesVisible'
>;

/** Creates a package. Without a catalog its name identifies it, so no other package may have that name. */
export function createPackage(
  tenant: Tenant,
  view: View | undefined,
  details: PackageDetails,
  id = newId(),
): AccessPackage {
  if (details.catalogId !== undefined) requireCatalog(tenant, view, details.catalogId);
  const { catalogId } = details;
  requireFreeName(tenant, details.displayName, (other) =>
    catalogId === undefined ? true : other.catalogId === catalogId,
  );
  const now = tenant.now();
  const accessPackage = {
    ...details,
    id,
    incompatibleWith: [],
    createdAt: now,
    modifiedAt: now,
  };
  tenant.put('accessPackages', accessPackage);
  return accessPackage;
}

/**
 * Changes how a package is described.
 * docs: https://learn.microsoft.com/graph/api/accesspackage-update
 */
export function changePackage(
  tenant: Tenant,
  current: AccessPackage,
  change: Omit<PackageDetails, 'catalogId'>,
): void {
  const { id, catalogId, displayName } = { ...current, ...change };
  requireFreeName(
    tenant,
    displayName,
    (other) => other.id !== id && (catalogId === undefined || other.catalogId === catalogId),
  );
  tenant.put('accessPackages', { ...current, ...change, modifiedAt: tenant.now() });
}

function requireFreeName(
  tenant: Tenant,
  displayName: string,
  clashes: (other: AccessPackage) => boolean,
): void {
  const taken = packagesNamed(tenant, displayName).some(clashes);
  if (taken && tenant.uniqueNames) throw duplicateAccessPackage();
}

/** All packages with a name, in any case, without replica lag. */
function packagesNamed(tenant: Tenant, displayName: string): AccessPackage[] {
  const name = folded(displayName);
  const found = tenant.tables.accessPackages.find('displayName', name);
  return found.map(({ row }) => row).filter((row) => folded(row.displayName) === name);
}

/** The package with a name. Throws ResourceNotFound, or InvalidRequest if several packages have the name. */
export function requirePackageNamed(
  tenant: Tenant,
  view: View,
  displayName: string,
): AccessPackage {
  const named = packagesNamed(tenant, displayName);
  const [found, ...others] = named.filter((row) => row.displayName === displayName);
  if (others.length > 0) throw ambiguousName();
  return requirePackage(tenant, view, found?.id ?? '');
}

/** Puts a package that is in no catalog into the catalog of its first role. */
function enterCatalog(tenant: Tenant, accessPackage: AccessPackage, catalogId: string): void {
  requireFreeName(
    tenant,
    accessPackage.displayName,
    (other) => other.catalogId === catalogId && other.id !== accessPackage.id,
  );
  const modifiedAt = tenant.now();
  tenant.put('accessPackages', { ...accessPackage, catalogId, modifiedAt });
}

/** The package with this id as the view knows it. Throws ResourceNotFound. */
export function requirePackage(tenant: Tenant, view: View | undefined, id: string): AccessPackage {
  const found = tenant.tables.accessPackages.get(id, view);
  if (found === undefined) throw resourceNotFound('access package');
  return found;
}

/** Keeps holders of `other` from getting `id`, in this direction only. Adding it again changes nothing. */
export function addIncompatible(tenant: Tenant, view: View, id: string, other: string): void {
  requirePackage(tenant, view, id);
  requirePackage(tenant, view, other);
  if (id === other) throw invalidRequest('A package cannot be incompatible with itself.');
  const { incompatibleWith, ...rest } = requirePackage(tenant, undefined, id);
  if (incompatibleWith.includes(other)) return;
  tenant.put('accessPackages', { ...rest, incompatibleWith: [...incompatibleWith, other] });
}

export function removeIncompatible(tenant: Tenant, view: View, id: string, other: string): void {
  requirePackage(tenant, view, id);
  const current = requirePackage(tenant, undefined, id);
  if (!current.incompatibleWith.includes(other)) throw resourceNotFound('incompatible package');
  const incompatibleWith = current.incompatibleWith.filter((one) => one !== other);
  tenant.put('accessPackages', { ...current, incompatibleWith });
}

type NewRoleScope = {
  packageId: string;
  resourceId: string;
  roleOriginId: string;
  scopeOriginId: string | undefined;
};

/**
 * Adds a role of a resource in the package's catalog. People who hold the package get the role at once. The origin id of
 * the role counts, not its name.
 */
export function addRoleScope(
  tenant: Tenant,
  view: View | undefined,
  details: NewRoleScope,
): RoleScope {
  requirePackage(tenant, view, details.packageId);
  const accessPackage = requirePackage(tenant, undefined, details.packageId);
  const resource = tenant.tables.resources.get(details.resourceId, view);
  const home = accessPackage.catalogId ?? resource?.catalogId;
  if (resource === undefined || resource.catalogId !== home) throw resourceNotFound('resource');
  const role = rolesOf(tenant, resource).find(({ originId }) => originId === details.roleOriginId);
  if (role === undefined) throw roleNotFound();
  const scope = scopeOf(resource);
  const scopeKnown =
    details.scopeOriginId === undefined || details.scopeOriginId === scope.originId;
  if (!scopeKnown) throw resourceNotFound('scope');
  const id = `${accessPackage.id}/${role.id}_${scope.id}`;
  // The answer of the real service to a role that the package has already is not published. It never has a role twice.
  if (tenant.tables.roleScopes.get(id) !== undefined) throw duplicateKey();
  if (accessPackage.catalogId === undefined) enterCatalog(tenant, accessPackage, home);
  const roleScope: RoleScope = {
    id,
    packageId: accessPackage.id,
    resourceId: resource.id,
    roleOriginId: role.originId,
    createdAt: tenant.now(),
  };
  tenant.put('roleScopes', roleScope);
  for (const { row } of tenant.tables.assignments.find('accessPackage', accessPackage.id)) {
    if (row.state === 'delivered') grantRole(tenant, row, roleScope);
  }
  return roleScope;
}
