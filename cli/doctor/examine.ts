import { GraphError } from '../../shared/graph/errors';
import type { EntitlementsOptions } from '../../shared/graph/entitlements';
import { accountOf, type Account } from '../../shared/config/identity';
import { readConfig, SettingsError, type Config } from '../../shared/config/config';
import type { AppSettings } from '../app-settings';
import { graphOptions, type SignInOptions } from '../graph';
import { checks } from './checks';
import { settingsFindings } from './checks/settings';
import { nodeFindings } from './checks/node';
import { NotChecked, notChecked, type Finding } from './finding';
import { patientOf } from './patient';

export type Examination = SignInOptions & { identity?: string | undefined; deadlineMs: number };
export type Line = Finding & { check: string };

/** What a person agrees to who signs in to look: to read, and nothing else. */
const SCOPES = [
  'EntitlementManagement.Read.All',
  'User.Read.All',
  'GroupMember.Read.All',
  'Application.Read.All',
  'Organization.Read.All',
];

/**
 * Takes every look, all at once, each by itself and within the deadline. The order is that of the table. What cannot be
 * looked at says why. Nothing is written to Graph, and no row of any table is changed.
 */
export async function examine(
  app: AppSettings,
  { identity, deadlineMs, ...signIn }: Examination,
): Promise<Line[]> {
  const read = configIn(app);
  const first = [
    ...named('node', nodeFindings(process.versions.node)),
    ...named('settings', settingsFindings(app, read instanceof SettingsError ? read.faults : [])),
  ];
  if (read instanceof SettingsError) {
    const untaken = notChecked('needs sound settings', 'mend the settings and ask again');
    return [...first, ...checks.flatMap(({ name }) => named(name, [untaken]))];
  }
  const graph = graphOptions(read, SCOPES, signIn);
  const account = await signedIn(graph, read);
  const patient = patientOf(app, read, graph, { identity, account });
  const looks = checks.map(async ({ name, check }) =>
    named(name, await within(deadlineMs, () => check(patient))),
  );
  return [...first, ...(await Promise.all(looks)).flat()];
}

/** Before any look, since a person takes longer than a look may; nobody, where that fails or is not needed. */
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

async function within(ms: number, look: () => Promise<Finding[]>): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    const todo = 'ask again, or give it longer with --deadline';
    timer = setTimeout(() => resolve([notChecked(`no end within ${ms / 1000} s`, todo)]), ms);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    return [untold(error)];
  } finally {
    clearTimeout(timer);
  }
}

function untold(error: unknown): Finding {
  if (error instanceof NotChecked) return notChecked(error.message, error.todo);
  if (error instanceof GraphError) {
    const refused = error.fault.status === 401 || error.fault.status === 403;
    return notChecked(
      `Microsoft Graph does not answer ${error.message}`,
      refused ? 'sign in as somebody who may read this' : 'see what "graph" says',
    );
  }
  return notChecked(
    error instanceof Error ? error.message : String(error),
    'mend it and ask again',
  );
}
