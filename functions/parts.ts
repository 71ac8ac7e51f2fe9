import type { Ledger } from '../shared/audit/ledger';
import type { Entitlements } from '../shared/graph/entitlements';
import type { Claims } from '../shared/records/claims';
import type { Due } from '../shared/records/due';
import type { Packages } from '../shared/records/packages';
import type { Turns } from '../shared/records/turns';
import type { Workers } from '../shared/records/workers';
import type { Config } from '../shared/settings/config';
import type { LoadedModel } from '../shared/settings/load-model';

/** What the functions act with; made once in main.ts. */
export type Parts = {
  config: Config;
  appVersion: string;
  /** The access model in force, and its hash. Throws until it is loaded. */
  model: () => LoadedModel;
  claims: Claims;
  due: Due;
  workers: Workers;
  turns: Turns;
  packages: Packages;
  ledger: Ledger;
  graph: Entitlements;
};
