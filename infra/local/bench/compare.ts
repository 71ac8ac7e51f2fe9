import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { tableOf } from '../demo/report';
import { projectRoot } from '../stack/service';

const Figures = z.object({ cpuMsPerJoiner: z.number(), peakMb: z.number() });
const Baselines = z.object({ warmed: Figures.extend({ joinersPerSecond: z.number() }) });

/** The members of a bench report that are compared. Builds before the rename call the baselines `floors`. */
const BenchReport = z
  .object({
    joiners: z.number(),
    outcomes: z.record(z.string(), z.number()),
    joinersPerSecond: z.number(),
    graphCallsPerJoiner: z.number(),
    processes: z.record(z.string(), Figures),
    baselines: Baselines.optional(),
    floors: Baselines.optional(),
  })
  .transform(({ baselines, floors, ...report }, context) => {
    const found = baselines ?? floors;
    if (found) return { ...report, warmed: found.warmed };
    context.addIssue('the report has no baselines');
    return z.NEVER;
  });
export type BenchReport = z.infer<typeof BenchReport>;

/** Reads what a build's bench printed with `--json`. Throws if it is no report. */
export function readReport(printed: string): BenchReport {
  return BenchReport.parse(JSON.parse(printed.slice(printed.indexOf('{'))));
}

type Measure = { name: string; unit: string; of: (report: BenchReport) => number | undefined };

const measures: Measure[] = [
  {
    name: 'host, CPU per joiner',
    unit: 'ms',
    of: ({ processes }) => processes['host']?.cpuMsPerJoiner,
  },
  {
    name: 'all processes, CPU per joiner',
    unit: 'ms',
    of: ({ processes }) =>
      Object.values(processes).reduce((sum, { cpuMsPerJoiner }) => sum + cpuMsPerJoiner, 0),
  },
  {
    name: 'host, peak memory',
    unit: 'MB',
    of: ({ processes }) => processes['host']?.peakMb,
  },
  { name: 'joiners', unit: '1/s', of: ({ joinersPerSecond }) => joinersPerSecond },
  {
    name: 'Graph calls per joiner',
    unit: '',
    of: ({ graphCallsPerJoiner }) => graphCallsPerJoiner,
  },
  {
    name: 'warmed baseline, CPU per joiner',
    unit: 'ms',
    of: ({ warmed }) => warmed.cpuMsPerJoiner,
  },
  { name: 'warmed baseline, peak memory', unit: 'MB', of: ({ warmed }) => warmed.peakMb },
  { name: 'warmed baseline, joiners', unit: '1/s', of: ({ warmed }) => warmed.joinersPerSecond },
  {
    name: 'host CPU / warmed baseline CPU',
    unit: '',
    of: ({ processes, warmed }) =>
      processes['host'] && processes['host'].cpuMsPerJoiner / warmed.cpuMsPerJoiner,
  },
];

/** Medians of both builds; `ratio` is this build's figure divided by the other's. */
export type Comparison = {
  joiners: number;
  rounds: number;
  other: string;
  figures: { name: string; unit: string; other: number; this: number; ratio: number }[];
};

/** Medians over the rounds. A figure that a report lacks is left out. */
export function comparisonOf(
  other: string,
  reports: { other: BenchReport[]; this: BenchReport[] },
): Comparison {
  const figures = measures.flatMap(({ name, unit, of }) => {
    const [before, now] = [median(reports.other.map(of)), median(reports.this.map(of))];
    if (before === undefined || now === undefined) return [];
    return [{ name, unit, other: before, this: now, ratio: now / before }];
  });
  return {
    joiners: reports.this[0]?.joiners ?? 0,
    rounds: reports.this.length,
    other,
    figures,
  };
}

function median(values: (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/**
 * Runs the bench of the build in `dir` and of this build in turn, `rounds` times, each on a stack of its own. Throws if a
 * bench fails or does not deliver every joiner.
 */
export async function compareBuilds(
  dir: string,
  joiners: number,
  rounds: number,
  log: (line: string) => void,
): Promise<Comparison> {
  const reports = { other: [] as BenchReport[], this: [] as BenchReport[] };
  const folders = { other: dir, this: projectRoot() };
  for (let round = 1; round <= rounds; round += 1) {
    for (const build of ['other', 'this'] as const) {
      const report = await runBench(folders[build], joiners);
      reports[build].push(report);
      const rate = report.joinersPerSecond.toFixed(1);
      log(`round ${round} of ${rounds}, ${build} build: ${rate} joiners/s`);
    }
  }
  return comparisonOf(dir, reports);
}

async function runBench(dir: string, joiners: number): Promise<BenchReport> {
  const bench = ['run', '-s', 'bench', '--', '--joiners', String(joiners), '--json'];
  const child = spawn('npm', bench, { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const [printed, [code]] = await Promise.all([text(child.stdout), exited]);
  if (code !== 0) throw new Error(`the bench in ${dir} ended with exit code ${String(code)}`);
  return readReport(printed);
}

export function printedComparison({ joiners, rounds, other, figures }: Comparison): string {
  const rows = figures.map((figure) => [
    figure.name + (figure.unit && `, ${figure.unit}`),
    figure.other.toFixed(2),
    figure.this.toFixed(2),
    figure.ratio.toFixed(2),
  ]);
  return [
    `${joiners} joiners at once, medians of ${rounds} runs; the other build is ${other}`,
    '',
    tableOf(['figure', 'other', 'this', 'this / other'], rows),
    '',
    'A ratio of the warmed baseline far from 1 means that the machine changed between the runs.',
  ].join('\n');
}
