import type { DraftRoots } from './draft/roots';
import type { FaultRule } from './http/faults';

/** How a simulator behaves; each has an environment variable in README.md. */
export type GraphSettings = {
  /** 0 takes a free port. */
  port: number;
  /** The folder of all local data; the simulator keeps its own in `graph` below it. */
  dataDir: string;
  tenantFile: string;
  /** Where chance starts: replica lag and faults repeat from it. */
  seed: number;
  /** After so long every replica has every write; 0 switches lag off. */
  lagMs: number;
  /** From submitted to delivering, and again to delivered. */
  deliveryMs: number;
  /** How long a policy takes to be made. */
  policyMs: number;
  pageSize: number;
  requireToken: boolean;
  /** Whether a second package of one name in a catalog is refused. */
  uniqueNames: boolean;
  /** Where the five operations of the draft documents are served; undefined serves none of them, as Graph does. */
  draftRoots: DraftRoots | undefined;
  faults: readonly FaultRule[];
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
  faults: [],
};
