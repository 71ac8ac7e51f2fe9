import { runTool, integerOption } from '../../../infra/command-line';
import { sampleOf, throughStack, type StackReport } from './on-stack';
import { formatReport, runFuzz, type FuzzReport } from './run-fuzz';

const usage = `Makes events from a seed, most of them with a fault, and checks the answers of the intake's reader: an invalid
event is rejected for its fault, a valid one is accepted unchanged, nothing throws, no answer repeats what the sender
wrote, and none takes 5 ms of CPU, or 30 with many spans. Then sends a sample of the rejected bodies through a local
stack: each must leave a rejected row and a dead letter, and no call to Graph. Exits 1 otherwise.

usage: npm run fuzz -- [--events <n>] [--seed <s>] [--sample <n>] [--json]

  --events  bodies to make (100000)
  --seed    the same seed makes the same bodies (1)
  --sample  rejected bodies to send through a local stack; 0 for none (200)
  --json    print JSON and nothing else`;

const options = {
  events: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  sample: { type: 'string', default: '200' },
  json: { type: 'boolean', default: false },
} as const;

type Command = { events: number; seed: number; sample: number; json: boolean };

async function fuzz({ events, seed, sample: size, json }: Command): Promise<number> {
  const print = (text: string): void => {
    if (!json) console.log(text);
  };
  print(`${events} bodies, seed ${seed}`);
  const sample = sampleOf(size);
  const report = runFuzz({
    ...{ events, seed },
    onCase: (one, done) => {
      sample.add(one);
      if (done % 10_000 === 0) print(`  ${done} of ${events}`);
    },
  });
  print(formatReport(report));
  const stack = size > 0 && !report.failure ? await throughStack(sample.cases()) : undefined;
  if (stack) print(formatStack(stack));
  if (json) console.log(JSON.stringify(asJson(report, stack), null, 2));
  return !report.failure && (!stack || hasPassed(stack)) ? 0 : 1;
}

const hasPassed = ({
  bodies,
  deadLetters,
  rejectedRows,
  otherRows,
  graphCalls,
  wrong,
}: StackReport): boolean =>
  deadLetters === bodies && rejectedRows === bodies && otherRows + graphCalls + wrong.length === 0;

const formatStack = ({
  bodies,
  deadLetters,
  rejectedRows,
  otherRows,
  graphCalls,
  wrong,
}: StackReport): string =>
  [
    `${bodies} rejected bodies through bus, host and intake: ${deadLetters} dead letters, ${rejectedRows} rejected rows, ` +
      `${otherRows} other rows, ${graphCalls} calls to Graph`,
    ...wrong.map((line) => `WRONG: ${line}`),
  ].join('\n');

/** The body is in base64, because it may not be text. */
const asJson = ({ failure, ...rest }: FuzzReport, stack: StackReport | undefined) => ({
  ...rest,
  ...(failure && { failure: { ...failure, body: Buffer.from(failure.body).toString('base64') } }),
  ...(stack && { stack }),
});

void runTool({
  usage,
  options,
  read: ({ events, seed, sample, json }) => ({
    events: integerOption('--events', events, 1),
    seed: integerOption('--seed', seed, 0),
    sample: integerOption('--sample', sample, 0),
    json,
  }),
  run: fuzz,
});
