import type { Command, CommanderError } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { EventId, Id } from '../shared/domain/events/event';
import { Hour } from '../shared/domain/evidence/seal';
import { secondsOf } from '../shared/config/config';
import { isDate, isDateTime, toUtc } from '../shared/domain/events/time';
import { CliError } from './print';

/** One command: its help, its entry in the list of commands and the shape of its JSON come from here. */
export type CommandDefinition = {
  /** One word, or two for a command of a group. */
  name: string;
  /** `[name]` is optional, `<name>` is required, `<name...>` takes several. */
  arguments: readonly Argument[];
  options: readonly Option[];
  description: string;
  /** What `--json` prints: always an object, so that members can be added. A failure prints `FailureOutput` instead. */
  output: z.ZodObject;
  /** Loads the code of the command only when it runs. */
  run: (args: readonly string[], options: never) => Promise<void>;
};

type Argument = { name: string; description: string; parse?: (text: string) => string };

type OptionSettings = {
  default?: unknown;
  /** The default as help shows it. */
  defaultText?: string;
  choices?: readonly string[];
  parse?: (text: string, previous: never) => unknown;
  required?: true;
  /** The names, in camel case, of options that have no meaning beside this one: together they are refused. */
  conflicts?: string[];
};

export function option(flags: string, description: string, settings: OptionSettings = {}): Option {
  const made = new Option(flags, description).makeOptionMandatory(settings.required ?? false);
  if (settings.choices) made.choices(settings.choices);
  else if (!made.isBoolean()) made.argParser(parseText);
  if (settings.parse) made.argParser(settings.parse as (text: string) => unknown);
  if (settings.conflicts) made.conflicts(settings.conflicts);
  if ('default' in settings) made.default(settings.default, settings.defaultText);
  return made;
}

export const json = option('--json', 'print JSON and nothing else', { default: false });
export type Json = { json: boolean };

/** Where stores and queue are. Loaded with the command, because the Azure clients are slow to load. */
export const connection = async () => (await import('./connection.js')).findConnection(process.env);

/** An option that may be given several times; its value is the list of what was given. */
export function repeated(
  flags: string,
  description: string,
  settings: OptionSettings = {},
): Option {
  const { choices } = settings;
  const parse = (text: string, others: string[]): string[] => {
    if (choices && !choices.includes(text)) throw takes(`one of ${choices.join(', ')}`);
    return [...others, parseText(text)];
  };
  return option(flags, `${description}; may be repeated`, { ...settings, parse, default: [] });
}

const mayRepeat = (one: Option): boolean => Array.isArray(one.defaultValue);

/** A wrong call, with the usage line of the command that was called. */
export class UsageError extends CliError {
  readonly usage: string;
  constructor(command: Command, message: string) {
    super(message, 2);
    this.usage = `Usage: ${command.createHelp().commandUsage(command)}`;
  }
}

/** Thrown when help was asked for and printed. */
export class HelpShown extends Error {}

/**
 * The program with all its commands. `groups` describes the first words of two-word names. Parsing throws a UsageError
 * for anything that would otherwise be dropped: an unknown option, an option given twice, an argument too many.
 */
export function createProgram(
  program: Command,
  definitions: readonly CommandDefinition[],
  groups: Readonly<Record<string, string>>,
): Command {
  strict(program);
  const parents = new Map<string, Command>();
  for (const definition of definitions) {
    const [first = '', second] = definition.name.split(' ');
    let parent = program;
    if (second !== undefined) {
      parent =
        parents.get(first) ?? strict(program.command(first).description(groups[first] ?? ''));
      parents.set(first, parent);
    }
    const command = strict(parent.command(second ?? first).description(definition.description));
    // A command can be the first word of others: `audit` and `audit verify`.
    if (second === undefined) parents.set(first, command);
    command.usage(usageOf(definition));
    for (const one of definition.arguments) addArgument(command, one);
    for (const one of definition.options) addOption(command, one);
    command.action(async (...given: unknown[]) => {
      const count = definition.arguments.length;
      try {
        await definition.run(given.slice(0, count).flat() as string[], given[count] as never);
      } catch (error) {
        if (error instanceof CliError && error.code === 2)
          throw new UsageError(command, error.message);
        throw error;
      }
    });
  }
  return program;
}

/** What stands behind the name of the command: what is required first. */
const usageOf = ({ arguments: taken, options }: CommandDefinition): string =>
  [
    ...options.filter(({ mandatory }) => mandatory).map(({ flags }) => flags),
    '[options]',
    ...taken.map(({ name }) => name),
  ].join(' ');

/** A default that changes nothing, of a switch or a list, is not shown. */
function optionDescription({ description, ...one }: Option): string {
  const hasDefault = one.defaultValue !== undefined && one.defaultValue !== false;
  const extra = [
    ...(one.mandatory ? ['required'] : []),
    ...(one.argChoices ? [`choices: ${one.argChoices.join(', ')}`] : []),
    ...(hasDefault && !Array.isArray(one.defaultValue)
      ? [`default: ${one.defaultValueDescription ?? String(one.defaultValue)}`]
      : []),
  ].join('; ');
  return extra === '' ? description : `${description} (${extra})`;
}

