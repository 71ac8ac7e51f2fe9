import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../up/parts';
import { bringUp } from '../up/stack';
import type { Stack } from '../up/stack';
import { openBus } from './bus';
import { cast } from './cast';
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
};

type Tell = (line: string) => void;

async function runDemo(tell: Tell): Promise<Report> {
  const dataDir = await mkdtemp(join(tmpdir(), 'joinery-demo-'));
  tell(`${cast.length} people join. Everything runs on this machine; no part of it is a cloud.`);
  const log: string[] = [];
  const env = { ...process.env, ...freePorts, ...patience, PROVISIONING_QUEUE: queue };
  const print = (part: string, line: string): number => log.push(`${part}: ${line}`);
  let stack: Stack | undefined;
  try {
    stack = await bringUp({ dataDir, restart: true, env, print });
    const report = await play(stack, tell);
    if (!report.passed) console.error(`The parts said:\n${log.join('\n')}`);
    return report;
  } finally {
    await stack?.stop();
    await rm(dataDir, { recursive: true });
  }
}

async function play(stack: Stack, tell: Tell): Promise<Report> {
  const { serviceBus, storage } = stack.now();
  if (!serviceBus || !storage) throw new Error('the stack is not whole');
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
  const report = await runDemo(values.json ? () => undefined : console.log);
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else console.log(`\n${auditTable(report.audit)}\n\n${verdictLine(report)}`);
  process.exitCode = report.passed ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
