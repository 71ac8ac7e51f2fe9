import { emptyOn404 } from '../../../shared/graph/errors';
import type { ServicePrincipal } from '../../../shared/graph/tenant';
import type { TenantGraph } from '../../tenant/tenant-graph';

/** An identity by its object id or its client id. Throws with what to do if the tenant has neither. */
export async function findIdentity(graph: TenantGraph, id: string): Promise<ServicePrincipal> {
  const found =
    (await graph.principalByAppId(id)) ?? (await emptyOn404(graph.principalById(id)))[0];
  if (found !== undefined) return found;
  throw new Error(
    `this tenant has no identity with the object id or client id ${id}; one that was just made takes up to a minute`,
  );
}

/** Microsoft Graph as this tenant knows it, with the permissions that it offers. */
export async function findGraph(graph: TenantGraph): Promise<ServicePrincipal> {
  const found = await graph.graphPrincipal();
  if (found === undefined) throw new Error('this tenant does not know Microsoft Graph');
  return found;
}
