import type { Ledger } from '../shared/storage/audit';
import type { Entitlements } from '../shared/graph/entitlements';
import type { RateBudget } from '../shared/graph/rate-budget';
import type { Claims } from '../shared/storage/claims';
import type { Due } from '../shared/storage/due';
import type { Permissions } from '../shared/storage/limits';
import type { Holdings } from '../shared/storage/holdings';
import type { RemovalBrakes } from '../shared/storage/removals';
import type { Packages } from '../shared/storage/packages';
import type { Staging } from '../shared/storage/staging';
import type { WorkerLocks } from '../shared/storage/worker-locks';
import type { Workers } from '../shared/storage/workers';
import type { Exclusions } from '../shared/domain/lifecycle/gate';
import type { Config } from '../shared/config/config';
import type { LoadedModel } from '../shared/config/load-model';

/** The services that the functions call; created once in main.ts. */
export type Services = {
  config: Config;
  appVersion: string;
  /** The access model in force, and its hash. Throws until it is loaded. */
  model: () => LoadedModel;
  /** The people on whom nothing is ever carried out. Throws until the list is loaded. */
  exclusions: () => Exclusions;
  claims: Claims;
  due: Due;
  workers: Workers;
  holdings: Holdings;
  workerLocks: WorkerLocks;
  brakes: RemovalBrakes;
  staging: Staging;
  packages: Packages;
  ledger: Ledger;
  graph: Entitlements;
  budget: RateBudget;
  /** Sends a message to the queue of events. */
  send: (body: Uint8Array) => Promise<void>;
  /** The bytes of the roster and of its map, and when it was changed last. Throws if they cannot be read. */
  loadRoster: () => Promise<{ bytes: Buffer; map: Buffer; changedAt: Date }>;
  /** Writes a report of a run into a container; one that is there stays. Throws if that cannot be. */
  writeReport: (url: string, content: { text: string; type: string }) => Promise<void>;
  permissions: Pick<Permissions, 'refusals' | 'takeNews'>;
};
