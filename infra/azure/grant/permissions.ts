import { z } from 'zod';
import { GraphError } from '../../../shared/graph/errors';
import { segment } from '../../../shared/graph/odata';
import type { TenantGraph } from '../../tenant/tenant-graph';
import type { ServicePrincipal } from '../../../shared/graph/tenant';

/** A permission of Microsoft Graph that an identity has: its name, and the id of the grant. */
export type HeldPermission = { permission: string; grantId: string };

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments */
export async function heldPermissions(
  graph: TenantGraph,
  identity: ServicePrincipal,
  api: ServicePrincipal,
): Promise<HeldPermission[]> {
  const held = await graph.appRoleAssignments(identity.id);
  return held
    .filter(({ resourceId }) => resourceId === api.id)
    .map(({ id, appRoleId }) => ({ permission: nameOf(api, appRoleId), grantId: id }));
}

const nameOf = ({ appRoles }: ServicePrincipal, id: string): string =>
  appRoles?.find((role) => role.id === id)?.value ?? id;

/**
 * Grants a permission. Somebody who did so meanwhile is no fault.
 * docs: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
 */
export async function grantPermission(
  graph: TenantGraph,
  identity: ServicePrincipal,
  api: ServicePrincipal,
  permission: string,
): Promise<'granted' | 'held'> {
  const appRoleId = api.appRoles?.find(({ value }) => value === permission)?.id;
  if (appRoleId === undefined)
    throw new Error(`Microsoft Graph offers no permission ${permission}`);
  const body = { principalId: identity.id, resourceId: api.id, appRoleId };
  try {
    await graph.create(`servicePrincipals/${segment(api.id)}/appRoleAssignedTo`, body, z.unknown());
    return 'granted';
  } catch (error) {
    if (!(error instanceof GraphError && error.fault.status === 400)) throw error;
    const held = await heldPermissions(graph, identity, api);
    if (!held.some((one) => one.permission === permission)) throw error;
    return 'held';
  }
}

/** docs: https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignments */
export const revokePermission = (
  graph: TenantGraph,
  identity: ServicePrincipal,
  { grantId }: HeldPermission,
): Promise<void> =>
  graph.remove(`servicePrincipals/${segment(identity.id)}/appRoleAssignments/${segment(grantId)}`);
