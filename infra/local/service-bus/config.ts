import { readFileSync } from 'node:fs';
import { z } from 'zod';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The settings of a queue in Config.json; durations in milliseconds. */
export type QueueSettings = {
  lockDuration: number;
  maxDeliveryCount: number;
  timeToLive: number;
  deadLetterOnExpiry: boolean;
};
type NamespaceConfig = { queues: Map<string, QueueSettings>; warnings: string[] };

const duration = (least: number, most: number, range: string) =>
  z.string().transform((text, context) => {
    const milliseconds = millisecondsOf(text);
    if (milliseconds !== undefined && milliseconds >= least && milliseconds <= most) {
      return milliseconds;
    }
    context.addIssue(`must be an ISO 8601 duration ${range}, for example PT1M, but is "${text}"`);
    return z.NEVER;
  });

const unsupported = (feature: string): string =>
  `${feature} is not supported by the local Service Bus; use the official emulator or a queue in Azure for it`;
const unsupportedFlag = (feature: string) =>
  z.boolean().refine((asked) => !asked, { error: unsupported(feature) });
const unsupportedTarget = (feature: string) =>
  z.string().refine((target) => target === '', { error: unsupported(feature) });

// The defaults are Azure's, except the time to live, which the emulator caps at one hour.
const QueueProperties = z.strictObject({
  LockDuration: duration(SECOND, 5 * MINUTE, 'from PT1S to PT5M').default(MINUTE),
  MaxDeliveryCount: z.int().min(1).max(2000).default(10),
  DefaultMessageTimeToLive: duration(SECOND, Infinity, 'of at least PT1S').default(HOUR),
  DeadLetteringOnMessageExpiration: z.boolean().default(false),
  RequiresDuplicateDetection: unsupportedFlag('duplicate detection').default(false),
  DuplicateDetectionHistoryTimeWindow: duration(
    20 * SECOND,
    7 * 24 * HOUR,
    'from PT20S to P7D',
  ).optional(),
  RequiresSession: unsupportedFlag('a queue with sessions').default(false),
  ForwardTo: unsupportedTarget('forwarding').optional(),
  ForwardDeadLetteredMessagesTo: unsupportedTarget('forwarding of dead letters').optional(),
});
const Queue = z.strictObject({
  Name: z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?$/, 'is not a valid queue name'),
  Properties: QueueProperties.prefault({}),
});
const Namespace = z.strictObject({
  Name: z.literal('sbemulatorns'),
  Queues: z.array(Queue).min(1),
  Topics: z
    .array(z.unknown())
    .max(0, unsupported('a topic or subscription'))
    .default(() => []),
});
const ConfigFile = z.strictObject({
  UserConfig: z.strictObject({
    Namespaces: z.tuple([Namespace]),
    Logging: z.strictObject({ Type: z.enum(['Console', 'File', 'Console,File']) }).optional(),
  }),
});
type Queue = z.infer<typeof Queue>;

/**
 * Reads a Config.json of the official emulator. Throws an Error that lists every fault with its position in the file.
 * `warnings` lists the values that work here and that the official emulator refuses.
 */
export function readConfig(file: string): NamespaceConfig {
  const fail = (text: string): never => {
    throw new Error(`${file} is not a usable Service Bus configuration:\n${text}`);
  };
  let json: unknown;
  try {
    json = parseJsonWithComments(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const parsed = ConfigFile.safeParse(json);
  if (!parsed.success) return fail(z.prettifyError(parsed.error));
  const queues = parsed.data.UserConfig.Namespaces[0].Queues;
  const twice = queues.find(
    ({ Name }, at) => queues.findIndex((other) => sameName(other.Name, Name)) !== at,
  );
  if (twice) return fail(`queue "${twice.Name}" is listed twice (names do not differ by case)`);
  return {
    queues: new Map(queues.map((queue) => [queue.Name, settingsOf(queue)])),
    warnings: queues.flatMap(emulatorWouldRefuse),
  };
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function settingsOf({ Properties }: Queue): QueueSettings {
  return {
    lockDuration: Properties.LockDuration,
    maxDeliveryCount: Properties.MaxDeliveryCount,
    timeToLive: Properties.DefaultMessageTimeToLive,
    deadLetterOnExpiry: Properties.DeadLetteringOnMessageExpiration,
  };
}

/** The official emulator's tighter ranges, from the JSON schema that its installer publishes. */
function emulatorWouldRefuse({ Name, Properties }: Queue): string[] {
  const faults: [boolean, string][] = [
    [Properties.LockDuration < 5 * SECOND, 'LockDuration is under PT5S'],
    [Properties.DefaultMessageTimeToLive < 5 * MINUTE, 'DefaultMessageTimeToLive is under PT5M'],
    [Properties.DefaultMessageTimeToLive > HOUR, 'DefaultMessageTimeToLive is over PT1H'],
    [Properties.MaxDeliveryCount > 10, 'MaxDeliveryCount is over 10'],
  ];
  return faults
    .filter(([found]) => found)
    .map(([, what]) => `queue "${Name}": ${what}; the official emulator would refuse this file`);
}

const ISO_8601 = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Milliseconds of an ISO 8601 duration in days, hours, minutes and seconds (`PT1M`, `P1DT2H`), or undefined if the text
 * is not one. Years and months are refused: their length is not fixed.
 */
function millisecondsOf(duration: string): number | undefined {
  const match = ISO_8601.exec(duration);
  if (!match || !/\d/.test(duration) || duration.endsWith('T')) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part || 0));
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}

const STRING_OR_COMMENT = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/**
 * Parses JSON with `//` and block comments, as in the official emulator's samples. Comments become blanks of the same
 * length, so that the position in a syntax error is the position in the file. Throws SyntaxError.
 */
function parseJsonWithComments(text: string): unknown {
  const blanked = text.replace(STRING_OR_COMMENT, (found) =>
    found.startsWith('"') ? found : found.replace(/[^\n]/g, ' '),
  );
  return JSON.parse(blanked.replace(/^\uFEFF/, ''));
}
