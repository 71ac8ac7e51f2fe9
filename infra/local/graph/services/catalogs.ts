import { unauthorizedCatalog } from '../errors';
import type { View } from '../state/lag';
import type { Catalog } from '../state/rows';
import type { Tenant } from '../tenant/tenant';
import { newId } from './ids';

type Wanted = Pick<Catalog, 'displayName' | 'description' | 'state' | 'isExternallyVisible'>;

/** Names of catalogs are not unique: whoever wants one catalog looks first. */
export function createCatalog(tenant: Tenant, wanted: Wanted, id = newId()): Catalog {
  const now = tenant.now();
  const catalog = { ...wanted, id, createdAt: now, modifiedAt: now };
  tenant.put('catalogs', catalog);
  return catalog;
}

export function changeCatalog(tenant: Tenant, catalog: Catalog, change: Partial<Wanted>): Catalog {
  const changed = { ...catalog, ...change, modifiedAt: tenant.now() };
  tenant.put('catalogs', changed);
  return changed;
}

/** The catalog with this id as the view knows it. A catalog that is unknown, also because it is new, reads as forbidden. */
export function requireCatalog(tenant: Tenant, view: View | undefined, id: string): Catalog {
  const catalog = tenant.tables.catalogs.get(id, view);
  if (catalog === undefined) throw unauthorizedCatalog();
  return catalog;
}
