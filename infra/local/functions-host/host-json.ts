import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `versionMatchStrategy` of host.json. */
export type VersionMatch = 'None' | 'Strict' | 'CurrentOrOlder';

/** The settings of host.json that this host supports, with the defaults of the real one. Times in milliseconds. */
export type HostJson = {
  logLevel: string | undefined;
  routePrefix: string;
  serviceBus: {
    autoCompleteMessages: boolean;
    maxConcurrentCalls: number;
    maxAutoLockRenewalDuration: number;
  };
  durableTask: {
    hubName: string;
    defaultVersion: string;
    versionMatchStrategy: VersionMatch;
    maxConcurrentActivityFunctions: number;
    maxConcurrentOrchestratorFunctions: number;
    overridableExistingInstanceStates: 'NonRunningStates' | 'AnyState';
    storeInputsInOrchestrationHistory: boolean;
  };
};

type Section = Record<string, unknown>;

/** Members that are supported, or used in the cloud only; others cause a warning. */
const expected: Record<string, readonly string[]> = {
  '': ['version', 'extensionBundle', 'extensions', 'logging', 'functionTimeout'],
  extensions: ['serviceBus', 'durableTask', 'http'],
  'extensions.http': ['routePrefix'],
  'extensions.serviceBus': [
    'autoCompleteMessages',
    'maxConcurrentCalls',
    'maxAutoLockRenewalDuration',
  ],
  'extensions.durableTask': [
    'hubName',
    'defaultVersion',
    'versionMatchStrategy',
    'versionFailureStrategy',
    'maxConcurrentActivityFunctions',
    'maxConcurrentOrchestratorFunctions',
    'overridableExistingInstanceStates',
    'storeInputsInOrchestrationHistory',
  ],
};

/** Reads host.json of an app; calls `warn` for every member without effect here. Throws on an invalid value. */
export function readHostJson(appDir: string, warn: (message: string) => void): HostJson {
  const file = join(appDir, 'host.json');
  const root = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Section) : {};
  for (const [path, known] of Object.entries(expected)) {
    for (const member of Object.keys(section(root, path))) {
      const name = path ? `${path}.${member}` : member;
      const isOff = section(root, path)[member] === 0; // as prefetchCount: 0
      if (!known.includes(member) && !isOff)
        warn(`host.json: ${name} has no effect on the local host`);
    }
  }
  const bus = section(root, 'extensions.serviceBus');
  const durable = section(root, 'extensions.durableTask');
  return {
    logLevel: text(section(root, 'logging.logLevel')['default']),
    routePrefix: text(section(root, 'extensions.http')['routePrefix']) ?? 'api',
    serviceBus: {
      autoCompleteMessages: bus['autoCompleteMessages'] !== false,
      maxConcurrentCalls: count(bus, 'maxConcurrentCalls', 16),
      maxAutoLockRenewalDuration: timeSpan(bus, 'maxAutoLockRenewalDuration', '00:05:00'),
    },
    durableTask: {
      hubName: text(durable['hubName']) ?? 'TestHubName',
      defaultVersion: text(durable['defaultVersion']) ?? '',
      versionMatchStrategy: versionMatch(durable),
      maxConcurrentActivityFunctions: count(durable, 'maxConcurrentActivityFunctions', 20),
      maxConcurrentOrchestratorFunctions: count(durable, 'maxConcurrentOrchestratorFunctions', 20),
      overridableExistingInstanceStates:
        durable['overridableExistingInstanceStates'] === 'AnyState'
          ? 'AnyState'
          : 'NonRunningStates',
      storeInputsInOrchestrationHistory: durable['storeInputsInOrchestrationHistory'] === true,
    },
  };
}

function section(root: Section, path: string): Section {
  let here: unknown = root;
  for (const part of path ? path.split('.') : []) here = (here as Section | undefined)?.[part];
  return typeof here === 'object' && here !== null ? (here as Section) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function count(from: Section, member: string, fallback: number): number {
  const value = from[member] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new Error(`host.json: ${member} must be a whole number, but is ${JSON.stringify(value)}`);
}

/** Here an instance of another version always waits: `Reject`, the default. */
function versionMatch(from: Section): VersionMatch {
  if ((from['versionFailureStrategy'] ?? 'Reject') !== 'Reject')
    throw new Error('host.json: versionFailureStrategy can only be "Reject" on the local host');
  const value = from['versionMatchStrategy'] ?? 'CurrentOrOlder';
  if (value === 'None' || value === 'Strict' || value === 'CurrentOrOlder') return value;
  throw new Error(
    `host.json: versionMatchStrategy must be None, Strict or CurrentOrOlder, but is ${JSON.stringify(value)}`,
  );
}

function timeSpan(from: Section, member: string, fallback: string): number {
  const value = from[member] ?? fallback;
  const milliseconds = typeof value === 'string' ? parseTimeSpan(value) : undefined;
  if (milliseconds !== undefined) return milliseconds;
  throw new Error(
    `host.json: ${member} must be a time such as "00:05:00", but is ${JSON.stringify(value)}`,
  );
}

const pattern = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** Milliseconds of a .NET TimeSpan text such as `00:05:00` or `3.00:00:00`; undefined for other text. */
export function parseTimeSpan(text: string): number | undefined {
  const parts = pattern.exec(text);
  if (!parts) return undefined;
  const [days, hours, minutes, seconds] = parts.slice(1, 5).map((part) => Number(part || 0));
  const fraction = Number(`0.${parts[5] ?? 0}`);
  return Math.round(
    ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0) + fraction) *
      1000,
  );
}

/** The TimeSpan text of milliseconds. */
export function formatTimeSpan(milliseconds: number): string {
  const pad = (value: number, width = 2): string => String(Math.floor(value)).padStart(width, '0');
  const days = Math.floor(milliseconds / 86_400_000);
  const fraction = milliseconds % 1000;
  const time = [
    milliseconds / 3_600_000 - days * 24,
    (milliseconds / 60_000) % 60,
    (milliseconds / 1000) % 60,
  ]
    .map((part) => pad(part))
    .join(':');
  return `${days > 0 ? `${days}.` : ''}${time}${fraction > 0 ? `.${pad(fraction, 3)}0000` : ''}`;
}
