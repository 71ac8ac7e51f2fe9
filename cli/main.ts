import { Command } from 'commander';
import { createProgram } from './command';
import { commands, groups } from './commands';
import { CliError } from './print';

const program = createProgram(
  new Command('joinery')
    .description(
      'Operates Joinery: the local stack that runs here, or by its settings an app in Azure.',
    )
    .showHelpAfterError()
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2)),
  commands,
  groups,
);

program.parseAsync().catch((error: unknown) => {
  const code = error instanceof CliError ? error.code : 1;
  // A bus that does not answer leaves sockets and timers behind, which would keep the process alive for minutes.
  process.stderr.write(`${textOf(error)}\n`, () => process.exit(code));
});

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name !== 'StoreUnavailable') return error.message;
  return `${error.message}. Check that the store runs and that you may read it; the local stack may have stopped.`;
}
