import { z } from 'zod';
import { runTool } from '../command-line';
import { explain, openTenant, printAccount, tenantFlags, type Tenant } from '../tenant/command';
import { createTenantGraph } from '../tenant/tenant-graph';
import { grantAll, type GrantRequest, type GrantResult } from './grant/grant-all';

const usage = `Grants the app's identity the access to Microsoft Graph that it needs, and prints each grant and its reason. Existing
grants are left as they are, so it can run again.

usage: npm run grant:graph -- --identity <object or client id> (--narrow --catalog <id or name>... | --tenant-wide)

  --narrow          for PACKAGES=verify-only: a role in each --catalog, and permissions to read only
  --catalog <name>  a catalog by id or display name; repeat for each catalog of the access model
  --tenant-wide     for PACKAGES=ensure: permissions to write entitlement management in the whole tenant
  --adds-groups     with --tenant-wide: lets the app add groups to catalogs, and so change every group
  --revoke-wider    revoke other permissions of Microsoft Graph that the identity has
  --dry-run         print what would be done, and change nothing
  --json            print only JSON
${tenantFlags.usage}`;

/** The permissions that the user consents to when signing in. */
const scopes = [
  'EntitlementManagement.ReadWrite.All',
  'AppRoleAssignment.ReadWrite.All',
  'Application.Read.All',
];

const options = {
  ...tenantFlags.options,
  identity: { type: 'string' },
  narrow: { type: 'boolean', default: false },
  catalog: { type: 'string', multiple: true, default: [] as string[] },
  'tenant-wide': { type: 'boolean', default: false },
  'adds-groups': { type: 'boolean', default: false },
  'revoke-wider': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Given = {
  identity?: string | undefined;
  narrow: boolean;
  catalog: string[];
  'tenant-wide': boolean;
  'adds-groups': boolean;
  'revoke-wider': boolean;
  'dry-run': boolean;
};
type Command = { request: GrantRequest; tenant: Tenant; json: boolean };

/** Throws an Error for the user if options are missing or contradict each other. */
function requestOf(given: Given): GrantRequest {
  const { identity, narrow, catalog, 'tenant-wide': wide, 'adds-groups': addsGroups } = given;
  if (identity === undefined)
    throw new Error("--identity is missing: give the object id or client id of the app's identity");
  if (!z.guid().safeParse(identity).success)
    throw new Error(`--identity takes an object id or client id, not "${identity}"`);
  if (narrow === wide) throw new Error('give either --narrow or --tenant-wide');
  if (narrow && catalog.length === 0) throw new Error('--narrow needs a --catalog');
  if (wide && catalog.length > 0) throw new Error('--catalog needs --narrow');
  if (narrow && addsGroups) throw new Error('--adds-groups needs --tenant-wide');
  const { 'dry-run': dryRun, 'revoke-wider': revokeWider } = given;
  return { identity, catalogs: catalog, addsGroups, revokeWider, dryRun };
}

function print({ identity, grants }: GrantResult): void {
  console.log(`${identity.displayName} (${identity.id})`);
  for (const { done, what, why } of grants) {
    console.log(`  ${done.padEnd(12)} ${what}\n${' '.repeat(15)}${why}`);
  }
}

async function run({ request, tenant, json }: Command): Promise<number> {
  await printAccount(tenant);
  const result = await grantAll(createTenantGraph(tenant), request);
  if (json) console.log(JSON.stringify(result));
  else print(result);
  return 0;
}

void runTool({
  usage,
  options,
  read: (given) => ({
    request: requestOf(given),
    tenant: openTenant(given, scopes, process.env),
    json: given.json,
  }),
  run,
  explain: (error) => `grant:graph: ${explain(error)}`,
});
