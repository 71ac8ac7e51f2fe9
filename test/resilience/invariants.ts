import type { Sent } from './events';
import type { Evidence } from './evidence';
import { claimFaults } from './invariants/claims';
import { ledgerFaults } from './invariants/ledger';
import { messageFaults } from './invariants/messages';
import { entitlementFaults } from './invariants/entitlements';
import { secretFaults, type Canary } from './invariants/secrets';
import { truthFaults } from './invariants/truth';
import { writeFaults } from './invariants/writes';

export type Expected = {
  /** Everything that was sent, once each however often it was sent. */
  sent: readonly Sent[];
  canaries?: readonly Canary[];
};

/**
 * What is wrong, one sentence each; nothing if all that was promised is true. To be asked when the faults are over and
 * every event had its time. Knows the product by its documented tables only, and shares no code with it.
 */
export function violations(evidence: Evidence, { sent, canaries = [] }: Expected): string[] {
  return [
    ...entitlementFaults(evidence.graph),
    ...claimFaults(evidence, sent),
    ...ledgerFaults(evidence.tables.audit),
    ...messageFaults(evidence, sent),
    ...writeFaults(evidence),
    ...truthFaults(evidence),
    ...secretFaults(evidence, canaries),
  ];
}
