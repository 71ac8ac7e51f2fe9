import { z } from 'zod';
import { GraphError } from '../../../shared/graph/graph-error';
import { literal, segment } from '../../../shared/graph/odata';
import type { TenantGraph } from '../../tenant/tenant-graph';

const ServicePrincipal = z.object({
  id: z.string(),
  appId: z.string(),
  displayName: z.string(),
  appRoles: z.array(z.object({ id: z.string(), value: z.string().nullish() })),
});
export type ServicePrincipal = z.infer<typeof ServicePrincipal>;

/** The id that Microsoft Graph has in every tenant. */
const graphAppId = '00000003-0000-0000-c000-000000000000';

/** An identity by its object id or its client id. Throws with what to do if the tenant has neither. */
export async function findIdentity(graph: TenantGraph, id: string): Promise<ServicePrincipal> {
  const [byClient] = await byAppId(graph, id);
  if (byClient !== undefined) return byClient;
  try {
    return await graph.read(`servicePrincipals/${segment(id)}`, ServicePrincipal);
  } catch (error) {
    if (!(error instanceof GraphError && error.fault.status === 404)) throw error;
    throw new Error(
      `this tenant has no identity with the object id or client id ${id}; one that was just made takes up to a minute`,
      { cause: error },
    );
  }
}

/** Microsoft Graph as this tenant knows it, with the permissions that it offers. */
export async function findGraph(graph: TenantGraph): Promise<ServicePrincipal> {
  const [found] = await byAppId(graph, graphAppId);
  if (found === undefined) throw new Error('this tenant does not know Microsoft Graph');
  return found;
}

const byAppId = (graph: TenantGraph, appId: string): Promise<ServicePrincipal[]> =>
  graph.list(
    `servicePrincipals?$filter=${encodeURIComponent(`appId eq ${literal(appId)}`)}`,
    ServicePrincipal,
  );
