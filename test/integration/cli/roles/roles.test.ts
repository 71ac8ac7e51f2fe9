import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commands } from '../../../../cli/commands';
import { projectRoot } from '../../../../infra/local/stack/service';
import { startServiceBus, type ServiceBus } from '../../../../infra/local/service-bus/server';
import { BrakeKind } from '../../../../shared/domain/lifecycle/gate';
import { createRemovalBrakes } from '../../../../shared/storage/removals';
import { createWorkers } from '../../../../shared/storage/workers';
import { startHttpProxy, type Proxy } from '../../../resilience/proxies/http-proxy';
import { createTap, type Tap } from '../../../resilience/proxies/tap';
import { runCommand, type Ended } from '../../../support/run-command';
import { hash } from '../../../support/storage';
import { auditedOn } from '../../evidence/audited';
import { signedContainer } from '../../../../infra/local/blobs/signed-container';
import { sealHours } from '../../../../shared/evidence/seal-hours';
import { closedEvent, joined } from '../closed-event';
import { openTenant, pair, type Tenant } from '../tenant';
import {
  ADD,
  CHANGE,
  DELETE,
  grantsOfTemplate,
  identities,
  isAllowed,
  READ,
  RECEIVE,
  SEND,
  type Grant,
} from './grants';

/* Every command under the roles that the template gives to each group, against real parts that refuse what these roles do not allow. */

const SOURCE = 'urn:hr:acme:workday';
const EVENT = 'roles-1';
/** A closed event that may be replayed. */
const LATE = 'roles-3';
const accounts = ['records', 'audit'] as const;

/** What is loaded: a worker of the simulated tenant. */
const people = 'worker,start\nW-1016,2026-01-01\n';
const map = join(mkdtempSync(join(tmpdir(), 'joinery-roles-')), 'map.json');
writeFileSync(map, JSON.stringify({ worker: 'workerId', start: 'from' }));
const load = ['-', '--map', map, '--source', SOURCE, '--as-of', '2026-02-01T00:00:00Z'];

/** How each command is run: all of `commands`, some in two ways. */
const ways: Record<string, { command: string; args: string[]; input?: string }> = {
  sample: { command: 'sample', args: [] },
  send: { command: 'send', args: ['-'], input: joined('roles-2', SOURCE) },
  status: { command: 'status', args: [EVENT] },
  explain: { command: 'explain', args: [EVENT] },
  person: { command: 'person', args: ['W-7'] },
  'person --export': { command: 'person', args: ['W-8', '--export'] },
  retention: { command: 'retention', args: ['--before', '2025-01-01'] },
  list: { command: 'list', args: ['--since', '2026-11-01'] },
  audit: { command: 'audit', args: ['--event', EVENT] },
  'audit verify': { command: 'audit verify', args: ['--to', '2026-11-20T10'] },
  'audit prove': { command: 'audit prove', args: [EVENT] },
  'report access': {
    command: 'report access',
    args: ['--workers', 'W-7'],
  },
  'report completeness': {
    command: 'report completeness',
    args: ['--from', '2026-11-20', '--to', '2026-11-21'],
  },
  'report leavers': {
    command: 'report leavers',
    args: ['--from', '2026-11-20', '--to', '2026-11-21'],
  },
  'dead-letters': { command: 'dead-letters', args: [] },
  replay: { command: 'replay', args: [LATE, '--by', 'op', '--reason', 't-1'] },
  'replay --yes': { command: 'replay', args: [LATE, '--by', 'op', '--reason', 't-1', '--yes'] },
  versions: { command: 'versions', args: [] },
  plan: {
    command: 'plan',
    args: ['--events', '-', '--model', 'access-model.json', '--at', '2026-12-01T00:00:00Z'],
    input: '[]',
  },
  doctor: { command: 'doctor', args: ['--json'] },
  'model check': { command: 'model check', args: [] },
  'model apply': { command: 'model apply', args: [] },
  'model apply --yes': { command: 'model apply', args: ['--yes'] },
  'model import': { command: 'model import', args: ['--catalog', 'Finance'] },
  'load --dry-run': { command: 'load', args: [...load, '--dry-run'], input: people },
  'load --yes': { command: 'load', args: [...load, '--yes'], input: people },
  held: { command: 'held', args: [] },
  recheck: { command: 'recheck', args: ['W-8', '--by', 'op', '--reason', 't-1'] },
  // No app is here that could take it up.
  reconcile: {
    command: 'reconcile',
    args: ['--by', 'op', '--deadline', '1s', '--reports', dirname(map)],
  },
  release: { command: 'release', args: ['usual-1', '--by', 'op', '--reason', 't-1'] },
  discard: { command: 'discard', args: ['urgent-1', '--by', 'op', '--reason', 't-1'] },
  commands: { command: 'commands', args: [] },
  estimate: { command: 'estimate', args: ['--people', '10'] },
};
/** These never work on an app in Azure. */
const localOnly = ['clock'];

