import type { DraftRoots } from './draft/routes';
import type { FaultRule } from './http/faults';
import type { TenantLimit } from './http/tenant-limits';

/** The settings of a simulator. README.md names their environment variables. */
export type GraphSettings = {
  /** 0 means any free port. */
  port: number;
  /** The folder of all local data. The simulator uses `graph` below it. */
  dataDir: string;
  tenantFile: string;
  /** The seed of replica lag and faults. */
  seed: number;
  /** Every replica has every write after this time. 0 turns lag off. */
  lagMs: number;
  /** From `submitted` to `delivering`, and again to `delivered`. */
  deliveryMs: number;
  /** How long it takes to create a policy. */
  policyMs: number;
  pageSize: number;
  requireToken: boolean;
  /** Whether a second package of one name in a catalog is refused. */
  uniqueNames: boolean;
  /** Where the five operations of the draft documents are served. Undefined serves none of them, as Graph does. */
  draftRoots: DraftRoots | undefined;
  /** Which members a body of the draft documents must have, and no others: those of its example, or those of its table. */
  draftMembers: 'example' | 'table';
  /** Whether a body of the draft documents may have null for what a client cannot know. */
  draftNulls: 'accept' | 'refuse';
  faults: readonly FaultRule[];
  /** How far an app may go in the tenant before its calls answer 429. */
  tenantLimit: TenantLimit;
  /**
   * The clock of the limits, in milliseconds. It is not the clock that `joinery clock` moves: a limit is about how fast calls
   * come, and they come in real time. A jump of days would fill every bucket at once.
   */
  monotonicMs: () => number;
};

export const usualSettings: Omit<GraphSettings, 'port' | 'dataDir' | 'tenantFile'> = {
  seed: 1,
  lagMs: 300,
  deliveryMs: 150,
  policyMs: 20,
  pageSize: 100,
  requireToken: false,
  uniqueNames: true,
  draftRoots: undefined,
  draftMembers: 'example',
  draftNulls: 'accept',
  faults: [],
  tenantLimit: 'on',
  monotonicMs: () => performance.now(),
};
