import { eventHash } from '../../../shared/domain/events/keys';
import type { AuditEntry } from '../../../shared/domain/workflow/audit-entry';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { START_OF_CHAIN, type ChainEnd } from '../../../shared/domain/workflow/run';
import { ClosingOutcome } from '../../../shared/domain/workflow/step-outcome';
import { createLedger } from '../../../shared/storage/audit';
import { createClaims } from '../../../shared/storage/claims';
import { createDue } from '../../../shared/storage/due';
import { hash, type Storage } from '../../support/storage';
import { AT, closing, entryOf } from '../storage/entries';

export const SOURCE = 'urn:hr:acme:workday';

type Recorded = {
  id: string;
  workerId: string;
  type?: string;
  rows?: Partial<AuditEntry>[];
  /** Of the closing row; the event is open without it. */
  end?: Partial<AuditEntry>;
  at?: string;
  waiting?: Claim['waiting'];
};

/** Rows and claim of one event, as a run leaves them. Answers its hash. */
export async function recordEvent(
  storage: Pick<Storage, 'table'>,
  { id, workerId, type = 'hr.worker.joined.v1', rows = [], end, at = AT, waiting }: Recorded,
): Promise<string> {
  const key = eventHash(SOURCE, id);
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const of = { eventId: id, eventSource: SOURCE, eventType: type, workerId, eventHash: key };
  const about = { ...of, occurredAt: at, receivedAt: at, recordedAt: at, initiator: 'event' };
  let chain: ChainEnd = START_OF_CHAIN;
  for (const row of [...rows, ...(end ? [{ ...closing, ...end }] : [])])
    chain = (
      await ledger.append(chain, entryOf({ ...about, marginMinutes: undefined, ...row }), at)
    ).chain;
  const outcome = ClosingOutcome.safeParse(end?.outcome ?? 'delivered').data;
  const due = end
    ? { partition: 'shard-1', key: 'k' }
    : await createDue(storage.table('due')).schedule(key, at);
  await createClaims(storage.table('claims')).claim(key, {
    ...{ state: end ? 'closed' : 'started', attempt: 1, contentHash: hash('c'), updatedAt: at },
    fact: {
      ...{ eventId: id, eventSource: SOURCE, eventType: type, workerId, bodyHash: hash('b') },
      ...{ employmentId: 'primary', occurredAt: at, receivedAt: at },
    },
    ...{ due, token: 'token-1', waiting, ...(end && { outcome, chain }) },
  });
  return key;
}
