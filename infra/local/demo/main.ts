import { runTool } from '../../command-line';
import { onTemporaryStack, type TemporaryStack } from '../stack/temporary-stack';
import { createRecords } from './assertion';
import { auditTable, reportOf, summaryLine, type Report } from './report';
import { openBus, runScenarios } from './run-scenarios';
import { messagesOf, scenariosFor } from './scenarios';

const usage = `Runs 25 sample joiners, failures included, on a temporary local stack; under 2 minutes. It uses free ports and a
temporary folder, and removes both at the end. Exits 0 only if every event ends as expected.

usage: npm run demo -- [--json]`;

const queue = 'provisioning-events';

/** Long enough for the scenarios that are delivered, short enough for a demo that waits until the others time out. */
const timeouts = {
  IDENTITY_DEADLINE: '12s',
  DELIVERY_DEADLINE: '20s',
  PARTIAL_GRACE: '10s',
  CALL_PATIENCE: '2m',
  APPROVAL_DEADLINE: '20s',
};

/** Runs the demo on `stack` and prints each outcome when it is known. */
async function runDemo(
  { serviceBus, storage }: TemporaryStack,
  print: (line: string) => void,
): Promise<Report> {
  const scenarios = scenariosFor(process.env['GRAPH_DIALECT']);
  print(
    `${scenarios.length} sample joiners, failures included; under 2 minutes. Everything runs on this machine.`,
  );
  const started = Date.now();
  const seconds = (): number => (Date.now() - started) / 1000;
  const bus = openBus(serviceBus.connectionString, queue);
  const { read } = createRecords(storage.connectionString);
  const { results, records } = await runScenarios({
    scenarios: scenarios.map(messagesOf),
    bus,
    read,
    onEnd: ({ scenario }, { outcome, asExpected }) =>
      print(
        `${seconds().toFixed(1).padStart(6)} s  ${scenario.worker}  ${scenario.description.padEnd(46)} ` +
          `${outcome}${asExpected ? '' : ` (expected: ${scenario.expected})`}`,
      ),
  });
  const report = reportOf(results, records.audit, await bus.deadLetters(), seconds());
  await bus.close();
  return report;
}

async function run(json: boolean): Promise<number> {
  const settings = { ...timeouts, PROVISIONING_QUEUE: queue };
  const report = await onTemporaryStack(
    'demo',
    () => settings,
    async (stack) => {
      const result = await runDemo(stack, json ? () => undefined : console.log);
      if (!result.passed) console.error(`Output of the services:\n${stack.log.join('\n')}`);
      return result;
    },
  );
  if (json) console.log(JSON.stringify(report, null, 2));
  else console.log(`\n${auditTable(report.audit)}\n\n${summaryLine(report)}`);
  return report.passed ? 0 : 1;
}

void runTool({
  usage,
  options: { json: { type: 'boolean', default: false } },
  read: ({ json }) => json,
  run,
});
