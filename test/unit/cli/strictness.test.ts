import { Command, type Option } from 'commander';
import { z } from 'zod';
import { createProgram, parseTime, UsageError, type CommandDefinition } from '../../../cli/command';
import { commands, groups } from '../../../cli/commands';
import { FailureOutput } from '../../../cli/print';

type Call = { args: readonly string[]; options: Record<string, unknown> };

/** Parses as the command does; answers what the command would run with, or how the call was refused. */
async function call(definition: CommandDefinition, args: readonly string[]): Promise<Call | Error> {
  let taken: Call | undefined;
  const run = (given: readonly string[], options: never) => {
    taken = { args: given, options };
    return Promise.resolve();
  };
  const program = createProgram(new Command('joinery'), [{ ...definition, run }], groups);
  try {
    await program.parseAsync([...definition.name.split(' '), ...args], { from: 'user' });
  } catch (error) {
    return error as Error;
  }
  if (!taken) throw new Error('nothing ran and nothing was refused');
  return taken;
}

const SAMPLES = [
  'value',
  '1',
  '30s',
  '2027-01-01T09:00:00Z',
  '2027-01-01',
  '10000000-0000-4000-8000-000000000001',
];

/** A value that the option takes. */
function sampleOf(one: Option): string {
  const fits = (text: string): boolean => {
    try {
      one.parseArg?.(text, one.defaultValue);
      return one.argChoices === undefined || one.argChoices.includes(text);
    } catch {
      return false;
    }
  };
  const sample = [...(one.argChoices ?? []), ...SAMPLES].find(fits);
  if (sample === undefined) throw new Error(`no sample fits ${one.flags}`);
  return sample;
}

const givenAs = (one: Option): string[] =>
  one.isBoolean() ? [`--${one.name()}`] : [`--${one.name()}`, sampleOf(one)];

/** The least that the command can be called with. */
const leastOf = ({ arguments: wanted, options }: CommandDefinition, without?: Option): string[] => [
  ...wanted.filter(({ name }) => name.startsWith('<')).map(() => 'value'),
  ...options.filter((one) => one.mandatory && one !== without).flatMap(givenAs),
];

describe.each(commands.map((definition) => [definition.name, definition] as const))(
  '%s',
  (_, definition) => {
    const least = leastOf(definition);

    test.each(definition.options.map((one) => [one.flags, one] as const))(
      'takes both values of %s, or refuses the second',
      async (flags, one) => {
        const others = leastOf(definition, one);
        expect(await call(definition, [...others, ...givenAs(one)])).not.toBeInstanceOf(Error);
        const twice = await call(definition, [...others, ...givenAs(one), ...givenAs(one)]);
        if (Array.isArray(one.defaultValue)) {
          const value = (twice as Call).options[one.attributeName()];
          expect(value).toEqual([sampleOf(one), sampleOf(one)]);
        } else {
          expect(twice).toBeInstanceOf(UsageError);
          expect((twice as Error).message).toBe(`option '${flags}' is given twice`);
        }
      },
    );

    test('takes an argument more, or refuses it', async () => {
      const stray = ['stray-1', 'stray-2'];
      const answer = await call(definition, [...least, ...stray]);
      if (definition.arguments.some(({ name }) => name.includes('...')))
        expect((answer as Call).args).toEqual(expect.arrayContaining(stray));
      else expect(answer).toBeInstanceOf(UsageError);
    });

    test('refuses an empty text for each argument and option, and names it', async () => {
      for (const empty of ['', ' ']) {
        for (const [at, { name }] of definition.arguments.entries()) {
          const refused = await call(definition, [
            ...leastOf({ ...definition, arguments: [] }),
            ...definition.arguments.map((_one, place) => (place === at ? empty : 'value')),
          ]);
          expect(refused).toBeInstanceOf(UsageError);
          expect((refused as Error).message).toContain(name.replaceAll(/[<>[\].]/g, ''));
        }
        for (const one of definition.options.filter((each) => !each.isBoolean())) {
          const others = leastOf(definition, one);
          const refused = await call(definition, [...others, `--${one.name()}`, empty]);
          expect(refused).toBeInstanceOf(UsageError);
          expect((refused as Error).message).toContain(`option '${one.flags}' argument '${empty}'`);
        }
      }
    });

    test('refuses an option that it does not have', async () => {
      expect(await call(definition, [...least, '--nonsense'])).toBeInstanceOf(UsageError);
    });

    test('prints an object with --json', () => {
      expect(z.toJSONSchema(definition.output)).toMatchObject({ type: 'object' });
    });
  },
);

test.each([
  [['--file', 'a', '--cause', 'b'], '--cause'],
  [['--file', 'a', '--since', '4h'], '--since'],
  [['--file', 'a', '--limit', '1'], '--limit'],
  [['--preview', '--yes'], '--yes'],
])('replay refuses options of which one would have no effect: %j', async (args, named) => {
  const replay = commands.find(({ name }) => name === 'replay');
  const refused = await call(replay as CommandDefinition, [
    ...['--by', 'alice', '--reason', 'INC-1'],
    ...args,
  ]);
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as Error).message).toContain(named);
});

test.each([
  [['person', 'W/1'], "'W/1' is invalid for argument 'worker'"],
  [['recheck', 'W/1', '--reason', 'INC-1'], "'W/1' is invalid for argument 'worker'"],
  [['explain', 'a b'], "'a b' is invalid for argument 'id'"],
  [['audit', '--worker', 'W/1'], "'--worker <id>' argument 'W/1' is invalid"],
  [['audit', '--day', 'today'], "'--day <day>' argument 'today' is invalid. It takes a UTC day"],
])('what cannot be an id or a day is refused before anything is read: %j', async (args, named) => {
  const [name, ...given] = args as [string, ...string[]];
  const refused = await call(commands.find((one) => one.name === name) as CommandDefinition, given);
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as Error).message).toContain(named);
});

test('what a failure prints with --json is an object too', () => {
  expect(z.toJSONSchema(FailureOutput)).toMatchObject({ type: 'object', required: ['error'] });
});

test.each(['4', '2026', '2026-02-30', 'November', '2026-11-20T09:30:00', '2026-11-20T24:00:00Z'])(
  'the time %s is refused, although JavaScript reads one',
  (text) => {
    expect(() => parseTime(text)).toThrow('It takes a time such as');
  },
);

test('a time is an instant with its offset, a UTC day, or a duration before now', () => {
  expect(parseTime('2026-11-20T09:30:00+01:00').toISOString()).toBe('2026-11-20T08:30:00.000Z');
  expect(parseTime('2026-11-20').toISOString()).toBe('2026-11-20T00:00:00.000Z');
  expect(Math.abs(Date.now() - 4 * 3_600_000 - parseTime('4h').getTime())).toBeLessThan(60_000);
});

test('the brake of a package is released by its id, however long the key of the package is', async () => {
  const [brake, key] = ['reconcile-removal-20270104T120000000Z-asked', 'p'.repeat(63)];
  const release = commands.find(({ name }) => name === 'release') as CommandDefinition;
  const args = [`${brake}-${key}`, '--by', 'ann', '--reason', 'T-1'];
  expect(await call(release, args)).toMatchObject({ args: [`${brake}-${key}`] });
});
