import { directoryObjectNotFound } from '../errors';
import type { View } from '../state/lag';
import type { ServicePrincipal } from '../state/directory-rows';
import type { Tenant } from '../tenant/tenant';

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
