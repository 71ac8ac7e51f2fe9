import { z } from 'zod';
import { plainIssue } from '../domain/issues';
import { Mode } from '../domain/access-model/access-model';
import { isReserved } from '../domain/events/event';
import { isLoopback } from '../loopback';
import { ALLOWED_ATTRIBUTES, queryFor } from '../domain/events/match-attribute';

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** The seconds in a text such as `500ms`, `30s`, `4h` or `14d`; undefined for other text. */
export function secondsOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  return factor === undefined ? undefined : Number(amount) * factor;
}

/**
 * A poll schedule such as `5s 10s 20s 30s<3m 60s<30m 15m<24h 1h`: single waits, then waits repeated until a time since the
 * request was made, then one without end. Undefined for other text.
 */
export function pollSchedule(text: string): { every: number; until?: number }[] | undefined {
  const entries = text
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [every, until, ...rest] = entry.split('<').map(secondsOf);
      if (every === undefined || every <= 0 || rest.length > 0) return undefined;
      if (!entry.includes('<')) return { every };
      return until === undefined ? undefined : { every, until };
    });
  const sound = entries.filter((entry) => entry !== undefined);
  return sound.length === entries.length && sound.at(-1)?.until === undefined ? sound : undefined;
}

/** The highest number in each field: second, minute, hour, day, month, day of the week. */
const HIGHEST = [59, 59, 23, 31, 12, 7];
const TIMER_FIELD = /^(?:\*|(?:[a-z]{3}|\d{1,2})(?:-(?:[a-z]{3}|\d{1,2}))?)(?:\/[1-9]\d?)?$/i;

/** The host starts an app whose timer it cannot read, and never fires it: nothing would watch over the runs. */
function isTimerSchedule(text: string): boolean {
  const fields = text.split(' ');
  const isField = (field: string, at: number): boolean =>
    field.split(',').every((part) => {
      const numbers = part.split('/')[0]?.match(/\d+/g) ?? [];
      return (
        TIMER_FIELD.test(part) && numbers.every((number) => Number(number) <= (HIGHEST[at] ?? 0))
      );
    });
  return fields.length === HIGHEST.length && fields.every(isField);
}

const timerSchedule = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine(
      isTimerSchedule,
      'six fields such as "0 * * * * *": second, minute, hour, day, month, day of the week',
    );

const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const seconds = secondsOf(text);
      if (seconds === undefined) context.addIssue('a duration such as 500ms, 30s, 10m, 4h or 14d');
      return seconds ?? 0;
    });

const WHOLE_NUMBER = 'a whole number from 0';
const wholeNumber = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, WHOLE_NUMBER)
    .transform(Number)
    .default(fallback);

const RATE = 'calls a second, such as 20 or 0.5';
const perSecond = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,4})?$/, RATE)
    .transform(Number)
    .refine((number) => number > 0, RATE)
    .default(fallback);

const PERCENT = 'a percentage above 0, to 100, such as 2 or 0.5';
const percent = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,3}(\.\d{1,4})?$/, PERCENT)
    .transform(Number)
    .refine((number) => number > 0 && number <= 100, PERCENT)
    .default(fallback);

/** What `POLL_SCHEDULE` is by default. */
export const DEFAULT_POLLS = '5s 10s 20s 30s<3m 60s<30m 15m<24h 1h';
const poll = z
  .string()
  .default(DEFAULT_POLLS)
  .transform((text, context) => {
    const schedule = pollSchedule(text);
    if (!schedule)
      context.addIssue('a poll schedule such as "5s 10s 60s<30m 1h", its last wait without end');
    return schedule ?? [];
  });

const sources = z
  .string({ error: 'the URIs of the HR systems, separated by commas' })
  .transform((text, context) => {
    const uris = text
      .split(',')
      .map((uri) => uri.trim())
      .filter((uri) => uri !== '');
    if (uris.length === 0 || !uris.every((uri) => URL.canParse(uri))) {
      context.addIssue('the URIs of the HR systems, separated by commas');
    }
    if (uris.some(isReserved)) context.addIssue('none that begins with urn:joinery:');
    return uris;
  });

const root = (fallback: string) =>
  z
    .string()
    .regex(/^[\w-]+(\.[\w-]+)*$/)
    .default(fallback);

/** The defaults are the roots in the examples of the documents. */
const Roots = z.strictObject({
  '000': root('v1.0'),
  '001': root('beta'),
  '002': root('beta'),
  '003': root('beta'),
  '004': root('localtest'),
});

