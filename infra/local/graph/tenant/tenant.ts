import type { Rewritable } from '../state/store';
import type { TenantFile } from './tenant-file';

/** How long things take, in milliseconds. */
export type Pace = {
  /** From `submitted` to `delivering`, and from there to `delivered`. */
  deliveryMs: number;
  /** Making a policy; a second one that is asked for meanwhile fails. */
  policyMs: number;
};

/** The tenant that the acts of this folder work on. */
export type Tenant = Rewritable & {
  rules: Pick<TenantFile, 'holdings' | 'scripts' | 'caller'>;
  pace: Pace;
  /** Whether the name of a package must be unique in its catalog, as it is in the real service. */
  uniqueNames: boolean;
  /** Whose permissions calls are held to, by the id of a service principal; undefined may do everything. */
  caller: { id: string | undefined };
  /** Set while a policy is being made. */
  busy: { policy: boolean };
};
