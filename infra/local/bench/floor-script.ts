import type { GraphCall, TableRequest } from './logs';

/** What one joiner on a warm package asked of the outside, as recorded, with the ids that another joiner replaces. */
export type FloorScript = {
  graphUrl: string;
  storage: string;
  /** The employee ids that the floor serves. */
  workers: string[];
  /** Those it serves before anything is measured; none for a script that is measured from its first call. */
  warmUps: string[];
  /** Calls in flight at most: as many activities as the host runs at once. */
  concurrency: number;
  calls: GraphCall[];
  writes: TableRequest[];
  /** Columns of a row that the product wrote, by table, so that the floor's rows are as large. */
  columns: Record<string, Record<string, unknown>>;
  sample: {
    worker: string;
    targetId: string;
    requestId: string;
    accessPackageId: string;
    assignmentPolicyId: string;
  };
};

/** What one floor script has used, apart from loading its modules. */
export type FloorResult = {
  seconds: number;
  cpuMs: number;
  peakMb: number;
  graphCalls: number;
  tableWrites: number;
};

/** The same script twice: as it is run, from its first call, and once its code is as warm as the host's. */
export type Floors = { fresh: FloorResult; warmed: FloorResult };