let tenant: Tenant;
let bus: ServiceBus;
const taps = { records: createTap(), audit: createTap() };
const proxies: Proxy[] = [];
let settings: Record<string, string>;
const grants = grantsOfTemplate();
const grantsOf = (who: string): Grant[] => grants.filter((grant) => grant.who === who);

beforeAll(async () => {
  tenant = await openTenant(0);
  await tenant.writeModel(pair);
  // What `model import` reads.
  await runCommand(['model', 'apply', '--yes'], { ...tenant.settings, GRAPH_DEADLINE: '10s' });
  const configFile = join(projectRoot(), 'infra', 'local', 'service-bus', 'Config.json');
  bus = await startServiceBus({ port: 0, dataDir: tenant.folder, configFile });
  await closedEvent(tenant.storage, EVENT, SOURCE);
  await closedEvent(tenant.storage, LATE, SOURCE, 'timed-out');
  const at = '2026-11-20T09:30:00.000Z';
  await sealHours(auditedOn(tenant.storage), Date.parse('2026-11-20T11:05:00Z'), () => undefined);
  await createWorkers(tenant.storage.table('workers')).addFact({
    ...{ source: SOURCE, id: 'roles-4', hash: hash('4'), time: at, acceptedAt: at },
    ...{
      workerId: 'W-8',
      employmentId: 'primary',
      states: { kind: 'left', lastDay: '2026-11-30' },
    },
  });
  const brakes = createRemovalBrakes(tenant.storage.table('removals'));
  for (const kind of BrakeKind.options) {
    const removals = { kind, person: 'W-9', eventHash: hash('a'), facts: 'f', packages: [] };
    await brakes.ask(
      removals,
      {},
      {
        ...{ isDue: true, limits: { windowSeconds: 60, limit: 0 }, at: new Date().toISOString() },
      },
    );
  }
  const real = tenant.storage.connectionString;
  const port = Number(/TableEndpoint=http:\/\/[^:]+:(\d+)/.exec(real)?.[1]);
  const [records = '', audit = ''] = await Promise.all(
    accounts.map(async (account) => {
      const proxy = await startHttpProxy('tables', taps[account]);
      proxy.forwardTo(port);
      proxies.push(proxy);
      return real.replace(/(TableEndpoint=http:\/\/[^:]+):\d+/, `$1:${proxy.port}`);
    }),
  );
  settings = {
    ...tenant.settings,
    ...{ RECORDS_STORAGE: records, AUDIT_STORAGE: audit, AzureWebJobsStorage: real },
    GRAPH_DEADLINE: '10s',
    SEALS: signedContainer(real, 'seals', 'rl'),
  };
});
afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await bus.stop();
  await tenant.stop();
  rmSync(dirname(map), { recursive: true });
});

const ACTIONS: Record<string, string> = { GET: READ, POST: ADD, PUT: CHANGE, DELETE };

/** Refuses at the proxy of an account what the grants do not allow, as Azure does. Answers what was refused. */
function guard(tap: Tap, account: string, held: readonly Grant[]): () => string[] {
  const refused: string[] = [];
  tap.intercept(({ what }) => {
    const [method = '', path = ''] = what.split(' ');
    const table = /^\/[^/]+\/(\w+)/.exec(path)?.[1];
    if (isAllowed(held, ACTIONS[method] ?? method, account, table)) return undefined;
    refused.push(what);
    const message =
      'This request is not authorized to perform this operation using this permission.';
    const error = {
      code: 'AuthorizationPermissionMismatch',
      message: { lang: 'en-US', value: message },
    };
    return { kind: 'refuse', status: 403, body: { 'odata.error': error } };
  });
  return () => refused;
}

