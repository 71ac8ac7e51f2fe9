import { createLedger } from '../../../shared/storage/audit';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import type { ClosingOutcome } from '../../../shared/domain/workflow/step-outcome';
import { createClaims } from '../../../shared/storage/claims';
import { closing, entryOf } from '../storage/entries';
import { hash, type Storage } from '../../support/storage';

/** The body of an event that the app accepts. */
export const joined = (id: string, source: string): string =>
  JSON.stringify({
    ...{ specversion: '1.0', id, source, type: 'hr.worker.joined.v1' },
    time: '2026-11-20T09:30:00Z',
    data: { workerId: 'W-7', startDate: '2026-11-23', attributes: { department: 'Finance' } },
  });

/** An event with a closed claim and two audit rows. */
export async function closedEvent(
  storage: Storage,
  id: string,
  source: string,
  outcome: ClosingOutcome = 'delivered',
): Promise<string> {
  const key = eventHash(source, id);
  const fact = { eventId: id, eventSource: source, workerId: 'W-7' };
  const about = { ...fact, eventHash: key };
  const at = '2026-11-20T09:30:02.000Z';
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const first = await ledger.append(START_OF_CHAIN, entryOf(about), at);
  const last = await ledger.append(first.chain, entryOf({ ...about, ...closing, outcome }), at);
  const claim: Claim = {
    state: 'closed',
    contentHash: hash('c'),
    attempt: 1,
    fact: {
      ...{
        ...fact,
        eventType: 'hr.worker.joined.v1',
        bodyHash: hash('b'),
        employmentId: 'primary',
      },
      ...{ startDate: '2026-11-23', timeZone: 'Europe/Berlin', actAt: '2026-11-22T23:00:00.000Z' },
      ...{ occurredAt: at, receivedAt: at },
    },
    content: {
      states: { kind: 'joined', startDate: '2026-11-23', attributes: { department: 'Finance' } },
      acceptedAt: at,
    },
    due: { partition: 'shard-1', key: 'k' },
    token: 'token-1',
    outcome,
    chain: last.chain,
    updatedAt: at,
  };
  await createClaims(storage.table('claims')).claim(key, claim);
  return key;
}
