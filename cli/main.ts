import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { Id } from '../shared/domain/events/event';
import { StoreUnavailable } from '../shared/storage/storage-port';
import { secondsOf } from '../shared/config/config';
import { waysToSignIn } from '../shared/config/identity';
import { findSettings } from './app-settings';
import { audit } from './audit';
import { Complaint, findConnection } from './connection';
import { deadLetters } from './dead-letters';
import { doctor } from './doctor';
import type { SignInOptions } from './graph';
import { checkModel } from './model';
import { applyModel, type ApplyOptions } from './apply-model';
import { replay, type ReplayOptions } from './replay';
import { send } from './send';
import { status } from './status';
import { versions } from './versions';

const JSON_FLAG = ['--json', 'print JSON and nothing else'] as const;
const SETTINGS = [
  '--settings <file>',
  'the settings of an app in Azure, as "az functionapp config appsettings list" prints them; "-" is standard input',
] as const;

const WAY = new Option(
  '--sign-in <way>',
  'how you sign in to Microsoft Graph; "azure" is the sign-in of the Azure CLI, azd or Azure PowerShell, which lacks ' +
    'entitlement management unless it is an application that was granted it',
)
  .choices(waysToSignIn)
  .default('browser');
const TENANT = ['--tenant <id>', 'the tenant to sign in to, where you are in several'] as const;
const CLIENT = [
  '--client <id>',
  'a public client of your own to sign in with, instead of Microsoft Graph Command Line Tools',
] as const;

const program = new Command('joinery')
  .description(
    'Looks after provisioning events, on the running local stack or, by settings, in Azure.',
  )
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('send <file>')
  .description('send one event from a file, or from standard input for "-"')
  .option('--force', 'send it although the intake will refuse it', false)
  .option(...JSON_FLAG, false)
  .action((file: string, options: { force: boolean; json: boolean }) =>
    send(findConnection(process.env), file, options),
  );

program
  .command('status <id>')
  .description('where one event stands, by its CloudEvents id')
  .option('--source <uri>', 'the source, where several have the id')
  .option(...JSON_FLAG, false)
  .action((id: string, options: { source?: string; json: boolean }) =>
    status(findConnection(process.env), id, options),
  );

program
  .command('audit')
  .description('the audit rows of one event, worker or day, with the verdict on their hash chains')
  .option('--event <id>', 'a CloudEvents id')
  .option('--source <uri>', 'with --event: the source, where several have the id')
  .option('--worker <id>', 'a worker id')
  .option('--day <day>', 'a UTC day, YYYY-MM-DD')
  .option(...JSON_FLAG, false)
  .action((options: { json: boolean }) => audit(findConnection(process.env), options));

program
  .command('dead-letters')
  .description('what the bus has given up on, taking nothing out')
  .option('--limit <n>', 'how many at most', wholeNumber, 100)
  .option(...JSON_FLAG, false)
  .action((options: { limit: number; json: boolean }) =>
    deadLetters(findConnection(process.env), options),
  );

program
  .command('replay [id]')
  .description(
    'run events again: those of the dead letters, the dead letter of one event id, or the event of a file. ' +
      'Shows what it would do, unless --yes',
  )
  .requiredOption('--by <who>', 'who replays; kept in the audit rows, so a user name, no mail', id)
  .requiredOption('--reason <code>', 'why, such as a ticket; kept in the audit rows', id)
  .option('--file <file>', 'the event, where its message is no dead letter; "-" is standard input')
  .option('--cause <code>', 'only those with this dead-letter reason, refusal, outcome or reason')
  .option(
    '--since <time>',
    'only those enqueued since a time, or within a duration such as 4h',
    time,
  )
  .option('--limit <n>', 'how many dead letters at most', wholeNumber, 50)
  .option('--attempts <n>', 'leave events that have had so many attempts', wholeNumber, 5)
  .option('--preview', 'only show what would be done (the default)')
  .option('--yes', 'do it', false)
  .option(...JSON_FLAG, false)
  .action((event: string | undefined, options: ReplayOptions & { preview?: true }) => {
    if (options.preview && options.yes) throw new Complaint('say --preview or --yes, not both', 2);
    if (options.file !== undefined && event !== undefined)
      throw new Complaint('say an event id or --file, not both', 2);
    return replay(findConnection(process.env), event, options);
  });