/** Roots of the draft dialect by document, such as `003=beta,004=localtest`; other documents keep their default. */
const draftRoots = z
  .string()
  .default('')
  .transform((text, context) => {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '');
    const given = pairs.map((pair) => pair.split('=').map((part) => part.trim()));
    const roots = Roots.safeParse(Object.fromEntries(given));
    if (roots.success && given.every((pair) => pair.length === 2)) return roots.data;
    context.addIssue('roots by document such as "003=beta,004=localtest"');
    return z.NEVER;
  });

const QUEUE_RULE = 'the name of the queue';

const STORAGE_RULE = 'a connection string, or the https address of a table endpoint';

/**
 * Whether the Azure SDK can open tables by it, with the key of an account or with a shared access signature. Its own error
 * would come after the list of faults and name no setting; the SDK is not loaded here, because commands read settings too.
 */
function isConnectionString(text: string): boolean {
  if (/usedevelopmentstorage=true/i.test(text)) return true;
  const parts = new Map(
    text.split(';').map((part) => {
      const [name = '', value = ''] = part.trim().split(/=(.*)/s);
      return [name.toLowerCase(), value];
    }),
  );
  const has = (...names: string[]): boolean => names.every((name) => parts.get(name));
  const endpoint = parts.get('tableendpoint');
  if (endpoint && !URL.canParse(endpoint)) return false;
  const hasAddress =
    has('tableendpoint') ||
    (has('endpointsuffix') && /^https?$/i.test(parts.get('defaultendpointsprotocol') ?? ''));
  return (
    (hasAddress && has('defaultendpointsprotocol', 'accountname', 'accountkey')) ||
    has('tableendpoint', 'sharedaccesssignature')
  );
}

const storage = z
  .string({ error: STORAGE_RULE })
  .refine(
    (text) => (text.startsWith('https://') ? URL.canParse(text) : isConnectionString(text)),
    STORAGE_RULE,
  );

const CONTAINER_RULE =
  'the https address of a blob container, such as https://acme.blob.core.windows.net/reports';
