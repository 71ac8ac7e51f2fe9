import { z } from 'zod';
import { ClosingOutcome } from '../shared/domain/workflow/step-outcome';
import { WaitingFor } from '../shared/domain/workflow/workflow-state';
import { Fate } from '../shared/domain/lifecycle/facts';
import { Action } from '../shared/domain/lifecycle/held';
import { StopReason } from '../shared/domain/lifecycle/planner';
import { ReconcileReport } from '../shared/domain/reconcile/report';
import { Explanation } from '../shared/reports/explain';
import { auditCommands } from './audit-commands';
import {
  CommandDescription,
  connection,
  describeCommand,
  json,
  option,
  parseBrake,
  parseDuration,
  parseEventId,
  parseGuid,
  parseId,
  parseInstant,
  parseTime,
  parsePositiveInteger,
  repeated,
  type CommandDefinition,
  type Json,
} from './command';
import { personCommand, retentionCommand } from './privacy-commands';
import { estimateCommand } from './estimate';
import { reportCommands } from './report-commands';
import type { DoctorOptions } from './doctor';
import { CliError, print, tableOf } from './print';
import type { SignInOptions } from './graph';
import type { ApplyOptions } from './apply-model';
import type { ReplayOptions } from './replay';
import type { ListOptions } from './list';
import type { PlanOptions } from './plan';
import type { ClockOptions } from './clock';
import type { SampleOptions } from './sample';
import type { CloseOptions } from './held';
import type { LoadOptions } from './load';
import type { ImportOptions } from './import-model';
import type { RecheckOptions } from './recheck';
import type { ReconcileOptions } from './reconcile';

const settings = option(
  '--settings <file>',
  'the settings of an app in Azure, as "az functionapp config appsettings list" prints them; "-" is standard input',
);
const samples = ['joined', 'moved', 'left', 'corrected', 'rescinded', 'snapshot'] as const;
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

/** The groups of two-word commands. */
export const groups = {
  model: 'check the access model, apply it to the tenant, or import it from there',
  report:
    'answer an auditor: who got what and why, whether everybody was served, and how soon leavers lost access',
};

const text = z.string();
const count = z.number().int();

/** What an open event waits for: of `status` and of each event of `list`. */
const wait = {
  waitingFor: z.enum(['start', 'closing', 'nothing', ...WaitingFor.options]).optional(),
  waitingReason: text.optional(),
  waitingSince: text.optional(),
  waitingUntil: text.optional(),
  stalledSince: text.optional(),
};
const eventStatus = z.looseObject({
  eventId: text.optional(),
  source: text.optional(),
  state: z.enum(['claimed', 'started', 'closing', 'closed', 'rejected']),
  outcome: text.optional(),
  reason: text.optional(),
  ...wait,
});

/** Loaded with the command, because the Azure clients are slow to load. */
const appSettings = async (file?: string) =>
  (await import('./connection.js')).findSettings(process.env, file);

