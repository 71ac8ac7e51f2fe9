import { createInterface } from 'node:readline/promises';
import { createEntitlements } from '../../shared/graph/entitlements';
import { runTool } from '../command-line';
import { explain, openTenant, printAccount, tenantFlags, type Tenant } from '../tenant/command';
import { createTenantGraph } from '../tenant/tenant-graph';
import { cleanUp, findRuns, newRunName, runNameOf } from './clean-up';
import { runSmokeTest, type Step } from './run';
import { readPerson, readTenant, type SmokeGraph, type Timeouts } from './smoke-graph';

const usage = `Tests Joinery's calls in a tenant: creates a throwaway group, catalog, access package and policy, assigns the package to a
test user, checks that the user is in the group, removes the assignment, and deletes everything. Every object is named
joinery-smoke-<run id>. A run also deletes what earlier, killed runs left. Run one at a time.

usage: npm run smoke:tenant -- (--user <name> | --clean <run id>) [options]

  --user <name>     a test user of the tenant whose account is enabled, by user principal name or object id
  --clean <run id>  only delete what that run left
  --yes             do not ask for confirmation
  --json            print only JSON; needs --yes
${tenantFlags.usage}

Exits 0 if every step passed and nothing is left in the tenant, 1 if not or if the run was not confirmed, 2 for invalid
options, 130 on Ctrl-C. What is left is named.`;

const scopes = ['EntitlementManagement.ReadWrite.All', 'Group.ReadWrite.All', 'User.Read.All'];

const options = {
  ...tenantFlags.options,
  user: { type: 'string' },
  clean: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Command = {
  tenant: Tenant;
  dialect: 'v1.0' | 'beta';
  user: string | undefined;
  clean: string | undefined;
  yes: boolean;
  json: boolean;
};

type Given = Parameters<typeof openTenant>[0] & {
  user?: string | undefined;
  clean?: string | undefined;
  yes: boolean;
  json: boolean;
};

/** Throws an Error for the user if options or settings are missing or contradict each other. */
function read(given: Given): Command {
  const { user, yes, json } = given;
  if ((user === undefined) === (given.clean === undefined)) {
    throw new Error('give either --user or --clean');
  }
  if (json && !yes) throw new Error('--json needs --yes, because it does not ask for confirmation');
  if (!yes && !process.stdin.isTTY) throw new Error('without a terminal to confirm on, give --yes');
  const dialect = process.env['GRAPH_DIALECT'] ?? 'v1.0';
  if (dialect !== 'v1.0' && dialect !== 'beta') {
    throw new Error('GRAPH_DIALECT must be v1.0 or beta: no tenant has the draft dialect');
  }
  const clean = given.clean === undefined ? undefined : runNameOf(given.clean);
  return { tenant: openTenant(given, scopes, process.env), dialect, user, clean, yes, json };
}

/** A tenant needs minutes where the simulator needs milliseconds. */
const timeoutsFor = ({ credential }: Tenant, signal: AbortSignal): Timeouts =>
  credential === undefined
    ? { deadlineMs: 30_000, replicationMs: 3_000, intervalMs: 100, signal }
    : { deadlineMs: 15 * 60_000, replicationMs: 2 * 60_000, intervalMs: 5_000, signal };

async function confirm(plan: string, { yes, json }: Command): Promise<boolean> {
  if (!json) console.log(plan);
  if (yes) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Continue? [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

const describeStep = ({ step, seconds, failed }: Step): string =>
  `${failed === undefined ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${step}` +
  (failed === undefined ? '' : `\n  ${failed}`);

/** Deletes only what one run left. */
async function clean(
  graph: SmokeGraph,
  name: string,
  command: Command,
  timeouts: Timeouts,
): Promise<number> {
  if (!(await confirm(`Deletes the group, catalog and package ${name}.`, command))) return 1;
  await cleanUp(graph, name, timeouts);
  console.log(command.json ? JSON.stringify({ deleted: name }) : `deleted ${name}`);
  return 0;
}

async function test(
  graph: SmokeGraph,
  user: string,
  command: Command,
  timeouts: Timeouts,
): Promise<number> {
  const tenant = await readTenant(graph);
  const person = await readPerson(graph, user);
  if (person.accountEnabled === false) throw new Error('the account of this user is disabled');
  const leftovers = await findRuns(graph);
  const name = newRunName();
  const plan = [
    `In the tenant ${tenant.displayName ?? ''} (${tenant.id}), with the name ${name}:`,
    '  creates a security group, a catalog, and a hidden access package with one policy',
    `  assigns the package to the user ${person.id}, who becomes a member of that group, and removes the assignment`,
    '  deletes all of these',
    ...leftovers.map((earlier) => `  deletes what an earlier run left: ${earlier}`),
  ].join('\n');
  if (!(await confirm(plan, command))) return 1;
  const result = await runSmokeTest(
    graph,
    { run: name, userId: person.id, leftovers },
    timeouts,
    (step) => {
      if (!command.json) console.log(describeStep(step));
    },
  );
  if (command.json) console.log(JSON.stringify({ tenant: tenant.id, ...result }));
  else console.log(summary(result.passed, result.leftBehind));
  if (timeouts.signal?.aborted) return 130;
  return result.passed && result.leftBehind.length === 0 ? 0 : 1;
}

const summary = (passed: boolean, leftBehind: readonly string[]): string =>
  [
    passed ? 'passed; nothing is left in the tenant' : 'failed',
    ...leftBehind.map((name) => `left in the tenant: npm run smoke:tenant -- --clean ${name}`),
  ].join('\n');

async function run(command: Command): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => {
    console.error(
      'stopping and deleting what was created; press Ctrl-C again to leave it in the tenant',
    );
    stop.abort(new Error('stopped'));
  });
  const timeouts = timeoutsFor(command.tenant, stop.signal);
  const { dialect, tenant } = command;
  await printAccount(tenant);
  const graph = {
    tenant: createTenantGraph(tenant),
    product: createEntitlements({ ...tenant, dialect, deadlineMs: 60_000, appVersion: 'smoke' }),
  };
  if (command.clean !== undefined) return clean(graph, command.clean, command, timeouts);
  return test(graph, command.user ?? '', command, timeouts);
}

void runTool({
  usage,
  options,
  read,
  run,
  explain: (error) => `smoke:tenant: ${explain(error)}`,
});