/** Without a query: a signature in it would be a key. */
const container = z
  .string()
  .refine(
    (text) => /^https:\/\/[^?#\s]+[^/?#\s]$/.test(text) && URL.canParse(text),
    CONTAINER_RULE,
  );

const SEALS_RULE =
  'the https address of a blob container, such as https://acme.blob.core.windows.net/seals';
/** On this machine a container may be signed: what it protects is on this machine too. */
const sealContainer = z
  .string()
  .refine((text) => container.safeParse(text).success || isLoopback(text), SEALS_RULE);

/** The settings by the names they have in the environment. docs: the table in README.md. */
export const Settings = z.object({
  // The host uses the connection; the app reads only the address, for the readiness check.
  ServiceBus: z.string().optional(),
  ServiceBus__fullyQualifiedNamespace: z.string().optional(),
  PROVISIONING_QUEUE: z.string({ error: QUEUE_RULE }).regex(/^\S+$/, { error: QUEUE_RULE }),
  EVENT_SOURCES: sources,
  ACCESS_MODEL: z.string().default('access-model.json'),
  RECORDS_STORAGE: storage,
  AUDIT_STORAGE: storage,
  GRAPH_CLOUD: z.enum(['global', 'usgov', 'usgovdod', 'china']).default('global'),
  GRAPH_URL: z.url().optional(),
  GRAPH_DIALECT: z.enum(['v1.0', 'beta', 'draft']).default('v1.0'),
  GRAPH_DRAFT_ROOTS: draftRoots,
  GRAPH_DRAFT_MEMBERS: z.enum(['example', 'table']).default('example'),
  GRAPH_DRAFT_NULLS: z.enum(['send', 'refuse']).default('send'),
  GRAPH_DEADLINE: duration('30s').refine((seconds) => seconds > 0, 'a duration above 0s'),
  GRAPH_LAG: duration('2s'),
  GRAPH_WRITE_RATE: perSecond(20),
  GRAPH_READ_RATE: perSecond(100),
  MOST_INSTANCES: wholeNumber(1).refine((count) => count > 0, 'a whole number from 1'),
  PACKAGES: z.enum(['ensure', 'verify-only']).default('ensure'),
  MATCH_ATTRIBUTE: z
    .string()
    .refine(
      (name) => queryFor(name) !== undefined,
      `an attribute that Microsoft Graph can filter people by: ${ALLOWED_ATTRIBUTES}`,
    )
    .default('employeeId'),
  POLL_SCHEDULE: poll,
  POLL_BOARD: duration('10s').refine((seconds) => seconds > 0, 'a duration above 0s'),
  DELIVERY_DEADLINE: duration('3d'),
  APPROVAL_DEADLINE: duration('15d'),
  PARTIAL_GRACE: duration('4h'),
  IDENTITY_DEADLINE: duration('14d'),
  CALL_PATIENCE: duration('6h'),
  MODE: Mode.default('enforce'),
  EXCLUSIONS: z.string().optional(),
  REMOVAL_SETTLE: duration('15m'),
  REMOVAL_WINDOW: duration('1h').refine((seconds) => seconds > 0, 'a duration above 0s'),
  REMOVAL_LIMIT: wholeNumber(50),
  REMOVAL_PERCENT: percent(2),
  REMOVAL_FLOOR: wholeNumber(10),
  URGENT_REMOVAL_LIMIT: wholeNumber(10),
  INTAKE_HOLD: duration('4m'),
  SUPERVISE_SCHEDULE: timerSchedule('0 * * * * *'),
  RECONCILE_SCHEDULE: timerSchedule('0 0 3 * * *'),
  RECONCILE_GRANT_LIMIT: wholeNumber(50),
  RECONCILE_GRANT_PERCENT: percent(2),
  RECONCILE_REMOVAL_LIMIT: wholeNumber(0),
  RECONCILE_FLOOR: wholeNumber(10),
  SHRINK_PERCENT: percent(20),
  RECONCILE_ROSTER: z.string().optional(),
  RECONCILE_ROSTER_MAP: z.string().optional(),
  RECONCILE_ROSTER_SOURCE: z.string().optional(),
  RECONCILE_ROSTER_AS_OF: z.iso
    .datetime({ offset: true, error: 'an instant such as 2026-11-01T00:00:00Z' })
    .transform((text) => new Date(text).toISOString())
    .optional(),
  ROSTER_SHRINK_PERCENT: percent(5),
  RECONCILE_REPORTS: container.optional(),
  SEALS: sealContainer.optional(),
  SEAL_SCHEDULE: timerSchedule('0 5 * * * *'),
  ENTRA_PACKAGES: wholeNumber(20_000),
  ENTRA_POLICIES: wholeNumber(25_000),
  ENTRA_ASSIGNMENTS: wholeNumber(300_000),
  ENTRA_REQUESTS: wholeNumber(200_000),
  RECOVERY_DELAY: duration('10m').refine((seconds) => seconds > 0, 'a duration above 0s'),
  AZURE_CLIENT_ID: z.string().optional(),
  IDENTITY_ENDPOINT: z.string().optional(),
  AZURE_FUNCTIONS_ENVIRONMENT: z.string().default('Production'),
});

/** A roster alone says nothing: its map tells what its columns mean, its source whose word it is. */
const WithRoster = Settings.superRefine((settings, context) => {
  const { RECONCILE_ROSTER, RECONCILE_ROSTER_MAP, RECONCILE_ROSTER_SOURCE } = settings;
  if (RECONCILE_ROSTER === undefined) return;
  const refuse = (setting: keyof typeof settings, message: string): void =>
    context.addIssue({ code: 'custom', path: [setting], message });
  if (RECONCILE_ROSTER_MAP === undefined)
    refuse('RECONCILE_ROSTER_MAP', 'the file or blob that says what the columns of the roster say');
  if (!settings.EVENT_SOURCES.includes(RECONCILE_ROSTER_SOURCE ?? ''))
    refuse('RECONCILE_ROSTER_SOURCE', 'one of EVENT_SOURCES: whose word the roster is');
});

export type Config = ReturnType<typeof readConfig>;

/** The missing or wrong settings, each with the rule that it breaks and without its value. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly faults: readonly { setting: string; rule: string }[];
  constructor(faults: readonly { setting: string; rule: string }[]) {
    const lines = faults.map(({ setting, rule }) => `  ${setting}: ${rule}`);
    super(`settings are missing or wrong:\n${lines.join('\n')}`);
    this.faults = faults;
  }
}

/** Reads all settings. Throws one SettingsError that lists every missing or wrong one. */
export function readConfig(env: NodeJS.ProcessEnv) {
  const present = Object.entries(env).filter(([, value]) => value !== '');
  const read = WithRoster.safeParse(Object.fromEntries(present), { error: plainIssue });
  if (!read.success) {
    throw new SettingsError(
      read.error.issues.map(({ path, message }) => ({ setting: path.join('.'), rule: message })),
    );
  }
  const settings = read.data;
  return {
    busConnection: settings.ServiceBus ?? settings.ServiceBus__fullyQualifiedNamespace,
    bus: busAddress(settings.ServiceBus, settings.ServiceBus__fullyQualifiedNamespace),
    queue: settings.PROVISIONING_QUEUE,
    sources: settings.EVENT_SOURCES,
    accessModel: settings.ACCESS_MODEL,
    storage: { records: settings.RECORDS_STORAGE, audit: settings.AUDIT_STORAGE },
    graph: {
      cloud: settings.GRAPH_CLOUD,
      url: settings.GRAPH_URL,
      dialect: settings.GRAPH_DIALECT,
      draft: {
        roots: settings.GRAPH_DRAFT_ROOTS,
        members: settings.GRAPH_DRAFT_MEMBERS,
        nulls: settings.GRAPH_DRAFT_NULLS,
      },
      deadlineMs: settings.GRAPH_DEADLINE * 1000,
      lagSeconds: settings.GRAPH_LAG,
      boardSeconds: settings.POLL_BOARD,
      writesPerSecond: settings.GRAPH_WRITE_RATE,
      readsPerSecond: settings.GRAPH_READ_RATE,
      mostInstances: settings.MOST_INSTANCES,
    },
    packages: settings.PACKAGES,
    matchAttribute: settings.MATCH_ATTRIBUTE,
    timeouts: {
      poll: settings.POLL_SCHEDULE,
      delivery: settings.DELIVERY_DEADLINE,
      approval: settings.APPROVAL_DEADLINE,
      partialGrace: settings.PARTIAL_GRACE,
      identity: settings.IDENTITY_DEADLINE,
      call: settings.CALL_PATIENCE,
    },
    mode: settings.MODE,
    exclusions: settings.EXCLUSIONS,
    removals: {
      settleSeconds: settings.REMOVAL_SETTLE,
      windowSeconds: settings.REMOVAL_WINDOW,
      limit: settings.REMOVAL_LIMIT,
      percent: settings.REMOVAL_PERCENT,
      floor: settings.REMOVAL_FLOOR,
      urgentLimit: settings.URGENT_REMOVAL_LIMIT,
    },
    reconcile: {
      schedule: settings.RECONCILE_SCHEDULE,
      grantLimit: settings.RECONCILE_GRANT_LIMIT,
      grantPercent: settings.RECONCILE_GRANT_PERCENT,
      removalLimit: settings.RECONCILE_REMOVAL_LIMIT,
      floor: settings.RECONCILE_FLOOR,
      shrinkPercent: settings.SHRINK_PERCENT,
      roster: rosterOf(settings),
      rosterShrinkPercent: settings.ROSTER_SHRINK_PERCENT,
      reports: settings.RECONCILE_REPORTS,
      limits: {
        packages: settings.ENTRA_PACKAGES,
        policies: settings.ENTRA_POLICIES,
        assignments: settings.ENTRA_ASSIGNMENTS,
        requests: settings.ENTRA_REQUESTS,
      },
    },
    seals: { container: settings.SEALS, schedule: settings.SEAL_SCHEDULE },
    intakeHoldSeconds: settings.INTAKE_HOLD,
    recovery: {
      schedule: settings.SUPERVISE_SCHEDULE,
      delaySeconds: settings.RECOVERY_DELAY,
    },
    identity: {
      clientId: settings.AZURE_CLIENT_ID,
      managed: settings.IDENTITY_ENDPOINT !== undefined,
    },
    environment: settings.AZURE_FUNCTIONS_ENVIRONMENT,
  };
}

/** The roster of a run: file names or https addresses of blobs. Without `asOf` it is as of its last change. */
function rosterOf(settings: z.infer<typeof Settings>) {
  const { RECONCILE_ROSTER: place, RECONCILE_ROSTER_MAP: map = '' } = settings;
  const { RECONCILE_ROSTER_SOURCE: source = '', RECONCILE_ROSTER_AS_OF: asOf } = settings;
  return place === undefined ? undefined : { place, map, source, asOf };
}

/** The address at which a Service Bus namespace accepts connections. */
type BusAddress = { host: string; port: number };

const AMQPS = 5671;
/** An emulator uses AMQP without TLS. */
const AMQP = 5672;

/** The address in a connection string or of a fully qualified namespace; undefined if there is none. */
export function busAddress(
  connection: string | undefined,
  namespace: string | undefined,
): BusAddress | undefined {
  if (!connection) return namespace ? { host: namespace, port: AMQPS } : undefined;
  const endpoint = /(?:^|;)Endpoint=([^;]+)/i.exec(connection)?.[1] ?? '';
  if (!URL.canParse(endpoint)) return undefined;
  const { hostname, port } = new URL(endpoint);
  const usual = /(?:^|;)UseDevelopmentEmulator=true/i.test(connection) ? AMQP : AMQPS;
  return hostname ? { host: hostname, port: port ? Number(port) : usual } : undefined;
}