/** The policy of the local bus with the rights of the roles on the queue. */
function keyNameFor(held: readonly Grant[]): string {
  const [sends, receives] = [isAllowed(held, SEND), isAllowed(held, RECEIVE)];
  if (sends && receives) return 'RootManageSharedAccessKey';
  if (sends || receives) return sends ? 'SendOnly' : 'ListenOnly';
  return 'NoRights';
}

type Result = 'yes' | 'in part' | 'no';

async function run(way: string, held: readonly Grant[]): Promise<Ended & { result: Result }> {
  const guards = accounts.map((account) => guard(taps[account], account, held));
  const { command, args, input } = ways[way] ?? { command: way, args: [] };
  const ServiceBus = bus.connectionString.replace(
    /SharedAccessKeyName=[^;]+/,
    `SharedAccessKeyName=${keyNameFor(held)}`,
  );
  const ended = await runCommand(
    [...command.split(' '), ...args],
    { ...settings, ServiceBus },
    input,
  );
  const refused = guards.flatMap((all) => all());
  // Doctor ends with 1 if the bus refuses, and a report if it leaves something unexplained: both say everything that they see.
  const isDone =
    ended.code === 0 ||
    (command.startsWith('report ') && ended.stdout.startsWith('# ')) ||
    (command === 'doctor' && ended.stdout.startsWith('{')) ||
    (command === 'reconcile' && ended.stderr.includes('the app has not taken it up yet'));
  const isShort = refused.length > 0 || ended.stdout.includes('queue-refused');
  return { ...ended, result: isDone ? (isShort ? 'in part' : 'yes') : 'no' };
}

/** The table of docs/permissions.md, a line for each way to run a command. */
function documented(): Record<string, string[]> {
  const page = readFileSync(join(projectRoot(), 'docs', 'permissions.md'), 'utf8');
  const lines = page.split('\n').filter((line) => /^\| (command|`joinery )/.test(line));
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
  return Object.fromEntries(
    rows.map(([name = '', ...cells]) => [name.replace('joinery ', ''), cells]),
  );
}

test('every command has a way to run here, and every group a column in the docs', () => {
  const covered = new Set(Object.values(ways).map(({ command }) => command));
  expect([...covered, ...localOnly].sort()).toEqual(commands.map(({ name }) => name).sort());
  expect(documented()['command']).toEqual(identities);
  expect(Object.keys(documented()).slice(1)).toEqual(Object.keys(ways));
});

test.each(identities.map((who, column) => [who, column] as const))(
  'under the roles of %s each command does what the table of the docs says, and says which role is missing',
  async (who, column) => {
    const results: Record<string, string> = {};
    for (const way of Object.keys(ways)) {
      const { result, stdout, stderr } = await run(way, grantsOf(who));
      results[way] = result;
      if (result !== 'no') continue;
      expect(`${way}: ${stdout}${stderr}`).toMatch(
        /You lack a role for this: docs\/permissions\.md/,
      );
    }
    const table = Object.entries(documented()).slice(1);
    expect(results).toEqual(Object.fromEntries(table.map(([way, cells]) => [way, cells[column]])));
  },
  240_000,
);

test('an auditor reads the rows of an event and the verdict on their chain, and is told that its end was not compared', async () => {
  const { stdout, stderr, code } = await run('audit', grantsOf('JOINERY_AUDITORS'));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('2 rows; the hash chains are intact');
  expect(stdout).toMatch(/the ends of the chains were not compared with the claims/);
  const operator = await run('audit', grantsOf('JOINERY_OPERATORS'));
  expect(operator.stdout).not.toContain('not compared');
});

test('a model owner applies the model without any other row of the records', async () => {
  const held = grantsOf('JOINERY_MODEL_OWNERS');
  expect((await run('model apply --yes', held)).result).toBe('yes');
  for (const table of ['claims', 'workers', 'due'])
    expect(isAllowed(held, READ, 'records', table)).toBe(false);
  expect(isAllowed(held, CHANGE, 'records', 'limits')).toBe(false);
});
