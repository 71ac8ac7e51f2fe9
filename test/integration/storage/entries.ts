import type { AuditEntry } from '../../../shared/domain/workflow/audit-entry';
import { hash } from '../../support/storage';

export const AT = '2026-11-20T09:30:02.000Z';

type EventEntry = AuditEntry & { eventHash: string };

/** An entry about one event; a test sets the members that it needs. */
export const entryOf = (changes: Partial<AuditEntry> = {}): EventEntry => ({
  eventId: '8b5e0c3a-joined-1',
  bodyHash: hash('b'),
  attempt: 1,
  workerId: 'W-1024',
  sequence: 20_261_120_093_000,
  kind: 'intended',
  state: 'started',
  step: 'ensure',
  packageKey: 'finance',
  packageName: ' Finanz-Überblick "A" 😀 ',
  runToken: 'token-1',
  recordedAt: AT,
  marginMinutes: -4_000_000_000.25,
  accessModelHash: hash('a'),
  appVersion: '0.1.0',
  environment: 'Test',
  schemaVersion: 2,
  ...changes,
  eventHash: changes.eventHash ?? hash('e'),
});

export const closing: Partial<AuditEntry> = {
  kind: 'closing',
  state: 'closed',
  step: undefined,
  packageKey: undefined,
  outcome: 'delivered',
};
