import { z } from 'zod';
import { Complaint, LOCAL, readStack, Stack } from './connection';
import { readBody } from './send';

/** The settings of the app that is looked after, and whether it is the one of the local stack. */
export type AppSettings = {
  settings: Record<string, string | undefined>;
  local: boolean;
  /** Where the app answers over http, if that is known: only of the local stack. */
  host?: string | undefined;
};

const ADDRESSES = [
  'ServiceBus',
  'ServiceBus__fullyQualifiedNamespace',
  'RECORDS_STORAGE',
  'AUDIT_STORAGE',
];

const WholeStack = Stack.extend({
  graph: z.object({ url: z.string() }),
  host: z
    .object({ url: z.string(), settings: z.record(z.string(), z.string()).optional() })
    .optional(),
});

/** `az functionapp config appsettings list`, a local.settings.json, or a plain object. */
const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const SettingsFile = z.union([
  z
    .array(z.object({ name: z.string(), value: Text }))
    .transform((list) => Object.fromEntries(list.map(({ name, value }) => [name, value]))),
  z.object({ Values: z.record(z.string(), Text) }).transform(({ Values }) => Values),
  z.record(z.string(), Text),
]);

/**
 * The app's settings from a file, else from the environment if it holds any address of the app's, else from the local
 * stack that runs here. `file` may be "-" for standard input.
 */
export async function findSettings(env: NodeJS.ProcessEnv, file?: string): Promise<AppSettings> {
  if (file !== undefined)
    return { settings: readSettings(await readBody(file), file), local: false };
  if (ADDRESSES.some((name) => env[name])) return { settings: env, local: false };
  const stack = readStack(
    WholeStack,
    env,
    'hand over the settings of an app in Azure with --settings <file>',
  );
  return { settings: localSettings(stack), local: true, host: stack.host?.url };
}

function readSettings(bytes: Buffer, file: string): Record<string, string> {
  try {
    return SettingsFile.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new Complaint(
      `${file} holds no settings: give what "az functionapp config appsettings list" prints, or a local.settings.json`,
      2,
    );
  }
}

function localSettings(stack: z.infer<typeof WholeStack>): Record<string, string> {
  const storage = stack.storage.connectionString;
  return {
    ...LOCAL,
    GRAPH_LAG: '250ms',
    ...stack.host?.settings,
    ServiceBus: stack.serviceBus.connectionString,
    AzureWebJobsStorage: storage,
    RECORDS_STORAGE: storage,
    AUDIT_STORAGE: storage,
    GRAPH_URL: stack.graph.url,
  };
}
