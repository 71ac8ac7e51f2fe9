import { Command } from 'commander';
import { createProgram, UsageError } from '../../../cli/command';
import { commands, groups } from '../../../cli/commands';

const program = createProgram(new Command('joinery'), commands, groups);

/** The command of a name of one or two words. */
function commandOf(name: string): Command {
  const found = name
    .split(' ')
    .reduce<Command | undefined>(
      (parent, word) => parent?.commands.find((one) => one.name() === word),
      program,
    );
  if (!found) throw new Error(`no command ${name}`);
  return found;
}

async function refusalOf(...args: string[]): Promise<UsageError> {
  const error: unknown = await program
    .parseAsync(args, { from: 'user' })
    .catch((it: unknown) => it);
  if (!(error instanceof UsageError)) throw new Error(`not refused: ${args.join(' ')}`);
  return error;
}

test.each(commands)(
  'the help of $name names what a call must have, and no default that changes nothing',
  ({ name, options }) => {
    const command = commandOf(name);
    const help = command.helpInformation();
    expect(help).not.toMatch(/default:\s+(false|\[\])/);
    const required = options.filter(({ mandatory }) => mandatory);
    expect(help.match(/\(required\)/g) ?? []).toHaveLength(required.length);
    const usage = command.createHelp().commandUsage(command);
    for (const { flags } of required) expect(usage).toContain(` ${flags} `);
  },
);

test('an unknown command is refused in one line that says where the commands are listed', async () => {
  const list = '"joinery --help" lists them';
  expect((await refusalOf('nonsense')).message).toBe(`unknown command 'nonsense'; ${list}`);
  expect((await refusalOf('help')).message).toContain("unknown command 'help'");
  expect((await refusalOf('statu')).message).toBe(
    `unknown command 'statu' (Did you mean status?); ${list}`,
  );
});

test('a value that an option does not take is refused with what it takes', async () => {
  const { message } = await refusalOf('dead-letters', '--limit', 'x');
  expect(message).toMatch(/'x' is invalid\. It takes a whole number from 1$/);
});

test('a misspelled outcome is refused with all outcomes instead of finding no event', async () => {
  const { message } = await refusalOf('list', '--outcome', 'delivered', '--outcome', 'timedout');
  expect(message).toContain("'timedout' is invalid. It takes one of delivered, already-held,");
  expect(message).toContain('rejected');
});
