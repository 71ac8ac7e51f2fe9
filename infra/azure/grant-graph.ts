import { parseArgs } from 'node:util';
import { z } from 'zod';
import { explain } from '../tenant/explain';
import { orUsage } from '../tenant/or-usage';
import { openTenant, tellAccount, tenantOptions, tenantUsage } from '../tenant/open-tenant';
import { createTenantGraph } from '../tenant/tenant-graph';
import { grantAll, type Granting, type Wanted } from './grant/grant-all';

const usage = `Gives the identity of the app what it needs in Microsoft Graph, and says what and why. Run again, it grants nothing twice.

usage: npm run grant:graph -- --identity <object or client id> (--narrow --catalog <id or name>... | --tenant-wide)

  --narrow          for PACKAGES=verify-only: a role in each --catalog, and permissions to read; no permission to write
  --catalog <name>  a catalog by id or display name; once for each catalog of the access model
  --tenant-wide     for PACKAGES=ensure: permissions to write entitlement management in the whole tenant
  --adds-groups     with --tenant-wide: the app may add groups to catalogs, and so change every group
  --revoke-wider    take away permissions of Microsoft Graph that the app does not need then
  --dry-run         only say what would be done
  --json            print JSON and nothing else
${tenantUsage}`;

/** What the person agrees to when they sign in. */
const scopes = [
  'EntitlementManagement.ReadWrite.All',
  'AppRoleAssignment.ReadWrite.All',
  'Application.Read.All',
];

const options = {
  ...tenantOptions,
  identity: { type: 'string' },
  narrow: { type: 'boolean', default: false },
  catalog: { type: 'string', multiple: true, default: [] as string[] },
  'tenant-wide': { type: 'boolean', default: false },
  'adds-groups': { type: 'boolean', default: false },
  'revoke-wider': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const parsed = () => parseArgs({ options }).values;
type Given = ReturnType<typeof parsed>;

/** Throws with what to say instead. */
function wantedOf(given: Given): Wanted {
  const { identity, narrow, catalog, 'tenant-wide': wide, 'adds-groups': addsGroups } = given;
  if (identity === undefined) throw new Error('--identity is missing: its object id or client id');
  if (!z.guid().safeParse(identity).success)
    throw new Error(`--identity takes an object id or client id, not "${identity}"`);
  if (narrow === wide) throw new Error('say either --narrow or --tenant-wide');
  if (narrow && catalog.length === 0) throw new Error('--narrow needs a --catalog');
  if (wide && catalog.length > 0) throw new Error('--catalog belongs to --narrow');
  if (narrow && addsGroups) throw new Error('--adds-groups belongs to --tenant-wide');
  const { 'dry-run': dryRun, 'revoke-wider': revokeWider } = given;
  return { identity, catalogs: catalog, addsGroups, revokeWider, dryRun };
}

function print({ identity, grants }: Granting): void {
  console.log(`${identity.displayName} (${identity.id})`);
  for (const { done, what, why } of grants) {
    console.log(`  ${done.padEnd(12)} ${what}\n${' '.repeat(15)}${why}`);
  }
}

/** What the command line asks for; undefined is help. Throws on what makes no sense. */
function asked() {
  const given = parsed();
  if (given.help) return undefined;
  return { given, wanted: wantedOf(given), tenant: openTenant(given, scopes, process.env) };
}

async function main(): Promise<void> {
  const { given, wanted, tenant } = orUsage(asked, usage);
  await tellAccount(tenant);
  const granting = await grantAll(createTenantGraph(tenant), wanted);
  if (given.json) console.log(JSON.stringify(granting));
  else print(granting);
}

main().catch((error: unknown) => {
  console.error(`grant:graph: ${explain(error)}`);
  process.exitCode = 1;
});
