import { z } from 'zod';
import {
  connection,
  json,
  option,
  parseDuration,
  parseGuid,
  parseInstant,
  parsePositiveInteger,
  repeated,
  type CommandDefinition,
  type Json,
} from '../command';
import type { DoctorOptions } from '../doctor';
import type { SignInOptions } from '../graph';
import type { ApplyOptions } from '../apply-model';
import type { LoadOptions } from '../load';
import type { ImportOptions } from '../import-model';

const settings = option(
  '--settings <file>',
  'the settings of an app in Azure, as "az functionapp config appsettings list" prints them; "-" is standard input',
);
const ways = ['browser', 'device-code', 'azure'] as const satisfies SignInOptions['signIn'][];
const signIn = [
  option(
    '--sign-in <way>',
    'how you sign in to Microsoft Graph, by default "browser"; "azure" is the sign-in of the Azure CLI, azd or Azure ' +
      'PowerShell, which lacks entitlement management unless it is an application that was granted it. Refused with ' +
      '--tenant and --client where nobody signs in, as at the local Graph',
    { choices: ways },
  ),
  option('--tenant <id>', 'the tenant to sign in to, if you are in several'),
  option(
    '--client <id>',
    'a public client of your own to sign in with, instead of Microsoft Graph Command Line Tools',
  ),
];

/** Loaded with the command, because the Azure clients are slow to load. */
const appSettings = async (file?: string) =>
  (await import('../connection.js')).findSettings(process.env, file);

const text = z.string();
const count = z.number().int();

/** What installs an app or maintains it: its settings, its access model and the people who are already here. */
export const deploymentCommands: readonly CommandDefinition[] = [
  {
    name: 'versions',
    arguments: [],
    options: [
      option('--before <version>', 'exit with 1 while an event of an older version is open', {
        parse: parsePositiveInteger,
      }),
      json,
    ],
    description: 'count the open events by the version of the orchestration that runs them',
    output: z.strictObject({
      versions: z.array(
        z.strictObject({
          version: z.union([count, z.literal('not begun')]),
          open: count,
          oldest: text,
        }),
      ),
    }),
    run: async (_, options: Json & { before?: number }) =>
      (await import('../versions.js')).versions(await connection(), options),
  },
  {
    name: 'doctor',
    arguments: [],
    options: [
      option('--identity <id>', "client or object id of the app's identity (AZURE_CLIENT_ID)", {
        parse: parseGuid,
      }),
      option('--deadline <duration>', 'how long one check may take', {
        parse: parseDuration,
        default: 120,
        defaultText: '2m',
      }),
      settings,
      ...signIn,
      json,
    ],
    description:
      'check whether the app can do its work: settings, stores, queue, Microsoft Graph, permissions, licence, and all ' +
      'that the access model names. Changes nothing; exit code 1 on a fault',
    output: z.strictObject({
      ok: count,
      warnings: count,
      faults: count,
      findings: z.array(
        z.strictObject({
          check: text,
          level: z.enum(['ok', 'warning', 'fault']),
          name: text.optional(),
          about: text.optional(),
          text,
          todo: text.optional(),
        }),
      ),
    }),
    run: async (_, { settings: file, ...options }: DoctorOptions & { settings?: string }) =>
      (await import('../doctor.js')).doctor(await appSettings(file), options),
  },
  {
    name: 'model check',
    arguments: [{ name: '[file]', description: 'by default ACCESS_MODEL, else access-model.json' }],
    options: [json],
    description: 'report every fault of an access model, or that it has none, and advice',
    output: z.strictObject({
      sound: z.literal(true),
      hash: text,
      catalogs: count,
      accessPackages: count,
      birthrights: count,
      advice: z.array(text),
    }),
    run: async ([file], options: Json) =>
      (await import('../model.js')).checkModel(
        file ?? process.env['ACCESS_MODEL'] ?? 'access-model.json',
        options,
      ),
  },
  {
    name: 'model apply',
    arguments: [],
    options: [
      option('--yes', 'make the changes without asking', { default: false }),
      repeated('--only <package>', 'only this package'),
      option('--model <file>', 'another model than that of the app, by path or blob URL'),
      settings,
      ...signIn,
      json,
    ],
    description:
      'make catalogs, packages, roles, policies and incompatibilities equal to the model, under your own sign-in. ' +
      'Shows the changes first and makes them after "yes" on a terminal or with --yes; never removes access',
    output: z.looseObject({ changes: z.array(z.looseObject({})), applied: z.boolean() }),
    run: async (_, { settings: file, ...options }: ApplyOptions & { settings?: string }) =>
      (await import('../apply-model.js')).applyModel(await appSettings(file), options),
  },
  {
    name: 'model import',
    arguments: [],
    options: [
      option('--catalog <name>', 'the display name of the catalog', { required: true }),
      option('--out <file>', 'the file to write, which must not exist; else standard output'),
      settings,
      ...signIn,
      json,
    ],
    description:
      'write an access model of a catalog as it is in the tenant, with rules that give nothing to anybody, and list what ' +
      'a model cannot say of it. Changes nothing',
    output: z.strictObject({
      model: z.looseObject({}),
      file: text.optional(),
      notes: z.array(z.strictObject({ about: text, text })),
    }),
    run: async (_, { settings: file, ...options }: ImportOptions & { settings?: string }) =>
      (await import('../import-model.js')).importModel(await appSettings(file), options),
  },
  {
    name: 'load',
    arguments: [
      {
        name: '<roster>',
        description:
          'CSV with a header, or JSON if the name ends in .json; "-" is CSV on standard input',
      },
    ],
    options: [
      option('--map <file>', 'which column says what: JSON', { required: true }),
      option('--source <uri>', 'the source that states it, one of EVENT_SOURCES', {
        required: true,
      }),
      option('--as-of <time>', 'the instant that it is of: what was stated later stays', {
        required: true,
        parse: parseInstant,
      }),
      option('--dry-run', 'only show what it would do', { conflicts: ['yes'] }),
      option('--yes', 'load without asking', { default: false }),
      settings,
      ...signIn,
      json,
    ],
    description:
      'take people who are already here: store what a roster states of them, and adopt what they hold and should hold. ' +
      'Writes nothing to Microsoft Graph, starts no run, and stores nothing if any row is faulty',
    output: z.strictObject({
      rows: count,
      workers: count,
      facts: z.strictObject({ new: count, unchanged: count }),
      matchingNoRule: count,
      access: z.record(text, count),
      findings: z.array(
        z.strictObject({
          workerId: text,
          objectId: text.optional(),
          packageKey: text.optional(),
          code: text,
        }),
      ),
      notes: z.array(text),
      dryRun: z.boolean(),
      loaded: z.boolean(),
      changedMeanwhile: z.array(z.strictObject({ workerId: text, packageKey: text })),
    }),
    run: async (
      [roster = ''],
      { settings: file, ...options }: LoadOptions & { settings?: string },
    ) => (await import('../load.js')).load(await appSettings(file), roster, options),
  },
];
