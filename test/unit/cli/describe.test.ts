import { Command } from 'commander';
import { z } from 'zod';
import {
  createProgram,
  describeCommand,
  HelpShown,
  option,
  parseDuration,
  parseGuid,
  parseId,
  parseInstant,
  repeated,
  UsageError,
  type CommandDefinition,
} from '../../../cli/command';
import { commands, groups } from '../../../cli/commands';
import { CliError } from '../../../cli/print';
import { capturePrinted } from '../../support/printed';

/** A command with every form of argument and option. */
const definition: CommandDefinition = {
  name: 'model try',
  arguments: [
    { name: '<file>', description: 'the first' },
    { name: '[more...]', description: 'the others' },
  ],
  options: [
    option('--who <id>', 'who tries', { required: true, parse: parseId }),
    repeated('--only <part>', 'only this part', { choices: ['a', 'b'] }),
    option('--wait <time>', 'how long', { parse: parseDuration, default: 120, defaultText: '2m' }),
    option('--yes', 'without asking', { default: false }),
  ],
  description: 'try it',
  output: z.strictObject({ done: z.boolean() }),
  run: () => Promise.resolve(),
};

test('a command is described with what a script needs to call it and to read its answer', () => {
  expect(describeCommand(definition)).toMatchObject({
    name: 'model try',
    usage: 'joinery model try <file> [more...]',
    arguments: [
      { name: 'file', several: false, required: true },
      { name: 'more', several: true, required: false },
    ],
    options: [
      { flags: '--who <id>', required: true, repeatable: false },
      { flags: '--only <part>', required: false, repeatable: true, default: [] },
      // As help shows it, not in seconds.
      { flags: '--wait <time>', repeatable: false, default: '2m' },
      { flags: '--yes', repeatable: false, default: false },
    ],
    output: {
      type: 'object',
      required: ['done'],
      additionalProperties: false,
      properties: { done: { type: 'boolean' } },
    },
  });
  expect(describeCommand(definition).options[0]).not.toHaveProperty('default');
});

/** Calls the command as a person does; answers what it throws. */
async function thrownBy(run: CommandDefinition['run'], ...args: string[]): Promise<unknown> {
  const program = createProgram(new Command('joinery'), [{ ...definition, run }], groups);
  return program.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error,
  );
}
const call = ['model', 'try', '--who', 'alice', 'a', 'b', 'c'];

test('a command gets all its arguments in one list, and its options with their defaults', async () => {
  const run = jest.fn(() => Promise.resolve());
  expect(await thrownBy(run, ...call, '--only', 'b', '--only', 'a')).toBeUndefined();
  expect(run.mock.calls).toEqual([
    [['a', 'b', 'c'], { who: 'alice', only: ['b', 'a'], wait: 120, yes: false }],
  ]);
});

test('wrong use that a command finds itself has its usage line; another failure stays as it is', async () => {
  const wrong = await thrownBy(
    () => Promise.reject(new CliError('give one, not both', 2)),
    ...call,
  );
  expect(wrong).toBeInstanceOf(UsageError);
  expect(wrong).toMatchObject({
    message: 'give one, not both',
    code: 2,
    usage: 'Usage: joinery model try --who <id> [options] <file> [more...]',
  });
  for (const failure of [new CliError('it failed'), new Error('a defect')])
    expect(await thrownBy(() => Promise.reject(failure), ...call)).toBe(failure);
});

test('a group without a command of it is refused with where its commands are listed', async () => {
  const refused = await thrownBy(() => Promise.resolve(), 'model');
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as Error).message).toBe('no command given; "joinery model --help" lists them');
});

describe('printed', () => {
  const printed = capturePrinted();

  test('help is no failure, and marks what is required', async () => {
    expect(await thrownBy(() => Promise.resolve(), 'model', 'try', '--help')).toBeInstanceOf(
      HelpShown,
    );
    expect(printed()).toMatch(/--who <id> +who tries \(required\)/);
    expect(printed()).toMatch(/--wait <time> +how long \(default: 2m\)/);
  });

  test('the list of commands has a line for each, in the order of the help', async () => {
    const program = createProgram(new Command('joinery'), commands, groups);
    await program.parseAsync(['commands'], { from: 'user' });
    const [heading, ...lines] = printed().trimEnd().split('\n');
    expect(heading).toMatch(/^command +what it does$/);
    expect(lines).toHaveLength(commands.length);
    for (const [at, { name, description }] of commands.entries()) {
      expect(lines[at]).toMatch(new RegExp(`^joinery ${name}\\b`));
      expect(lines[at]).toContain(description);
    }
  });
});

test.each<[(text: string) => unknown, string, unknown]>([
  [parseDuration, '90m', 5400],
  [parseId, 'W-1:a.b_c', 'W-1:a.b_c'],
  [parseGuid, '10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001'],
  [parseInstant, '2026-11-20T09:30:00+01:00', new Date('2026-11-20T08:30:00Z')],
])('%p takes %s', (parse, text, value) => {
  expect(parse(text)).toEqual(value);
});

test.each<[(text: string) => unknown, string, RegExp]>([
  [parseDuration, '0s', /a duration such as 30s/],
  [parseDuration, '90', /a duration such as 30s/],
  [parseId, 'a@b.example', /^It takes .*1 to 64/],
  [parseGuid, 'joinery', /a GUID, not a name/],
  [parseInstant, '2026-11-20', /a time such as/],
])('%p refuses %s and says what it takes', (parse, text, rule) => {
  expect(() => parse(text)).toThrow(rule);
});
