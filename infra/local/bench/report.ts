import { tableOf } from '../demo/report';
import type { BaselineResult, Baselines } from './baseline';
import type { Ending } from './load';
import {
  callsByKind,
  isWrite,
  withOnePollEach,
  type CallsOfKind,
  type Lap,
  type TableRequest,
} from './measure';

/** What the simulator counts of one limit of the tenant: what it permits, and what was let through or refused. */
export type Bucket = {
  kind: string;
  capacity: number;
  refillPerSecond: number;
  calls: number;
  throttled: number;
  used: number;
  share: number;
};

/**
 * `share`: of what the limit permits in the seconds of the run, its full bucket included, the part that was used;
 * `shareOfCalls`: the same from the first call of this kind to the last.
 */
type Limit = Pick<Bucket, 'kind' | 'calls' | 'throttled' | 'used'> & {
  permitted: number;
  share: number;
  shareOfCalls: number;
};

/**
 * Who was sent behind all joiners: seconds from then until its run began, its access was there or gone, and it was closed.
 * `overtaken`: the part of the joiners that ended later.
 */
type Late = {
  who: string;
  outcome: string;
  beganAfter: number;
  deliveredAfter: number;
  closedAfter: number;
  overtaken: number;
};

/** Times in milliseconds since 1970. */
export type LateEnding = Ending & { who: string; begunAt: number; deliveredAt: number };

export type Report = {
  joiners: number;
  /** Packages of each joiner. */
  packages: number;
  outcomes: Record<string, number>;
  seconds: number;
  joinersPerSecond: number;
  /** Empty without --behind. */
  behind: Late[];
  latencyMs: { p50: number; p95: number; p99: number; max: number };
  /** By process: CPU for each joiner, and peak memory since its start. */
  processes: Record<string, { cpuMsPerJoiner: number; peakMb: number }>;
  graphCallsPerJoiner: number;
  graphCalls: CallsOfKind[];
  /** The part of all calls that were answered with 429. */
  throttledShare: number;
  tenantLimit: string;
  /** Empty without a limit. */
  limits: Limit[];
  /** Of a joiner alone on the stack, the polls included. */
  activitiesOfOne: number;
  /** Of a joiner of this run: the mean of some of them. */
  activitiesInBulk: number;
  /** The calls of one joiner with three packages that are complete, one poll each. */
  graphCallsOfThreePackages: number;
  tableWritesPerJoiner: number;
  /** Reads and transactions too; a transaction is one request. */
  tableRequests: number;
  /** Every kind of table request, reads too; the bench's own polling is included. */
  tableRequestsPerJoiner: Record<string, number>;
  baselines: Record<keyof Baselines, BaselineFigures>;
};

export type BaselineFigures = {
  seconds: number;
  joinersPerSecond: number;
  cpuMsPerJoiner: number;
  peakMb: number;
  graphCallsPerJoiner: number;
  tableWritesPerJoiner: number;
  /** CPU of the host for each joiner, as a multiple of this baseline's. */
  hostToBaseline: number | undefined;
};

type Joined = { endings: Ending[]; sentAt: number };

/** From the first message to the last closing row. */
const secondsOf = ({ endings, sentAt }: Joined): number =>
  (endings.reduce((last, { closedAt }) => Math.max(last, closedAt), 0) - sentAt) / 1000;

export function reportOf(
  joined: Joined & { late: readonly LateEnding[] } & Pick<
      Report,
      'packages' | 'activitiesOfOne' | 'activitiesInBulk'
    >,
  lap: Lap,
  { fresh, warmed }: Baselines,
  ofThree: Lap,
  { tenantLimit, buckets }: { tenantLimit: string; buckets: readonly Bucket[] },
): Report {
  const { endings, late, packages, activitiesOfOne, activitiesInBulk } = joined;
  const joiners = endings.length;
  const seconds = secondsOf(joined);
  const latencies = endings.map(({ latencyMs }) => latencyMs).sort((one, other) => one - other);
  const percentile = (share: number): number =>
    latencies[Math.max(0, Math.ceil(share * joiners) - 1)] ?? NaN;
  const outcomes: Record<string, number> = {};
  for (const { outcome } of endings) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const processes = Object.fromEntries(
    Object.entries(lap.usage).map(([service, { cpuMs, peakMb }]) => [
      service,
      { cpuMsPerJoiner: cpuMs / joiners, peakMb },
    ]),
  );
  const hostCpu = processes['host']?.cpuMsPerJoiner;
  const graphCalls = callsByKind(lap.calls);
  const throttled = graphCalls.reduce((sum, one) => sum + one.throttled, 0);
  return {
    ...{ joiners, packages, activitiesOfOne, activitiesInBulk, graphCalls, tenantLimit },
    throttledShare: throttled / Math.max(1, lap.calls.length),
    limits: buckets.map((bucket) => limitOf(bucket, seconds)),
    tableRequests: lap.tables.length / joiners,
    outcomes,
    behind: late.map((one) => lateOf(one, endings)),
    seconds,
    joinersPerSecond: joiners / seconds,
    latencyMs: {
      p50: percentile(0.5),
      p95: percentile(0.95),
      p99: percentile(0.99),
      max: percentile(1),
    },
    processes,
    graphCallsPerJoiner: lap.calls.length / joiners,
    graphCallsOfThreePackages: withOnePollEach(ofThree.calls).length,
    tableWritesPerJoiner: lap.tables.filter(isWrite).length / joiners,
    tableRequestsPerJoiner: perJoiner(lap.tables, joiners),
    baselines: {
      fresh: baselineFigures(fresh, hostCpu),
      warmed: baselineFigures(warmed, hostCpu),
    },
  };
}

