import { tableOf } from '../demo/table';
import type { FloorResult, Floors } from './floor-script';
import type { Ending } from './load';
import { isWrite } from './logs';
import type { TableRequest } from './logs';
import type { Lap } from './measure';

export type Report = {
  joiners: number;
  outcomes: Record<string, number>;
  seconds: number;
  joinersPerSecond: number;
  latencyMs: { p50: number; p95: number; p99: number; max: number };
  /** Of each process: CPU for each joiner, and peak memory since its start. */
  processes: Record<string, { cpuMsPerJoiner: number; peakMb: number }>;
  graphCallsPerJoiner: number;
  tableWritesPerJoiner: number;
  /** Every kind of request that the tables got, reads too; the bench's own looks are among them. */
  tableRequestsPerJoiner: Record<string, number>;
  floors: Record<keyof Floors, FloorFigures>;
};

export type FloorFigures = {
  seconds: number;
  joinersPerSecond: number;
  cpuMsPerJoiner: number;
  peakMb: number;
  graphCallsPerJoiner: number;
  tableWritesPerJoiner: number;
  /** CPU of the host for each joiner, as a multiple of this floor's. */
  hostToFloor: number | undefined;
};

export function reportOf(
  { endings, sentAt }: { endings: Ending[]; sentAt: number },
  lap: Lap,
  { fresh, warmed }: Floors,
): Report {
  const joiners = endings.length;
  const seconds = (Math.max(...endings.map(({ closedAt }) => closedAt)) - sentAt) / 1000;
  const latencies = endings.map(({ latencyMs }) => latencyMs).sort((one, other) => one - other);
  const percentile = (share: number): number =>
    latencies[Math.max(0, Math.ceil(share * joiners) - 1)] ?? NaN;
  const outcomes: Record<string, number> = {};
  for (const { outcome } of endings) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const processes = Object.fromEntries(
    Object.entries(lap.usage).map(([part, { cpuMs, peakMb }]) => [
      part,
      { cpuMsPerJoiner: cpuMs / joiners, peakMb },
    ]),
  );
  const hostCpu = processes['host']?.cpuMsPerJoiner;
  return {
    joiners,
    outcomes,
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
    tableWritesPerJoiner: lap.tables.filter(isWrite).length / joiners,
    tableRequestsPerJoiner: perJoiner(lap.tables, joiners),
    floors: {
      fresh: floorFigures(fresh, joiners, hostCpu),
      warmed: floorFigures(warmed, joiners, hostCpu),
    },
  };
}

function floorFigures(
  { seconds, cpuMs, peakMb, graphCalls, tableWrites }: FloorResult,
  joiners: number,
  hostCpu: number | undefined,
): FloorFigures {
  const cpuMsPerJoiner = cpuMs / joiners;
  return {
    seconds,
    joinersPerSecond: joiners / seconds,
    cpuMsPerJoiner,
    peakMb,
    graphCallsPerJoiner: graphCalls / joiners,
    tableWritesPerJoiner: tableWrites / joiners,
    hostToFloor: hostCpu === undefined ? undefined : hostCpu / cpuMsPerJoiner,
  };
}

function perJoiner(requests: TableRequest[], joiners: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { act, table } of requests) {
    const kind = `${act} ${table}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return Object.fromEntries(
    Object.entries(counts).map(([kind, count]) => [kind, Number((count / joiners).toFixed(2))]),
  );
}

export function printed(report: Report): string {
  const { joiners, outcomes, seconds, latencyMs, floors, processes } = report;
  const { fresh, warmed } = floors;
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const { p50, p95, p99, max } = latencyMs;
  const row = (name: string, used: { cpuMsPerJoiner: number; peakMb: number }): string[] => [
    name,
    used.cpuMsPerJoiner.toFixed(2),
    used.peakMb.toFixed(0),
  ];
  const rows = [
    ...Object.entries(processes).map(([part, used]) => row(part, used)),
    row('fresh floor', fresh),
    row('warmed floor', warmed),
  ];
  return [
    `${joiners} joiners at once: ${ends.join(', ')}`,
    `  in ${seconds.toFixed(1)} s, ${report.joinersPerSecond.toFixed(1)} joiners/s ` +
      `(warmed floor ${warmed.seconds.toFixed(1)} s, ${warmed.joinersPerSecond.toFixed(1)} joiners/s)`,
    `  latency from sent to closed: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`,
    `  Graph calls per joiner ${report.graphCallsPerJoiner.toFixed(1)} (floor ${warmed.graphCallsPerJoiner.toFixed(1)}), ` +
      `table writes ${report.tableWritesPerJoiner.toFixed(1)} (floor ${warmed.tableWritesPerJoiner.toFixed(1)})`,
    '',
    tableOf(['process', 'CPU ms per joiner', 'peak MB'], rows),
    '',
    comparison(floors),
  ].join('\n');
}

function comparison({ fresh, warmed }: Report['floors']): string {
  if (fresh.hostToFloor === undefined || warmed.hostToFloor === undefined) {
    return 'This system does not tell what other processes use (no /proc), so only the floors have figures.';
  }
  return (
    `The host needs ${fresh.hostToFloor.toFixed(2)} times the CPU of the floor script as it is run, from its first call ` +
    `(fresh), and ${warmed.hostToFloor.toFixed(2)} times that of one whose code is as warm as the host's (warmed).`
  );
}
