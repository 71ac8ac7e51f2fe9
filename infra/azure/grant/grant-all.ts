import type { ServicePrincipal } from '../../../shared/graph/tenant';
import type { TenantGraph } from '../../tenant/tenant-graph';
import {
  assignRole,
  findCatalog,
  findGraph,
  findIdentity,
  grantPermission,
  heldPermissions,
  holdsRole,
  revokePermission,
} from './calls';

/** The application permissions of Microsoft Graph that Joinery needs, and why. */
const reasons = {
  'User.Read.All':
    'finds a worker in the directory by the match attribute, and reads whether the account is enabled',
  'EntitlementManagement.ReadWrite.All':
    'creates catalogs, packages and policies, and requests assignments, in every catalog of the tenant',
  'EntitlementManagement.Read.All':
    'finds catalogs and packages by name, which a role in a catalog does not allow',
  'Group.ReadWrite.All': 'adds groups to catalogs, which needs the right to change every group',
} as const;
type Permission = keyof typeof reasons;

/** For an app that creates missing packages (PACKAGES=ensure). */
const tenantWide: readonly Permission[] = ['EntitlementManagement.ReadWrite.All', 'User.Read.All'];

/** Adding a group to a catalog needs the right to change that group: ownership or this permission. */
const addsGroups: Permission = 'Group.ReadWrite.All';

/** For an app whose packages exist (PACKAGES=verify-only): permissions to read, beside a role in each catalog. */
const narrow: readonly Permission[] = ['EntitlementManagement.Read.All', 'User.Read.All'];

/**
 * The role beside `narrow`: less privileged than the permission to write entitlement management.
 * docs: https://learn.microsoft.com/entra/id-governance/entitlement-management-delegate
 */
const assignmentManager = {
  id: 'e2182095-804a-4656-ae11-64734e9b7ae5',
  name: 'Access package assignment manager',
  why: 'requests and removes assignments of the packages in this catalog, and changes nothing else',
};

export type GrantRequest = {
  /** Object id or client id. */
  identity: string;
  /** By id or display name: the identity gets a role in each and no permission to write. Empty: tenant-wide permissions. */
  catalogs: readonly string[];
  addsGroups: boolean;
  /** Also revokes all other permissions of Microsoft Graph. */
  revokeWider: boolean;
  /** Reads only. */
  dryRun: boolean;
};

/** One grant and what was done; `wider`: the identity has this permission and does not need it. */
export type Grant = {
  done: 'granted' | 'held' | 'would-grant' | 'wider' | 'revoked' | 'would-revoke';
  what: string;
  why: string;
};
export type GrantResult = { identity: { id: string; displayName: string }; grants: Grant[] };

/** Grants an identity what Joinery needs. Existing grants are left as they are, so it can run again. */
export async function grantAll(graph: TenantGraph, request: GrantRequest): Promise<GrantResult> {
  const identity = await findIdentity(graph, request.identity);
  const isNarrow = request.catalogs.length > 0;
  const permissions = isNarrow
    ? narrow
    : [...tenantWide, ...(request.addsGroups ? [addsGroups] : [])];
  const grants = [
    ...(await grantRoles(graph, identity, request)),
    ...(await grantPermissions(graph, identity, permissions, request)),
  ];
  return { identity: { id: identity.id, displayName: identity.displayName ?? '' }, grants };
}

async function grantRoles(
  graph: TenantGraph,
  identity: ServicePrincipal,
  { catalogs, dryRun }: GrantRequest,
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
  required: readonly Permission[],
  { dryRun, revokeWider }: GrantRequest,
): Promise<Grant[]> {
  const api = await findGraph(graph);
  const held = await heldPermissions(graph, identity, api);
  const grants: Grant[] = [];
  for (const permission of required) {
    const has = held.some((one) => one.permission === permission);
    const done = has
      ? 'held'
      : dryRun
        ? 'would-grant'
        : await grantPermission(graph, identity, api, permission);
    grants.push({ done, what: permission, why: reasons[permission] });
  }
  for (const one of held) {
    if (required.some((permission) => permission === one.permission)) continue;
    if (revokeWider && !dryRun) await revokePermission(graph, identity, one);
    grants.push({
      done: !revokeWider ? 'wider' : dryRun ? 'would-revoke' : 'revoked',
      what: one.permission,
      why: 'Joinery does not need it with these options; --revoke-wider revokes it',
    });
  }
  return grants;
}