program
  .command('versions')
  .description('how many open events run under which version of the orchestration')
  .option('--before <version>', 'exit with 1 while one of an older version is open', wholeNumber)
  .option(...JSON_FLAG, false)
  .action((options: { before?: number; json: boolean }) =>
    versions(findConnection(process.env), options),
  );

program
  .command('doctor')
  .description(
    'look whether the app can do its work: settings, stores, queue, Microsoft Graph, permissions, licence, and all that ' +
      'the access model names. Changes nothing; exit code 1 on a fault',
  )
  .option('--identity <id>', "client or object id of the app's identity (AZURE_CLIENT_ID)", guid)
  .addOption(
    new Option('--deadline <duration>', 'how long one look may take')
      .argParser(duration)
      .default(120, '2m'),
  )
  .option(...SETTINGS)
  .addOption(WAY)
  .option(...TENANT)
  .option(...CLIENT)
  .option(...JSON_FLAG, false)
  .action(async ({ settings, deadline, ...options }: DoctorOptions) =>
    doctor(await findSettings(process.env, settings), { ...options, deadlineMs: deadline * 1000 }),
  );

type DoctorOptions = SignInOptions & {
  identity?: string;
  deadline: number;
  settings?: string;
  json: boolean;
};

const model = program
  .command('model')
  .description('the access model: whether it can be used, and bringing it into the tenant');

model
  .command('check [file]')
  .description('say every fault of an access model, or that it has none')
  .option(...JSON_FLAG, false)
  .action((file: string | undefined, options: { json: boolean }) =>
    checkModel(file ?? process.env['ACCESS_MODEL'] ?? 'access-model.json', options),
  );

model
  .command('apply')
  .description(
    'make catalogs, packages, roles, policies and incompatibilities equal to the model, under your own sign-in. ' +
      'Shows what it would do, unless --yes or asked on a terminal; never removes access',
  )
  .option('--yes', 'do it without asking', false)
  .option('--only <package>', 'only this package; may be said several times', several, [])
  .option('--model <file>', 'another model than the app has, by path or blob URL')
  .option(...SETTINGS)
  .addOption(WAY)
  .option(...TENANT)
  .option(...CLIENT)
  .option(...JSON_FLAG, false)
  .action(async ({ settings, ...options }: ApplyOptions & { settings?: string }) =>
    applyModel(await findSettings(process.env, settings), options),
  );

function several(text: string, others: string[]): string[] {
  return [...others, text];
}

function id(text: string): string {
  const read = Id.safeParse(text);
  if (!read.success) throw new InvalidArgumentError(read.error.issues[0]?.message ?? '');
  return read.data;
}

function guid(text: string): string {
  if (!z.guid().safeParse(text).success) throw new InvalidArgumentError('a GUID, not a name');
  return text;
}

function duration(text: string): number {
  const seconds = secondsOf(text);
  if (!seconds) throw new InvalidArgumentError('a duration such as 30s or 2m');
  return seconds;
}

function time(text: string): Date {
  const seconds = secondsOf(text);
  const at = seconds === undefined ? new Date(text) : new Date(Date.now() - seconds * 1000);
  if (Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('a time such as 2026-11-20T09:30:00Z, or a duration such as 4h');
  return at;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1');
  return number;
}

program.parseAsync().catch((error: unknown) => {
  const code = error instanceof Complaint ? error.code : 1;
  // A bus that does not answer leaves sockets and timers behind, for which the process would wait for minutes.
  process.stderr.write(`${textOf(error)}\n`, () => process.exit(code));
});

function textOf(error: unknown): string {
  if (error instanceof StoreUnavailable)
    return `${error.message}: does it run, and may you read it? The stack may have ended since it was found.`;
  return error instanceof Error ? error.message : String(error);
}
