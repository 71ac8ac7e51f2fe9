import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { createEntitlements } from '../../shared/graph/entitlements';
import { explain } from '../tenant/explain';
import {
  openTenant,
  tellAccount,
  tenantOptions,
  tenantUsage,
  type Tenant,
} from '../tenant/open-tenant';
import { orUsage } from '../tenant/or-usage';
import { createTenantGraph } from '../tenant/tenant-graph';
import { cleanUp, findRuns } from './clean-up';
import type { Patience } from './patience';
import { newRunName, runNameOf } from './run-name';
import { readPerson, readTenant, type SmokeGraph } from './smoke-graph';
import { smokeRun, type Step } from './smoke-run';

const usage = `Proves in a tenant that Joinery's own calls do what they are for: makes a throwaway group, catalog, access package and
policy, gives the package to a test user, sees that they are in the group, takes it back, and deletes everything. All of
it is named joinery-smoke-<run id>; what a killed run left under such a name, the next one deletes. One run at a time.

usage: npm run smoke:tenant -- --user <user principal name or object id>
       npm run smoke:tenant -- --clean <run id>

  --user <name>     an enabled test user of the tenant
  --clean <run id>  only delete what that run has left
  --yes             do not ask first
  --json            print JSON and nothing else, with --yes
${tenantUsage}

Exits 0 if everything passed, 1 if a step failed or nobody agreed, 3 if something is left in the tenant, 130 on Ctrl-C.`;

const scopes = ['EntitlementManagement.ReadWrite.All', 'Group.ReadWrite.All', 'User.Read.All'];

const options = {
  ...tenantOptions,
  user: { type: 'string' },
  clean: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Asked = {
  tenant: Tenant;
  dialect: 'v1.0' | 'beta';
  user: string | undefined;
  clean: string | undefined;
  yes: boolean;
  json: boolean;
};

function asked(): Asked | undefined {
  const given = parseArgs({ options }).values;
  if (given.help) return undefined;
  const { user, yes, json } = given;
  if ((user === undefined) === (given.clean === undefined)) {
    throw new Error('say either --user or --clean');
  }
  if (json && !yes) throw new Error('--json needs --yes, since it cannot ask');
  if (!yes && !process.stdin.isTTY) throw new Error('without a terminal to ask on, say --yes');
  const dialect = process.env['GRAPH_DIALECT'] ?? 'v1.0';
  if (dialect !== 'v1.0' && dialect !== 'beta') {
    throw new Error('GRAPH_DIALECT must be v1.0 or beta: no tenant speaks the draft');
  }
  const clean = given.clean === undefined ? undefined : runNameOf(given.clean);
  return { tenant: openTenant(given, scopes, process.env), dialect, user, clean, yes, json };
}

/** A tenant takes minutes for what the simulator does in milliseconds. */
const patienceIn = ({ credential }: Tenant, signal: AbortSignal): Patience =>
  credential === undefined
    ? { deadlineMs: 30_000, visibleMs: 3_000, everyMs: 100, signal }
    : { deadlineMs: 15 * 60_000, visibleMs: 2 * 60_000, everyMs: 5_000, signal };

async function agreed(plan: string, { yes, json }: Asked): Promise<boolean> {
  if (!json) console.log(plan);
  if (yes) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Go on? [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

const line = ({ step, seconds, failed }: Step): string =>
  `${failed === undefined ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${step}` +
  (failed === undefined ? '' : `\n  ${failed}`);

/** Deletes what one run has left, and nothing else. */
async function clean(
  graph: SmokeGraph,
  name: string,
  wanted: Asked,
  patience: Patience,
): Promise<number> {
  if (!(await agreed(`Deletes the group, catalog and package ${name}.`, wanted))) return 1;
  await cleanUp(graph, name, patience);
  console.log(wanted.json ? JSON.stringify({ deleted: name }) : `nothing is left of ${name}`);
  return 0;
}

async function run(
  graph: SmokeGraph,
  user: string,
  wanted: Asked,
  patience: Patience,
): Promise<number> {
  const tenant = await readTenant(graph);
  const person = await readPerson(graph, user);
  if (person.accountEnabled === false) throw new Error('the account of this user is disabled');
  const leftovers = await findRuns(graph);
  const name = newRunName();
  const plan = [
    `In the tenant ${tenant.displayName ?? ''} (${tenant.id}), everything under the name ${name}:`,
    '  makes a security group, a catalog, a hidden access package with one policy',
    `  gives the package to the user ${person.id}, which makes them a member of that group, and takes it back`,
    '  deletes all of it again',
    ...leftovers.map((left) => `  deletes what is left of an earlier run: ${left}`),
  ].join('\n');
  if (!(await agreed(plan, wanted))) return 1;
  const ran = await smokeRun(
    graph,
    { run: name, userId: person.id, leftovers },
    patience,
    (step) => {
      if (!wanted.json) console.log(line(step));
    },
  );
  if (wanted.json) console.log(JSON.stringify({ tenant: tenant.id, ...ran }));
  else console.log(verdict(ran.passed, ran.leftBehind));
  if (patience.signal?.aborted) return 130;
  return ran.leftBehind.length > 0 ? 3 : ran.passed ? 0 : 1;
}

const verdict = (passed: boolean, leftBehind: readonly string[]): string =>
  [
    passed ? 'passed, and nothing is left' : 'failed',
    ...leftBehind.map((name) => `left in the tenant: npm run smoke:tenant -- --clean ${name}`),
  ].join('\n');

async function main(): Promise<number> {
  const wanted = orUsage(asked, usage);
  const stopping = new AbortController();
  process.once('SIGINT', () => {
    console.error('stopping, and deleting what was made; Ctrl-C again leaves it there');
    stopping.abort(new Error('stopped'));
  });
  const patience = patienceIn(wanted.tenant, stopping.signal);
  const { dialect, tenant } = wanted;
  await tellAccount(tenant);
  const graph = {
    tenant: createTenantGraph(tenant),
    product: createEntitlements({ ...tenant, dialect, deadlineMs: 60_000, appVersion: 'smoke' }),
  };
  if (wanted.clean !== undefined) return clean(graph, wanted.clean, wanted, patience);
  return run(graph, wanted.user ?? '', wanted, patience);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`smoke:tenant: ${explain(error)}`);
    process.exitCode = 1;
  },
);