/** What is wrong is thrown; commander itself prints only help. */
function strict(command: Command): Command {
  return command
    .helpCommand(false)
    .enablePositionalOptions()
    .configureHelp({ optionDescription })
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined })
    .exitOverride((error: CommanderError) => {
      if (error.exitCode === 0) throw new HelpShown();
      const isMissing = error.code === 'commander.help';
      const list = `"${command.createHelp().commandUsage(command).split(' [')[0] ?? ''} --help" lists them`;
      if (isMissing) throw new UsageError(command, `no command given; ${list}`);
      const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
      const isUnknown = error.code === 'commander.unknownCommand';
      throw new UsageError(command, isUnknown ? `${message}; ${list}` : message);
    });
}

/** Each of several is read by itself. */
function addArgument(command: Command, { name, description, parse = parseText }: Argument): void {
  command.argument(name, description, (text: string, others?: string[]) =>
    name.includes('...') ? [...(others ?? []), parse(text)] : parse(text),
  );
}

/** Commander would take the last one of an option that is given twice. */
function addOption(command: Command, one: Option): void {
  command.addOption(one);
  let times = 0;
  command.on(`option:${one.name()}`, () => {
    times += 1;
    if (times > 1 && !mayRepeat(one))
      throw new UsageError(command, `option '${one.flags}' is given twice`);
  });
}

/** The definitions as data, for `commands --json`. `output` is a JSON Schema. */
export const CommandDescription = z.strictObject({
  name: z.string(),
  usage: z.string(),
  description: z.string(),
  arguments: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string(),
      several: z.boolean(),
      required: z.boolean(),
    }),
  ),
  options: z.array(
    z.strictObject({
      flags: z.string(),
      description: z.string(),
      required: z.boolean(),
      repeatable: z.boolean(),
      default: z.unknown().optional(),
      choices: z.array(z.string()).optional(),
    }),
  ),
  output: z.record(z.string(), z.unknown()),
});
export type CommandDescription = z.infer<typeof CommandDescription>;

export const describeCommand = (definition: CommandDefinition): CommandDescription => ({
  name: definition.name,
  usage: ['joinery', definition.name, ...definition.arguments.map(({ name }) => name)].join(' '),
  description: definition.description,
  arguments: definition.arguments.map(({ name, description }) => ({
    name: name.slice(1, -1).replace('...', ''),
    description,
    several: name.endsWith('...>') || name.endsWith('...]'),
    required: name.startsWith('<'),
  })),
  options: definition.options.map((one) => ({
    flags: one.flags,
    description: one.description,
    required: one.mandatory,
    repeatable: mayRepeat(one),
    ...(one.defaultValue !== undefined && {
      default: (one.defaultValueDescription ?? one.defaultValue) as unknown,
    }),
    ...(one.argChoices && { choices: one.argChoices }),
  })),
  output: z.toJSONSchema(definition.output),
});

/** Commander says before it which option and value are meant. */
const takes = (what: string): InvalidArgumentError => new InvalidArgumentError(`It takes ${what}`);

/** For what has no form of its own. An empty text is a variable of a script that was not set. */
function parseText(text: string): string {
  if (text.trim() === '') throw takes('a text that is not empty');
  return text;
}

const parserOf =
  (schema: z.ZodType<string>) =>
  (text: string): string => {
    const read = schema.safeParse(text);
    if (!read.success) throw takes(read.error.issues[0]?.message ?? 'another value');
    return read.data;
  };
const BRAKE = 'the id of a brake, as "joinery held" lists it';
export const parseId = parserOf(Id);
export const parseEventId = parserOf(EventId);
/** The brake of a package has the id of the run and the key of the package in its own, so it is longer than other ids. */
export const parseBrake = parserOf(z.string().regex(/^[A-Za-z0-9._:-]{1,200}$/, { error: BRAKE }));

/** A UTC day as its text. */
export function parseDay(text: string): string {
  if (!isDate(text)) throw takes('a UTC day YYYY-MM-DD');
  return text;
}

/** An hour, or a day. */
export function parseHour(text: string): string {
  if (!isDate(text) && !Hour.safeParse(text).success)
    throw takes('a UTC hour YYYY-MM-DDThh, or a UTC day YYYY-MM-DD');
  return text;
}

export function parseGuid(text: string): string {
  if (!z.guid().safeParse(text).success) throw takes('a GUID, not a name');
  return text;
}

/** Several ids with commas or white space between, as they come out of a spreadsheet. */
export function parseIds(text: string): string[] {
  const ids = text.split(/[\s,;]+/).filter((id) => id !== '');
  if (ids.length === 0) throw takes('a list of ids');
  return ids.map(parseId);
}

/** In seconds. */
export function parseDuration(text: string): number {
  const seconds = secondsOf(text);
  if (!seconds) throw takes('a duration such as 30s or 2m');
  return seconds;
}

/**
 * A point in time, a UTC day or a duration before now. No other form that JavaScript reads: to it "4" is April 2001, and
 * 30 February a day in March.
 */
export function parseTime(text: string): Date {
  const seconds = secondsOf(text);
  if (seconds !== undefined) return new Date(Date.now() - seconds * 1000);
  if (isDateTime(text) || isDate(text)) return new Date(text);
  throw takes(
    'a time such as 2026-11-20T09:30:00Z, a UTC day such as 2026-11-20, or a duration such as 4h',
  );
}

/** A point in time and nothing else. */
export function parseInstant(text: string): Date {
  if (!isDateTime(text)) throw takes('a time such as 2026-11-20T09:30:00Z');
  return new Date(toUtc(text));
}

export function parsePositiveNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || number <= 0)
    throw takes('a number above 0, such as 20 or 0.5');
  return number;
}

export function parsePositiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw takes('a whole number from 1');
  return number;
}