export const commands: readonly CommandDefinition[] = [
  {
    name: 'send',
    arguments: [
      {
        name: '<files...>',
        description: 'an event each, or JSON Lines with one on each line; "-" is standard input',
      },
    ],
    options: [
      option('--force', 'send them although the app will reject them', { default: false }),
      json,
    ],
    description:
      'send events from files or from standard input, after a check that lists every fault and warns of what may not be meant',
    output: z.strictObject({
      sent: z.literal(true),
      queue: text,
      events: z.array(
        z.strictObject({
          file: text,
          line: count,
          eventId: text.optional(),
          bodyHash: text,
          faults: z.array(
            z.strictObject({ reason: text, field: text.optional(), rule: text, line: count }),
          ),
          warnings: z.array(z.strictObject({ code: text, field: text, line: count, text })),
        }),
      ),
      notes: z.array(text),
    }),
    run: async (files, options: Json & { force: boolean }) =>
      (await import('./send.js')).send(await connection(), files, options),
  },
  {
    name: 'sample',
    arguments: [],
    options: [
      option('--id <id>', 'its CloudEvents id; by default of the worker and the start date', {
        parse: parseId,
      }),
      option('--worker <id>', 'the worker', { parse: parseId, default: 'W-1024' }),
      option('--type <type>', 'what it says', { choices: samples, default: 'joined' }),
      option(
        '--revises <id>',
        'the id of the event, as it was sent, that a corrected or rescinded one is about; ' +
          'by default of the joined sample without --id',
        { parse: parseId },
      ),
      json,
    ],
    description: 'print an event that can be sent: by default, somebody joins Finance in a week',
    output: z.looseObject({ specversion: text, id: text, source: text, type: text, time: text }),
    run: async (_, options: SampleOptions) => {
      const { sampleEvent } = await import('./sample.js');
      const { type, revises } = options;
      if (revises !== undefined && type !== 'corrected' && type !== 'rescinded')
        throw new CliError('--revises needs --type corrected or --type rescinded', 2);
      process.stdout.write(`${JSON.stringify(sampleEvent(options, new Date()), null, 2)}\n`);
    },
  },
  {
    name: 'plan',
    arguments: [],
    options: [
      option('--events <file>', 'the events of one person: a JSON array', { required: true }),
      option('--held <file>', 'what the person holds: a JSON array; nothing if absent'),
      option('--model <place>', 'the path or blob URL of the access model', { required: true }),
      option('--at <time>', 'the instant to plan for', { required: true, parse: parseInstant }),
      json,
    ],
    description:
      'show what the rules give one person at an instant, what would be done, and when that changes; nothing is sent',
    output: z.strictObject({
      wants: z.array(
        z.strictObject({
          packageKey: text,
          ruleId: text,
          until: text.optional(),
          reason: z.enum(['rule', 'overlap']),
        }),
      ),
      steps: z.array(
        z.strictObject({
          id: text,
          action: Action,
          packageKey: text,
          until: text.optional(),
          after: z.array(text),
        }),
      ),
      stopped: z.array(z.strictObject({ packageKey: text, reason: StopReason })),
      handOff: z.array(text),
      next: text.nullable(),
      fates: z.record(text, Fate),
    }),
    run: async (_, options: PlanOptions) => (await import('./plan.js')).plan(options),
  },
  {
    name: 'status',
    arguments: [{ name: '<id>', description: 'a CloudEvents id', parse: parseEventId }],
    options: [option('--source <uri>', 'the source, if several have the id'), json],
    description: 'show the state of one event, by its CloudEvents id',
    output: eventStatus,
    run: async ([id = ''], options: Json & { source?: string }) =>
      (await import('./status.js')).status(await connection(), id, options),
  },
  {
    name: 'explain',
    arguments: [{ name: '<id>', description: 'a CloudEvents id', parse: parseEventId }],
    options: [option('--source <uri>', 'the source, if several have the id'), json],
    description:
      'explain why an event gave or took access: by which events, rule and policy, what was held before and how it ended; ' +
      'from stored rows, whatever the rules are now. Exit code 1 on a fault of the hash chains',
    output: Explanation,
    run: async ([id = ''], options: Json & { source?: string }) =>
      (await import('./explain.js')).explain(await connection(), id, options),
  },
  personCommand,
  retentionCommand,
  {
    name: 'list',
    arguments: [],
    options: [
      option('--open', 'open events, and what each waits for (the default)', { default: false }),
      option(
        '--problems',
        'events that ended without all of their access or are stalled, and refused messages',
        {
          default: false,
        },
      ),
      repeated('--outcome <code>', 'events that ended with this outcome', {
        choices: [...ClosingOutcome.options, 'rejected'],
      }),
      option(
        '--since <time>',
        'only those received, or if ended closed, since a time or within a duration such as 4h; ' +
          'by default ended events of the last 7 days',
        { parse: parseTime },
      ),
      option('--worker <id>', 'only those of this worker, at any time', { parse: parseId }),
      json,
    ],
    description:
      'list events: what each open one waits for, since when and until when at most, and how the others ended',
    output: z.strictObject({
      events: z.array(eventStatus),
      groups: z.array(z.strictObject({ state: text, why: text, events: count })),
    }),
    run: async (_, options: ListOptions) =>
      (await import('./list.js')).list(await connection(), options),
  },
  ...auditCommands,
  ...reportCommands,
  {
    name: 'dead-letters',
    arguments: [],
    options: [
      option('--limit <n>', 'how many at most', { parse: parsePositiveInteger, default: 100 }),
      json,
    ],
    description: 'list the messages that Service Bus has given up on; removes none',
    output: z.strictObject({
      deadLetters: z.array(
        z.strictObject({
          sequenceNumber: text,
          enqueuedAt: text.optional(),
          eventId: text.optional(),
          problem: text.optional(),
          bodyType: z.enum(['data', 'value', 'sequence']),
          deadLetterReason: text.optional(),
          deadLetterErrorDescription: text.optional(),
          bodyHash: text,
        }),
      ),
    }),
    run: async (_, options: Json & { limit: number }) =>
      (await import('./dead-letters.js')).deadLetters(await connection(), options),
  },
  {
    name: 'replay',
    arguments: [
      { name: '[id]', description: 'only the event of this CloudEvents id', parse: parseEventId },
    ],
    options: [
      option('--by <who>', 'who replays; kept in the audit rows, so a user name, no mail address', {
        parse: parseId,
        required: true,
      }),
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        required: true,
      }),
      repeated(
        '--file <file>',
        'an event whose message is no dead letter, or JSON Lines with one on each line; "-" is standard input',
        { conflicts: ['cause', 'package', 'since', 'until', 'limit'] },
      ),
      option(
        '--cause <code>',
        'only those with this dead-letter reason, refusal, outcome or reason',
      ),
      option('--package <key>', 'only closed events with a row about this access package'),
      option(
        '--since <time>',
        'only those enqueued or closed since a time, or within a duration such as 4h; ' +
          'by default closed events of the last 30 days',
        { parse: parseTime },
      ),
      option('--until <time>', 'only those enqueued or closed before', { parse: parseTime }),
      option('--limit <n>', 'how many events at most', {
        parse: parsePositiveInteger,
        default: 50,
      }),
      option('--attempts <n>', 'leave events that have had this many attempts', {
        parse: parsePositiveInteger,
        default: 5,
      }),
      option('--preview', 'only show what would be done (the default)', { conflicts: ['yes'] }),
      option('--yes', 'replay them; without it nothing is sent or removed', { default: false }),
      json,
    ],
    description:
      'run events again: those of the dead letters; with an id, cause, time or package closed events too, from what was ' +
      'stored of them; or the events of files. ' +
      'Without --yes it only shows what it would do',
    output: z.strictObject({
      preview: z.boolean(),
      events: z.array(
        z.strictObject({
          sequenceNumber: text.optional(),
          enqueuedAt: text.optional(),
          deadLetterReason: text.optional(),
          closedAt: text.optional(),
          eventId: text.optional(),
          eventHash: text.optional(),
          action: z.enum(['send', 'complete', 'leave']),
          why: text,
          attempt: count.optional(),
          causes: z.array(text),
          replayId: text.optional(),
          result: text.optional(),
        }),
      ),
      notLookedAt: count,
      notes: z.array(text),
    }),
    run: async ([event], options: ReplayOptions) =>
      (await import('./replay.js')).replay(await connection(), event, options),
  },
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
      (await import('./versions.js')).versions(await connection(), options),
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
      (await import('./doctor.js')).doctor(await appSettings(file), options),
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
      (await import('./model.js')).checkModel(
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
      (await import('./apply-model.js')).applyModel(await appSettings(file), options),
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
      (await import('./import-model.js')).importModel(await appSettings(file), options),
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
    ) => (await import('./load.js')).load(await appSettings(file), roster, options),
  },
  {
    name: 'held',
    arguments: [],
    options: [json],
    description:
      'list the brakes that hold something because too many people would lose access, or a reconciliation would repair too ' +
      'much, and everybody who waits under each',
    output: z.strictObject({
      brakes: z.array(
        z.strictObject({
          id: text,
          kind: z.enum(['usual', 'urgent', 'reconcile-grant', 'reconcile-removal']),
          trippedAt: text,
          counted: count,
          people: z.array(
            z.strictObject({
              person: text,
              eventHash: text,
              since: text,
              objectIds: z.array(text),
              packages: z.array(text),
            }),
          ),
        }),
      ),
    }),
    run: async (_, options: Json) => (await import('./held.js')).held(await connection(), options),
  },
  {
    name: 'recheck',
    arguments: [
      {
        name: '<worker>',
        description: 'a worker id; any number that the person has had',
        parse: parseId,
      },
    ],
    options: [
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        required: true,
      }),
      option(
        '--by <who>',
        'who asks, by default the name of your account on this machine; kept in the audit rows, so no mail address',
        { parse: parseId },
      ),
      json,
    ],
    description:
      'plan again for a person, and do what the plan says; a discard of their removals does not count any more',
    output: z.strictObject({
      ...{ eventId: text, workerId: text, by: text, reason: text },
      sent: z.literal(true),
    }),
    run: async ([worker = ''], options: RecheckOptions) =>
      (await import('./recheck.js')).recheck(await connection(), worker, options),
  },
  {
    name: 'reconcile',
    arguments: [],
    options: [
      option('--dry-run', 'repair nothing, and only report', { default: false }),
      option('--package <key>', 'compare only who holds this access package', { parse: parseId }),
      option('--worker <id>', 'compare only this worker', { parse: parseId }),
      option(
        '--accept-lists',
        'with --package: a list that is empty or has shrunk is true, as you have seen in Entra',
        { default: false, conflicts: ['worker'] },
      ),
      option(
        '--by <who>',
        'who asks, by default the name of your account on this machine; kept in the audit rows, so no mail address',
        { parse: parseId },
      ),
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        default: 'asked',
      }),
      option('--reports <folder>', 'where the report is written, as JSON and as Markdown', {
        default: 'reports',
      }),
      option('--last', 'start no run: write and print the report of the last one again', {
        default: false,
        conflicts: ['dryRun', 'package', 'worker', 'acceptLists', 'by'],
      }),
      option('--deadline <duration>', 'how long to follow the run, which goes on after it', {
        parse: parseDuration,
        default: 3600,
        defaultText: '1h',
      }),
      json,
    ],
    description:
      'compare what everybody should have with what is in Entra, repair what the access model says within the limits, and ' +
      'report. Exit code 0 clean, 1 drift, 2 wrong use, 3 incomplete or not known, 4 held by a brake',
    output: ReconcileReport,
    run: async (_, options: ReconcileOptions) =>
      (await import('./reconcile.js')).reconcile(connection, options),
  },
  ...(['release', 'discard'] as const).map((name): CommandDefinition => ({
    name,
    arguments: [{ name: '<brake>', description: 'its id, as "held" lists it', parse: parseBrake }],
    options: [
      option('--by <who>', 'who decides; kept in the audit rows, so a user name, no mail address', {
        parse: parseId,
        required: true,
      }),
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        required: true,
      }),
      json,
    ],
    description:
      name === 'release'
        ? 'carry out what a brake holds: removals, or repairs of the last reconciliation within a day'
        : 'drop what a brake holds: removals until something else is stated of the person, repairs until the next reconciliation',
    output: z.strictObject({
      brake: text,
      state: z.enum(['released', 'discarded']),
      by: text,
      reason: text,
      people: count,
    }),
    run: async ([id = ''], options: CloseOptions) =>
      (await import('./held.js')).closeBrake(
        await connection(),
        id,
        name === 'release' ? 'released' : 'discarded',
        options,
      ),
  })),
  estimateCommand,
  {
    name: 'clock',
    arguments: [],
    options: [
      option('--advance <duration>', 'move it forward by a duration such as 20d', {
        parse: parseDuration,
        conflicts: ['to'],
      }),
      option('--to <time>', 'move it forward to a time such as 2027-01-01T09:00:00Z', {
        parse: parseInstant,
      }),
      json,
    ],
    description:
      'show the clock of the local stack, or move it forward: timers, deliveries and deadlines follow. Never an app in Azure',
    output: z.strictObject({ now: text, aheadSeconds: count }),
    run: async (_, options: ClockOptions) => {
      const { clock, dataDirOf } = await import('./clock.js');
      return clock(dataDirOf(process.env), options);
    },
  },
  {
    name: 'commands',
    arguments: [],
    options: [json],
    description: 'list all commands; with --json their arguments, options and output shapes',
    output: z.strictObject({ commands: z.array(CommandDescription) }),
    run: (_, options: Json) => {
      const described = commands.map(describeCommand);
      print({ commands: described }, options.json, () =>
        tableOf(
          ['command', 'what it does'],
          described.map(({ usage, description }) => [usage, description]),
        ),
      );
      return Promise.resolve();
    },
  },
];
