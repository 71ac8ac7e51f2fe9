import { duplicateAccessPackage, invalidRequest, resourceNotFound } from '../errors';
import type { View } from '../state/lag';
import type { AccessPackage } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { requireCatalog } from './catalogs';
import { newId } from './ids';

type Wanted = Pick<AccessPackage, 'catalogId' | 'displayName' | 'description' | 'isHidden'>;

export function createPackage(
  tenant: Tenant,
  view: View | undefined,
  wanted: Wanted,
  id = newId(),
): AccessPackage {
  const catalog = requireCatalog(tenant, view, wanted.catalogId);
  const taken = tenant.tables.accessPackages
    .find('displayName', wanted.displayName)
    .some(({ row }) => row.catalogId === catalog.id && row.displayName === wanted.displayName);
  if (taken && tenant.uniqueNames) throw duplicateAccessPackage();
  const now = tenant.now();
  const made = { ...wanted, id, incompatibleWith: [], createdAt: now, modifiedAt: now };
  tenant.put('accessPackages', made);
  return made;
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
