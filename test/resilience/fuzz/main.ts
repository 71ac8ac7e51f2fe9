import { parseArgs } from 'node:util';
import { sampleOf, throughStack, type StackReport } from './on-stack';
import { printed } from './report';
import { runFuzz, type FuzzReport } from './run-fuzz';

const usage = `Makes events from a seed, breaks most of them in ways of which the right answer is known, and holds the intake's
reader to it: what is wrong is refused for that and nothing else, what is not is accepted as the same event, nothing
throws, no answer repeats what the sender wrote, none takes 5 ms of CPU. A sample of the refused ones then goes through
a local stack: a rejected row and a dead letter each, and no call to Graph. Exits 1 if anything is otherwise.

usage: npm run fuzz -- [--events <n>] [--seed <s>] [--sample <n>] [--json]

  --events  bodies to make (100000)
  --seed    the same seed makes the same bodies (1)
  --sample  refused bodies to send through a local stack; 0 for none (200)
  --json    print JSON and nothing else`;

type Options = { events: number; seed: number; sample: number; json: boolean };

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      sample: { type: 'string', default: '200' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const wholeNumber = (name: 'events' | 'seed' | 'sample', least: number): number => {
    const number = Number(values[name]);
    if (Number.isSafeInteger(number) && number >= least && values[name].trim() !== '')
      return number;
    throw new Error(`--${name} takes a whole number from ${least}, not "${values[name]}"`);
  };
  return {
    ...{ events: wholeNumber('events', 1), seed: wholeNumber('seed', 0), json: values.json },
    sample: wholeNumber('sample', 0),
  };
}

async function fuzz({ events, seed, sample: size, json }: Options): Promise<boolean> {
  const tell = (text: string): void => {
    if (!json) console.log(text);
  };
  tell(`${events} bodies, seed ${seed}`);
  const sample = sampleOf(size);
  const report = runFuzz({
    ...{ events, seed },
    watch: (one, done) => {
      sample.see(one);
      if (done % 10_000 === 0) tell(`  ${done} of ${events}`);
    },
  });
  tell(printed(report));
  const stack = size > 0 && !report.failure ? await throughStack(sample.cases()) : undefined;
  if (stack) tell(told(stack));
  if (json) console.log(JSON.stringify(asJson(report, stack), null, 2));
  return !report.failure && (!stack || isSound(stack));
}

const isSound = ({
  bodies,
  deadLetters,
  rejectedRows,
  otherRows,
  graphCalls,
  wrong,
}: StackReport): boolean =>
  deadLetters === bodies && rejectedRows === bodies && otherRows + graphCalls + wrong.length === 0;

const told = ({
  bodies,
  deadLetters,
  rejectedRows,
  otherRows,
  graphCalls,
  wrong,
}: StackReport): string =>
  [
    `${bodies} refused bodies through bus, host and intake: ${deadLetters} dead letters, ${rejectedRows} rejected rows, ` +
      `${otherRows} other rows, ${graphCalls} calls to Graph`,
    ...wrong.map((line) => `WRONG: ${line}`),
  ].join('\n');

/** A body as base64, because it need not be text. */
const asJson = ({ failure, ...rest }: FuzzReport, stack: StackReport | undefined) => ({
  ...rest,
  ...(failure && { failure: { ...failure, body: Buffer.from(failure.body).toString('base64') } }),
  ...(stack && { stack }),
});

async function main(): Promise<void> {
  const options = readOptions();
  if (!options) console.log(usage);
  else process.exitCode = (await fuzz(options)) ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
