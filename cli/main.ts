import { Command } from 'commander';
import { isNotAllowed } from '../shared/storage/storage-port';
import { createProgram, HelpShown, UsageError } from './command';
import { commands, groups } from './commands';
import { CliError, failureOutput, terminalOf, wrap } from './print';
import { version } from './version';

const args = process.argv.slice(2);
const program = createProgram(
  new Command('joinery')
    .description(
      'Operates Joinery: the local stack that runs here, or by its settings an app in Azure.',
    )
    .version(version, '--version', 'print the version'),
  commands,
  groups,
);

program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
  if (error instanceof HelpShown) return;
  // A command that gives 1 a meaning of its own has said beforehand what a failure ends with.
  const other = typeof process.exitCode === 'number' ? process.exitCode : 1;
  const code = error instanceof CliError ? error.code : other;
  const message = textOf(error);
  if (isJson())
    process.stdout.write(`${JSON.stringify(failureOutput(error, message, code), null, 2)}\n`);
  // The last line says what is wrong. A bus that does not answer leaves sockets and timers behind, which would keep the
  // process alive for minutes.
  process.stderr.write(forPeople(error, message), () => process.exit(code));
});

/** Options may be what is wrong, so the arguments are looked at as they were given. */
function isJson(): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? args.length : end).includes('--json');
}

function forPeople(error: unknown, message: string): string {
  const terminal = terminalOf(process.stderr);
  if (!(error instanceof UsageError)) return `${wrap(message, terminal)}\n`;
  return `${wrap(error.usage, terminal)}\n${wrap(`error: ${message}`, terminal)}\n`;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name !== 'StoreUnavailable') return error.message;
  if (isNotAllowed(error))
    return `${error.message}. You lack a role for this: docs/permissions.md lists who may run which command.`;
  return `${error.message}. Check that the store runs and that you may read it; the local stack may have stopped.`;
}
