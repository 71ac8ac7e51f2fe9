import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<Of extends Options> = ReturnType<
  typeof parseArgs<{ options: Of; strict: true }>
>['values'];

export type Tool<Of extends Options, Command> = {
  /** What the tool does and takes. One line begins with `usage: `. */
  usage: string;
  /** As `parseArgs` takes them; `--help` is added. Only an option with `multiple` may be given several times. */
  options: Of;
  /** Makes a command of the options. Starts nothing: what it throws is reported as wrong use. */
  read: (values: Values<Of>) => Command;
  /** Answers the exit code: 0 if everything was done, 1 if it found or failed something. */
  run: (command: Command) => Promise<number>;
  /** The text of an error of `run`; by default its message. */
  explain?: (error: unknown) => string;
};

const help = { help: { type: 'boolean', short: 'h' } } as const;

/**
 * Runs one tool of development with the arguments of this process. Nothing that was given is dropped: an unknown option,
 * an option given twice and an argument too many are wrong use. Exit codes: 0 done, 1 the tool ran and found or failed
 * something, 2 wrong use, which starts nothing and prints the usage line, then the error. If the tool knows `--json`,
 * an error is also printed as a JSON object.
 */
export async function runTool<Of extends Options, Command>(tool: Tool<Of, Command>): Promise<void> {
  const { usage, options, read, run, explain = messageOf } = tool;
  const args = process.argv.slice(2);
  // The arguments may be what is wrong, so they are looked at as they were given.
  const isJson = 'json' in options && args.includes('--json');
  let command: Command;
  try {
    const values = parse(args, { ...options, ...help });
    if ((values as { help?: boolean }).help) {
      console.log(usage);
      return;
    }
    command = read(values as Values<Of>);
  } catch (error) {
    const line = usage.split('\n').find((one) => one.startsWith('usage: ')) ?? usage;
    end(2, messageOf(error), isJson, `${line}\nerror: ${messageOf(error)}`);
    return;
  }
  try {
    process.exitCode = await run(command);
  } catch (error) {
    end(1, explain(error), isJson);
  }
}

/** Reads an option that takes a whole number. Throws an Error that names the option and what it takes. */
export function integerOption(
  option: string,
  text: string,
  least: number,
  most = Infinity,
): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least && number <= most)
    return number;
  const range = most === Infinity ? `from ${least}` : `from ${least} to ${most}`;
  throw new Error(`${option} takes a whole number ${range}, not "${text}"`);
}

/** `parseArgs` would take the last one of an option that is given twice. */
function parse(args: string[], options: Options) {
  const { values, tokens } = parseArgs({ args, options, tokens: true });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (seen.has(token.name) && !options[token.name]?.multiple)
      throw new Error(`option '--${token.name}' is given twice`);
    seen.add(token.name);
  }
  return values;
}

/** On one line, without the advice of `parseArgs` on positional arguments, which no tool takes. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string' || !code.startsWith('ERR_PARSE_ARGS_')) return text;
  return (text.split('. To specify')[0] ?? text).replace(/\s+/g, ' ');
}

/** Exits at once: a service that does not answer leaves sockets and timers that would keep the process alive. */
function end(code: number, message: string, isJson: boolean, forPeople = message): void {
  if (isJson) console.log(JSON.stringify({ error: { message, exitCode: code } }, null, 2));
  process.stderr.write(`${forPeople}\n`, () => process.exit(code));
}
