import type { TenantGraph } from '../../tenant/tenant-graph';
import { assignRole, findCatalog, holdsRole } from './catalog-role';
import type { ServicePrincipal } from '../../../shared/graph/tenant';
import { findGraph, findIdentity } from './identity';
import { grantPermission, heldPermissions, revokePermission } from './permissions';
import {
  addsGroups,
  assignmentManager,
  narrow,
  tenantWide,
  type WantedPermission,
} from './wanted-grants';

export type Wanted = {
  /** Object id or client id. */
  identity: string;
  /** Catalogs by id or display name: a role in each and no permission to write. Empty: the permissions of the tenant. */
  catalogs: readonly string[];
  addsGroups: boolean;
  /** Takes away permissions of Microsoft Graph beyond those wanted. */
  revokeWider: boolean;
  /** Reads only. */
  dryRun: boolean;
};

/** What was done about one grant; `wider` is one that the identity has and does not need. */
export type Grant = {
  done: 'granted' | 'held' | 'would-grant' | 'wider' | 'revoked' | 'would-revoke';
  what: string;
  why: string;
};
export type Granting = { identity: { id: string; displayName: string }; grants: Grant[] };

/** Sees to it that an identity has what Joinery needs; what it has already is left as it is, so it can be run again. */
export async function grantAll(graph: TenantGraph, wanted: Wanted): Promise<Granting> {
  const identity = await findIdentity(graph, wanted.identity);
  const isNarrow = wanted.catalogs.length > 0;
  const permissions = isNarrow
    ? narrow
    : [...tenantWide, ...(wanted.addsGroups ? [addsGroups] : [])];
  const grants = [
    ...(await grantRoles(graph, identity, wanted)),
    ...(await grantPermissions(graph, identity, permissions, wanted)),
  ];
  return { identity: { id: identity.id, displayName: identity.displayName ?? '' }, grants };
}

async function grantRoles(
  graph: TenantGraph,
  identity: ServicePrincipal,
  { catalogs, dryRun }: Wanted,
): Promise<Grant[]> {
  const grants: Grant[] = [];
  for (const name of catalogs) {
    const catalog = await findCatalog(graph, name);
    const held = await holdsRole(graph, identity, assignmentManager.id, catalog);
    const done = held
      ? 'held'
      : dryRun
        ? 'would-grant'
        : await assignRole(graph, identity, assignmentManager.id, catalog);
    grants.push({
      done,
      what: `${assignmentManager.name} on the catalog "${catalog.displayName}"`,
      why: assignmentManager.why,
    });
  }
  return grants;
}

async function grantPermissions(
  graph: TenantGraph,
  identity: ServicePrincipal,
  wanted: readonly WantedPermission[],
  { dryRun, revokeWider }: Wanted,
): Promise<Grant[]> {
  const api = await findGraph(graph);
  const held = await heldPermissions(graph, identity, api);
  const grants: Grant[] = [];
  for (const { permission, why } of wanted) {
    const has = held.some((one) => one.permission === permission);
    const done = has
      ? 'held'
      : dryRun
        ? 'would-grant'
        : await grantPermission(graph, identity, api, permission);
    grants.push({ done, what: permission, why });
  }
  for (const one of held) {
    if (wanted.some(({ permission }) => permission === one.permission)) continue;
    if (revokeWider && !dryRun) await revokePermission(graph, identity, one);
    grants.push({
      done: !revokeWider ? 'wider' : dryRun ? 'would-revoke' : 'revoked',
      what: one.permission,
      why: 'Joinery does not need it in this set-up; --revoke-wider takes it away',
    });
  }
  return grants;
}
