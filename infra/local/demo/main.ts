import { runTool } from '../../command-line';
import { onTemporaryStack, type TemporaryStack } from '../stack/temporary-stack';
import { createRecords } from './assertion';
import { lifeSteps } from './life';
import { auditTable, reportOf, summaryLine, type Report } from './report';
import { type LifeResult, minuteOf, runLife } from './run-life';
import { openBus, runScenarios } from './run-scenarios';
import { demoStart, messagesOf, scenariosFor } from './scenarios';

const usage = `Runs 25 sample joiners, failures included, and then five working lives over four weeks, on a temporary local stack
whose clock is moved; about two minutes. It uses free ports and a temporary folder, and removes both at the end. Exits 0 only if
every event ends as expected.

usage: npm run demo -- [--json]`;

const queue = 'provisioning-events';

/** Long enough for the scenarios that are delivered, short enough for a demo that waits until the others time out. */
const timeouts = {
  IDENTITY_DEADLINE: '12s',
  DELIVERY_DEADLINE: '20s',
  PARTIAL_GRACE: '10s',
  CALL_PATIENCE: '2m',
  APPROVAL_DEADLINE: '20s',
  // As in Azure: the clock of the stack is moved over it.
  REMOVAL_SETTLE: '15m',
};

/** Runs the demo on `stack` and prints each outcome when it is known. */
async function runDemo(
  { dataDir, graph, serviceBus, storage }: TemporaryStack,
  print: (line: string) => void,
): Promise<Report> {
  const dialect = process.env['GRAPH_DIALECT'];
  const scenarios = scenariosFor(dialect);
  print(
    `${scenarios.length} sample joiners, failures included. Everything runs on this machine; its clock says ${minuteOf(demoStart.toISOString())}.`,
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
  // A life could only begin.
  const leftOut = dialect === 'draft' ? 'the draft documents have no removal of access' : undefined;
  const steps = leftOut ? [] : lifeSteps;
  print(
    leftOut === undefined
      ? '\nFive working lives, by the clock of the stack (UTC; the people are in London):'
      : `\nThe five working lives are left out: ${leftOut}.`,
  );
  const life = await runLife({
    ...{ steps, dataDir, graphUrl: graph.url, send: bus.send, read },
    onEnd: (result) => print(lifeLine(result)),
  });
  const { audit } = steps.length > 0 ? await read() : records;
  const deadLetters = await bus.deadLetters();
  await bus.close();
  return reportOf(results, {
    ...{ life, lifeSteps: steps.length, deadLetters, audit, seconds: seconds() },
    ...(leftOut !== undefined && { lifeLeftOut: leftOut }),
  });
}

/** What happened, what the person then has, and how long before `readyBy` it was delivered, or else when to act. */
function lifeLine(result: LifeResult): string {
  const { at, worker, description, outcome, holds, actAt, readyBy, marginMinutes } = result;
  const notes = [
    holds.length > 0 ? `has ${holds.join(', ')}` : 'has nothing',
    ...(marginMinutes === undefined && actAt ? [`act at ${minuteOf(actAt)}`] : []),
    ...(marginMinutes === undefined
      ? []
      : [`margin ${marginMinutes.toFixed(2)} min to ${minuteOf(readyBy)}`]),
    ...result.faults.map((fault) => `NOT AS EXPECTED: ${fault}`),
  ].join('; ');
  return `${minuteOf(at)}  ${worker}  ${description.padEnd(40)}  ${outcome.padEnd(29)}  ${notes}`;
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
    demoStart,
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
