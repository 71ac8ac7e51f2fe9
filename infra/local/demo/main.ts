import { parseArgs } from 'node:util';
import { onPassingStack } from '../stack/passing-stack';
import type { PassingStack } from '../stack/passing-stack';
import { openBus } from './bus';
import { castIn } from './cast';
import { partOf } from './play';
import { createRecords } from './records';
import { auditTable, reportOf, verdictLine } from './report';
import type { Report } from './report';
import { perform } from './stage';

const usage = `Plays 25 people who join on a local stack of its own: free ports, a fresh folder, nothing left behind.
Exits 0 only if every event reached the end expected of it.

usage: npm run demo -- [--json]`;

const queue = 'provisioning-events';

/** Long enough for everyone who will be found or delivered in the end, short enough to watch the others give up. */
const patience = {
  IDENTITY_DEADLINE: '12s',
  DELIVERY_DEADLINE: '20s',
  PARTIAL_GRACE: '10s',
  CALL_PATIENCE: '2m',
  APPROVAL_DEADLINE: '20s',
};

type Tell = (line: string) => void;

/** Runs the demo on `stack` and tells each ending as it comes. */
async function play({ serviceBus, storage }: PassingStack, tell: Tell): Promise<Report> {
  const cast = castIn(process.env['GRAPH_DIALECT']);
  tell(`${cast.length} people join. Everything runs on this machine; no part of it is a cloud.`);
  const started = Date.now();
  const seconds = (): number => (Date.now() - started) / 1000;
  const bus = openBus(serviceBus.connectionString, queue);
  const { read } = createRecords(storage.connectionString);
  const { results, records } = await perform({
    parts: cast.map(partOf),
    bus,
    read,
    onEnd: ({ joiner }, { outcome, asExpected }) =>
      tell(
        `${seconds().toFixed(1).padStart(6)} s  ${joiner.worker}  ${joiner.story.padEnd(46)} ` +
          `${outcome}${asExpected ? '' : ` (expected: ${joiner.ends})`}`,
      ),
  });
  const report = reportOf(results, records.audit, await bus.deadLetters(), seconds());
  await bus.close();
  return report;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const settings = { ...patience, PROVISIONING_QUEUE: queue };
  const report = await onPassingStack(
    'demo',
    () => settings,
    async (stack) => {
      const played = await play(stack, values.json ? () => undefined : console.log);
      if (!played.passed) console.error(`The parts said:\n${stack.log.join('\n')}`);
      return played;
    },
  );
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else console.log(`\n${auditTable(report.audit)}\n\n${verdictLine(report)}`);
  process.exitCode = report.passed ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
