import { parseArgs } from 'node:util';
import { scenarios, type Scenario } from './scenarios';
import { openSweep, pointsOf, type CrashPoint } from './sweep';

const usage = `Kills the host at every outside call of one event, before the call leaves and after its answer is lost,
starts it again and checks every invariant. Exits 1 if one is violated.

usage: npm run sweep -- [--only <words of a scenario>] [--lanes <n>]`;

/** Sweeps one kind of event on several worlds at once; answers how many points failed. */
async function sweep(scenario: Scenario, lanes: number): Promise<number> {
  const first = await openSweep(scenario);
  const { calls } = first;
  const points = pointsOf(calls);
  console.log(`${scenario.name}: ${calls.length} calls recorded, ${points.length} crash points`);
  const left = points.values();
  let failed = 0;
  const lane = async (open: typeof first): Promise<void> => {
    try {
      for (const point of left) {
        const faults = await open.crashAt(point).catch((error: unknown) => [String(error)]);
        if (faults.length > 0) failed += 1;
        console.log(lineOf(point, calls.length, faults));
        // What is wrong once stays wrong: the next points need a world of their own.
        if (faults.length > 0) {
          await open.stop();
          open = await openSweep(scenario);
        }
      }
    } finally {
      await open.stop();
    }
  };
  const more = Array.from({ length: lanes - 1 }, () => openSweep(scenario).then(lane));
  await Promise.all([lane(first), ...more]);
  console.log(
    `${scenario.name}: ${calls.length} calls, each survived before and after: ` +
      `${points.length - failed} of ${points.length} crash points passed`,
  );
  return failed;
}

function lineOf({ call, side }: CrashPoint, of: number, faults: string[]): string {
  const point = `  ${String(call.n).padStart(3)} of ${of} ${side.padEnd(6)} ${call.to} ${call.what}`;
  return faults.length === 0 ? `${point}: ok` : `${point}: FAILED\n    ${faults.join('\n    ')}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      lanes: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const chosen = scenarios.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) {
    const names = scenarios.map(({ name }) => `"${name}"`).join(', ');
    throw new Error(`--only "${values.only}" fits no scenario; there are ${names}`);
  }
  let failed = 0;
  for (const scenario of chosen) failed += await sweep(scenario, Number(values.lanes));
  process.exitCode = failed > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