function lateOf(
  { who, outcome, latencyMs, closedAt, begunAt, deliveredAt }: LateEnding,
  endings: readonly Ending[],
): Late {
  const after = (at: number): number => (at - (closedAt - latencyMs)) / 1000;
  return {
    ...{ who, outcome, beganAfter: after(begunAt), deliveredAfter: after(deliveredAt) },
    closedAfter: after(closedAt),
    overtaken: endings.filter((one) => one.closedAt > closedAt).length / endings.length,
  };
}

function limitOf({ capacity, refillPerSecond, ...bucket }: Bucket, seconds: number): Limit {
  const { kind, calls, throttled, used, share: shareOfCalls } = bucket;
  const permitted = capacity + refillPerSecond * seconds;
  return { kind, calls, throttled, used, permitted, share: used / permitted, shareOfCalls };
}

function baselineFigures(
  { joiners, seconds, cpuMs, peakMb, graphCalls, tableWrites }: BaselineResult,
  hostCpu: number | undefined,
): BaselineFigures {
  const cpuMsPerJoiner = cpuMs / joiners;
  return {
    seconds,
    joinersPerSecond: joiners / seconds,
    cpuMsPerJoiner,
    peakMb,
    graphCallsPerJoiner: graphCalls / joiners,
    tableWritesPerJoiner: tableWrites / joiners,
    hostToBaseline: hostCpu === undefined ? undefined : hostCpu / cpuMsPerJoiner,
  };
}

function perJoiner(requests: TableRequest[], joiners: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, table } of requests) {
    const name = `${kind} ${table}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name, Number((count / joiners).toFixed(2))]),
  );
}

export function printed(report: Report): string {
  const { joiners, outcomes, seconds, latencyMs, baselines, processes } = report;
  const { fresh, warmed } = baselines;
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const { p50, p95, p99, max } = latencyMs;
  const row = (name: string, used: { cpuMsPerJoiner: number; peakMb: number }): string[] => [
    name,
    used.cpuMsPerJoiner.toFixed(2),
    used.peakMb.toFixed(0),
  ];
  const rows = [
    ...Object.entries(processes).map(([service, used]) => row(service, used)),
    row('fresh baseline', fresh),
    row('warmed baseline', warmed),
  ];
  return [
    `${joiners} joiners at once, packages of each ${report.packages}: ${ends.join(', ')}`,
    `  in ${seconds.toFixed(1)} s, ${report.joinersPerSecond.toFixed(1)} joiners/s ` +
      `(warmed baseline ${warmed.seconds.toFixed(1)} s, ${warmed.joinersPerSecond.toFixed(1)} joiners/s)`,
    `  latency from sent to closed: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`,
    ...report.behind.map(
      ({ who, outcome, beganAfter, deliveredAfter, closedAfter, overtaken }) =>
        `  behind them, ${who}: ${outcome}; began ${beganAfter.toFixed(1)} s after being sent, effective after ` +
        `${deliveredAfter.toFixed(1)} s, closed after ${closedAfter.toFixed(1)} s, before ${percent(overtaken)} of them`,
    ),
    `  Graph calls of a joiner with three packages, one poll each: ${report.graphCallsOfThreePackages}`,
    `  Graph calls per joiner ${report.graphCallsPerJoiner.toFixed(1)} (baseline ${warmed.graphCallsPerJoiner.toFixed(1)}), ` +
      `table writes ${report.tableWritesPerJoiner.toFixed(1)} (baseline ${warmed.tableWritesPerJoiner.toFixed(1)})`,
    `  table requests per joiner ${report.tableRequests.toFixed(1)}, reads included; activities of one alone ${report.activitiesOfOne}, of one among many ${report.activitiesInBulk.toFixed(1)}`,
    `  answered with 429: ${percent(report.throttledShare)} of the calls; tenant limit ${report.tenantLimit}`,
    ...report.limits.map(
      ({ kind, used, permitted, share, shareOfCalls, throttled }) =>
        `  ${kind}: ${used.toFixed(0)} of ${permitted.toFixed(0)} that the limit permits in the run, ${percent(share)}; ${percent(shareOfCalls)} of what it permits from the first to the last; refused ${throttled}`,
    ),
    '',
    tableOf(
      ['Graph call', 'per joiner', '429'],
      report.graphCalls.map(({ call, count, throttled }) => [
        call,
        (count / joiners).toFixed(3),
        String(throttled),
      ]),
    ),
    '',
    tableOf(['process', 'CPU ms per joiner', 'peak MB'], rows),
    '',
    comparison(baselines),
  ].join('\n');
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function comparison({ fresh, warmed }: Report['baselines']): string {
  if (fresh.hostToBaseline === undefined || warmed.hostToBaseline === undefined) {
    return 'This system has no /proc, so only the baselines have figures for CPU and memory.';
  }
  return (
    `The host needs ${fresh.hostToBaseline.toFixed(2)} times the CPU of the baseline script measured from its first call ` +
    `(fresh), and ${warmed.hostToBaseline.toFixed(2)} times that of one whose code is as warm as the host's (warmed).`
  );
}
