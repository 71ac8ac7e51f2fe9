import { runTool, integerOption } from '../../../infra/command-line';
import { pointsOf, textOf, type CrashPoint, type NamedCall } from './crash-points';
import type { Scenario } from './scenario';
import { scenarios } from './scenarios';
import { openSweep, type Crash } from './sweep';

const usage = `Kills the host at every outside call of one event, before the call leaves and after its answer is lost,
starts it again and checks every invariant. Of a run of the reconciliation, which makes many of the same calls in loops, only
the first and the last call of each name count. Exits 1 if an invariant is violated, or if a point was never reached.

usage: npm run sweep -- [options]

  --scenario <words>  only the scenarios whose name has these words:
                      ${scenarios.map(({ name }) => name).join(', ')}
  --lanes <n>         local stacks that work side by side, 1 to 8 (3)
  --json              print the results as a JSON object and nothing else; progress goes to stderr
  --help              print this`;

const options = {
  scenario: { type: 'string', default: '' },
  lanes: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
} as const;

type Command = { scenarios: Scenario[]; lanes: number; json: boolean };

async function sweep({ scenarios: some, lanes, json }: Command): Promise<number> {
  const print = json ? console.error : console.log;
  const results: SweepResult[] = [];
  for (const scenario of some) {
    const result = await runScenario(scenario, { lanes, print });
    print(summaryOf(result));
    results.push(result);
  }
  if (json) console.log(JSON.stringify({ scenarios: results }, null, 2));
  return results.every(hasPassed) ? 0 : 1;
}

const hasPassed = ({ points, hit, passed }: SweepResult): boolean =>
  hit === points && passed === points;

const summaryOf = ({ scenario, calls, points, hit, passed, seconds, failed }: SweepResult) =>
  [
    `${scenario}: ${calls} calls recorded, ${points} crash points, ${hit} hit, ${passed} passed; ${seconds} s`,
    ...failed.map(({ point }) => `  failed: ${point}`),
  ].join('\n');

function chosen(words: string): Scenario[] {
  const some = scenarios.filter(({ name }) => name.includes(words));
  if (some.length === 0) throw new Error(`no scenario has "${words}" in its name`);
  return some;
}

/** The result of a scenario. `points` is two for each of the `calls`; it passes if all of them are `hit` and `passed`. */
type SweepResult = {
  scenario: string;
  calls: number;
  points: number;
  hit: number;
  passed: number;
  seconds: number;
  failed: { point: string; faults: string[] }[];
};

type SweepOptions = { lanes: number; print: (line: string) => void };

/** Kills the host at every call of one kind of event, on several stacks at once. */
async function runScenario(
  scenario: Scenario,
  { lanes, print }: SweepOptions,
): Promise<SweepResult> {
  const began = Date.now();
  const first = await openSweep(scenario);
  const calls = await recorded(first);
  const points = pointsOf(calls);
  print(`${scenario.name}: ${calls.length} calls recorded, ${points.length} crash points`);

  const remaining = points.values();
  const crashes: (Crash & { point: CrashPoint })[] = [];
  const lane = async (open: typeof first): Promise<void> => {
    try {
      for (const point of remaining) {
        const crash = await open.crashAt(point).catch(notEnded);
        crashes.push({ point, ...crash });
        print(lineOf(point, crash.faults, `${crashes.length} of ${points.length}`));
        // A violation stays in the data, so the next points need a new stack.
        if (crash.faults.length > 0) {
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

  const failed = crashes.filter(({ faults }) => faults.length > 0);
  return {
    scenario: scenario.name,
    calls: calls.length,
    points: points.length,
    hit: crashes.filter(({ isHit }) => isHit).length,
    passed: crashes.length - failed.length,
    seconds: Math.round((Date.now() - began) / 1000),
    failed: failed.map(({ point, faults }) => ({ point: nameOfPoint(point), faults })),
  };
}

async function recorded(sweep: Awaited<ReturnType<typeof openSweep>>): Promise<NamedCall[]> {
  try {
    return await sweep.record();
  } catch (error) {
    await sweep.stop();
    throw error;
  }
}

/** A run that does not end says nothing about its point; the fault says what happened. */
const notEnded = (error: unknown): Crash => ({ isHit: false, faults: [String(error)] });

const nameOfPoint = (point: CrashPoint): string => `${point.side} ${textOf(point)}`;

const lineOf = (point: CrashPoint, faults: readonly string[], count: string): string =>
  [
    `  ${count}: ${nameOfPoint(point)}: ${faults.length === 0 ? 'ok' : 'FAILED'}`,
    ...faults.map((fault) => `    ${fault}`),
  ].join('\n');

void runTool({
  usage,
  options,
  read: ({ scenario, lanes, json }) => ({
    scenarios: chosen(scenario),
    lanes: integerOption('--lanes', lanes, 1, 8),
    json,
  }),
  run: sweep,
});
