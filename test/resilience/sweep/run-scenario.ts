import type { Scenario } from './scenarios';
import { pointsOf, textOf, type CrashPoint, type NamedCall } from './crash-points';
import { openSweep, type Crash } from './sweep';

/** What a scenario has shown. `points` is two for each of the `calls`; all is well if as many are `hit` and `passed`. */
export type SweepResult = {
  scenario: string;
  calls: number;
  points: number;
  hit: number;
  passed: number;
  seconds: number;
  failed: { point: string; faults: string[] }[];
};

export type SweepOptions = { lanes: number; tell: (line: string) => void };

/** Crashes at every call of one kind of event, on several worlds at once. */
export async function runScenario(
  scenario: Scenario,
  { lanes, tell }: SweepOptions,
): Promise<SweepResult> {
  const began = Date.now();
  const first = await openSweep(scenario);
  const calls = await recorded(first);
  const points = pointsOf(calls);
  tell(`${scenario.name}: ${calls.length} calls recorded, ${points.length} crash points`);

  const left = points.values();
  const crashes: (Crash & { point: CrashPoint })[] = [];
  const lane = async (open: typeof first): Promise<void> => {
    try {
      for (const point of left) {
        const crash = await open.crashAt(point).catch(brokenOff);
        crashes.push({ point, ...crash });
        tell(lineOf(point, crash.faults, `${crashes.length} of ${points.length}`));
        // What is wrong once stays wrong: the next points need a world of their own.
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

/** A run that found no end proves nothing of its point; the fault says what happened. */
const brokenOff = (error: unknown): Crash => ({ isHit: false, faults: [String(error)] });

const nameOfPoint = (point: CrashPoint): string => `${point.side} ${textOf(point)}`;

const lineOf = (point: CrashPoint, faults: readonly string[], count: string): string =>
  [
    `  ${count}: ${nameOfPoint(point)}: ${faults.length === 0 ? 'ok' : 'FAILED'}`,
    ...faults.map((fault) => `    ${fault}`),
  ].join('\n');
