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
import { requireCatalog, rolesOf, scopeOf } from './catalogs';
import { grantRole } from './grants';
import { newId } from './ids';
import type { Tenant } from './tenant';

type PackageDetails = Pick<
  AccessPackage,
  'catalogId' | 'displayName' | 'description' | 'isHidden' | 'isRoleScopesVisible'
>;

/** Makes a package; without a catalog, it has to be known by its name alone, which nobody else may bear then. */
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
  const made = { ...details, id, incompatibleWith: [], createdAt: now, modifiedAt: now };
  tenant.put('accessPackages', made);
  return made;
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
  among: (other: AccessPackage) => boolean,
): void {
  const taken = packagesNamed(tenant, displayName).some(among);
  if (taken && tenant.uniqueNames) throw duplicateAccessPackage();
}

/** All packages of a name as they truly are. */
function packagesNamed(tenant: Tenant, displayName: string): AccessPackage[] {
  const found = tenant.tables.accessPackages.find('displayName', displayName);
  return found.map(({ row }) => row).filter((row) => row.displayName === displayName);
}

/** The one package of a name, else ResourceNotFound; a name that several bear names none of them. */
export function requirePackageNamed(
  tenant: Tenant,
  view: View,
  displayName: string,
): AccessPackage {
  const [found, ...others] = packagesNamed(tenant, displayName);
  if (others.length > 0) throw ambiguousName();
  return requirePackage(tenant, view, found?.id ?? '');
}

/** Puts a package that is in no catalog yet into the one whose role it is about to grant. */
export function enterCatalog(
  tenant: Tenant,
  accessPackage: AccessPackage,
  catalogId: string,
): void {
  requireFreeName(
    tenant,
    accessPackage.displayName,
    (other) => other.catalogId === catalogId && other.id !== accessPackage.id,
  );
  const modifiedAt = tenant.now();
  tenant.put('accessPackages', { ...accessPackage, catalogId, catalogByRole: true, modifiedAt });
}

/** The package with this id as the view knows it, else ResourceNotFound. */
export function requirePackage(tenant: Tenant, view: View | undefined, id: string): AccessPackage {
  const found = tenant.tables.accessPackages.get(id, view);
  if (found === undefined) throw resourceNotFound('access package');
  return found;
}

/** Whoever holds `other` cannot get `id` any more. One direction only. Adding what is there changes nothing. */
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
 * Lets a package grant a role of a resource of its own catalog; those who hold the package already get it too. The role
 * must be one that the resource has: the role's origin id, not its name, decides.
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
  // How the real service answers a role that the package has already is unpublished; it is never there twice.
  if (tenant.tables.roleScopes.get(id) !== undefined) throw duplicateKey();
  if (accessPackage.catalogId === undefined) enterCatalog(tenant, accessPackage, home);
  const made: RoleScope = {
    id,
    packageId: accessPackage.id,
    resourceId: resource.id,
    roleOriginId: role.originId,
    createdAt: tenant.now(),
  };
  tenant.put('roleScopes', made);
  for (const { row } of tenant.tables.assignments.find('accessPackage', accessPackage.id)) {
    if (row.state === 'delivered') grantRole(tenant, row, made);
  }
  return made;
}
