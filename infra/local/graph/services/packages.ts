import { ambiguousName, duplicateAccessPackage, invalidRequest, resourceNotFound } from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { requireCatalog } from './catalogs';
import { newId } from './ids';

type Wanted = Pick<
  AccessPackage,
  'catalogId' | 'displayName' | 'description' | 'isHidden' | 'isRoleScopesVisible'
>;

/** Makes a package; without a catalog, it has to be known by its name alone, which nobody else may bear then. */
export function createPackage(
  tenant: Tenant,
  view: View | undefined,
  wanted: Wanted,
  id = newId(),
): AccessPackage {
  if (wanted.catalogId !== undefined) requireCatalog(tenant, view, wanted.catalogId);
  const { catalogId } = wanted;
  requireFreeName(tenant, wanted.displayName, (other) =>
    catalogId === undefined ? true : other.catalogId === catalogId,
  );
  const now = tenant.now();
  const made = { ...wanted, id, incompatibleWith: [], createdAt: now, modifiedAt: now };
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
  change: Omit<Wanted, 'catalogId'>,
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
