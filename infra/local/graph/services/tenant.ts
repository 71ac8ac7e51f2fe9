import type { Step } from '../state/rows';
import type { Rewritable } from '../state/store';

/** How long things take, in milliseconds. */
export type Durations = {
  /** From `submitted` to `delivering`, and from there to `delivered`. */
  deliveryMs: number;
  /** Creating a policy. A second one that is requested meanwhile fails. */
  policyMs: number;
};

/** What a tenant file prescribes for later. */
export type TenantRules = {
  /** Who holds which packages as soon as they are created. */
  holdings: { employeeId: string; holdsOnceMade: string[] }[];
  /** The states of a request, by person, by package or by both. */
  scripts: { employeeId?: string | undefined; packageName?: string | undefined; states: Step[] }[];
  /** The service principal that calls are checked against from the start. */
  caller?: string | undefined;
};

/** The tenant that the services of this folder work on. */
export type Tenant = Rewritable & {
  rules: TenantRules;
  durations: Durations;
  /** Whether the name of a package must be unique in its catalog, as in the real service. */
  uniqueNames: boolean;
  /** The service principal whose permissions calls are checked against. With undefined every call is allowed. */
  caller: { id: string | undefined };
  /**
   * Origin ids of resources whose requests are not carried out: after so many milliseconds they fail, or with null they
   * stay open. Kept in memory only.
   */
  undeliverable: Map<string, number | null>;
  /** Whether requests of administrators need no approver, whatever the policy says. Kept in memory only. */
  approvals: { areBypassed: boolean };
  /** Set while a policy is being created. */
  busy: { policy: boolean };
};
