import { accountOf, type Account } from '../shared/config/identity';
import { readConfig, SettingsError, type Config } from '../shared/config/config';
import type { EntitlementsOptions } from '../shared/graph/entitlements';
import { GraphError } from '../shared/graph/errors';
import type { AppSettings } from './connection';
import {
  checkCatalogs,
  checkPackages,
  checkPolicies,
  checkResources,
} from './doctor/checks/packages';
import { checkMatch, checkModel } from './doctor/checks/directory';
import {
  checkClock,
  checkDialect,
  checkGraph,
  checkIdentity,
  checkLicence,
} from './doctor/checks/graph';
import { checkHost, nodeFindings, settingsFindings } from './doctor/checks/host';
import { checkPermissions } from './doctor/checks/permissions';
import { checkDeadLetters, checkQueue } from './doctor/checks/queue';
import { checkAudit, checkRecords, checkSeals } from './doctor/checks/stores';
import { createDoctorContext, type DoctorContext } from './doctor/context';
import { NotChecked, notChecked, type Finding, type Level } from './doctor/finding';
import { graphOptions, type SignInOptions } from './graph';
import { counted, print, tableOf } from './print';

type Examination = SignInOptions & { identity?: string | undefined; deadlineMs: number };
export type DoctorOptions = Omit<Examination, 'deadlineMs'> & {
  /** In seconds, for each check. */
  deadline: number;
  json: boolean;
};
type Line = Finding & { check: string };

/** Checks whether the app can do its work. Prints what each check found and what to do. Exit code 1 on a fault. */
export async function doctor(
  app: AppSettings,
  { json, deadline, ...options }: DoctorOptions,
): Promise<void> {
  const findings = await examine(app, { ...options, deadlineMs: deadline * 1000 });
  const count = (level: Level) => findings.filter((one) => one.level === level).length;
  const counts = { ok: count('ok'), warnings: count('warning'), faults: count('fault') };
  print({ ...counts, findings }, json, () => {
    const rows = findings.map(({ level, check, name, about, text, todo }) => [
      level,
      check,
      name,
      about,
      todo === undefined ? text : `${text}. What to do: ${todo}`,
    ]);
    const table = tableOf(['level', 'check', 'finding', 'about', 'details'], rows);
    return `${table}\n\n${counted(counts.faults, 'fault')}, ${counted(counts.warnings, 'warning')}`;
  });
  if (counts.faults > 0) process.exitCode = 1;
}

/** Every check after those of Node and the settings, in the order in which they are printed. */
const checks: readonly (readonly [
  name: string,
  check: (context: DoctorContext) => Promise<Finding[]>,
])[] = [
  ['model', checkModel],
  ['records', checkRecords],
  ['audit', checkAudit],
  ['seals', checkSeals],
  ['queue', checkQueue],
  ['dead-letters', checkDeadLetters],
  ['host', checkHost],
  ['dialect', checkDialect],
  ['graph', checkGraph],
  ['clock', checkClock],
  ['identity', checkIdentity],
  ['permissions', checkPermissions],
  ['licence', checkLicence],
  ['catalogs', checkCatalogs],
  ['packages', checkPackages],
  ['policies', checkPolicies],
  ['resources', checkResources],
  ['match', checkMatch],
];

/** The delegated permissions that a person consents to for the checks: reads only. */
const SCOPES = [
  'EntitlementManagement.Read.All',
  'User.Read.All',
  'GroupMember.Read.All',
  'Application.Read.All',
  'Organization.Read.All',
];

/**
 * Runs all checks at once, each within the deadline. A check that cannot run says why. Nothing is written to Graph, and no
 * row of any table is changed.
 */
export async function examine(
  app: AppSettings,
  { identity, deadlineMs, ...signIn }: Examination,
): Promise<Line[]> {
  const config = configIn(app);
  const faults = config instanceof SettingsError ? config.faults : [];
  const first = [
    ...named('node', nodeFindings(process.versions.node)),
    ...named('settings', settingsFindings(app, faults)),
  ];
  if (config instanceof SettingsError) {
    const skipped = notChecked('needs valid settings', 'fix the settings and run doctor again');
    return [...first, ...checks.flatMap(([name]) => named(name, [skipped]))];
  }
  const graph = graphOptions(config, SCOPES, signIn);
  const account = await signedIn(graph, config);
  const context = createDoctorContext(app, config, graph, { identity, account });
  const results = checks.map(async ([name, check]) =>
    named(name, await within(deadlineMs, () => check(context))),
  );
  return [...first, ...(await Promise.all(results)).flat()];
}

/** Signs in before the checks start, because a person takes longer than a check may. Undefined if that fails or is not needed. */
async function signedIn(
  { credential, scope = '' }: EntitlementsOptions,
  { identity, graph }: Config,
): Promise<Account | undefined> {
  const deadlineMs = identity.managed ? graph.deadlineMs : undefined;
  return credential && accountOf(credential, scope, deadlineMs).catch(() => undefined);
}

const named = (check: string, findings: readonly Finding[]): Line[] =>
  findings.map((finding) => ({ check, ...finding }));

function configIn({ settings }: AppSettings): Config | SettingsError {
  try {
    return readConfig(settings);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

async function within(ms: number, check: () => Promise<Finding[]>): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    const todo = 'run doctor again, or allow more time with --deadline';
    timer = setTimeout(() => resolve([notChecked(`no answer within ${ms / 1000} s`, todo)]), ms);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return [failed(error)];
  } finally {
    clearTimeout(timer);
  }
}

function failed(error: unknown): Finding {
  if (error instanceof NotChecked) return notChecked(error.message, error.todo);
  if (error instanceof GraphError) {
    const isRefused = error.fault.status === 401 || error.fault.status === 403;
    return notChecked(
      `Microsoft Graph answers ${error.message}`,
      isRefused ? 'sign in as somebody who may read this' : 'see the check "graph"',
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  return notChecked(text, 'fix it and run doctor again');
}
