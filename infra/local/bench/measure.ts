import { join } from 'node:path';
import { memberOf } from '../stack/stack-file';
import type { StackFile } from '../stack/stack-file';
import { partNames } from '../stack/parts';
import { graphCalls, tableRequests, tail } from './logs';
import type { GraphCall, TableRequest } from './logs';
import { usageOf } from './usage';
import type { Usage } from './usage';

/** What happened since the last look. */
export type Lap = {
  calls: GraphCall[];
  tables: TableRequest[];
  /** CPU since the last look and peak memory since the start, by part; parts without figures are left out. */
  usage: Record<string, Usage>;
};

/** Watches the four parts from outside: the system's figures of each process, and the two logs. */
export function watchParts(dataDir: string, tableLog: string, now: () => StackFile): () => Lap {
  const graphLog = tail(join(dataDir, 'graph', 'requests.jsonl'));
  const tableLines = tail(tableLog);
  let before: Record<string, Usage> = {};
  return () => {
    const total: Record<string, Usage> = {};
    const usage: Record<string, Usage> = {};
    for (const part of partNames) {
      const used = usageOf(now()[memberOf[part]]?.pid ?? 0);
      if (!used) continue;
      total[part] = used;
      usage[part] = { ...used, cpuMs: used.cpuMs - (before[part]?.cpuMs ?? 0) };
    }
    before = total;
    return { calls: graphCalls(graphLog.next()), tables: tableRequests(tableLines.next()), usage };
  };
}
