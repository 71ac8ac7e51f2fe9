import { signedContainer } from '../../../infra/local/blobs/signed-container';
import { createLedger, createLedgerReader } from '../../../shared/storage/audit';
import { createClaims } from '../../../shared/storage/claims';
import { openSeals } from '../../../shared/storage/seals';
import type { Claim } from '../../../shared/domain/workflow/claim';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { hash, type Storage } from '../../support/storage';
import { closing, entryOf } from '../storage/entries';

const SOURCE = 'urn:hr:acme:workday';

/** The stores of the audit and its seals on an Azurite, and events in them as runs leave them. */
export const auditedOn = (storage: Pick<Storage, 'table' | 'connectionString'>) =>
  auditedIn(storage, openSeals(signedContainer(storage.connectionString, 'seals', 'rcl')));

/** The same on any tables and seals. */
export function auditedIn<Kept>(storage: Pick<Storage, 'table'>, seals: Kept) {
  const tables = { audit: storage.table('audit'), index: storage.table('auditIndex') };
  const claims = createClaims(storage.table('claims'));
  const ledger = createLedger(tables.audit, tables.index);
  return {
    ...{ claims, ledger },
    audit: createLedgerReader(tables.audit, tables.index),
    seals,

    /** An event whose attempt has closed, or is open, at an instant, with so many rows. */
    event: async (
      id: string,
      at: string,
      { attempt = 1, rows = 4, isOpen = false, recordedAt = at } = {},
    ): Promise<string> => {
      const key = eventHash(SOURCE, id);
      const about = {
        eventHash: key,
        eventId: id,
        eventSource: SOURCE,
        workerId: `W-${id}`,
        attempt,
      };
      let chain = START_OF_CHAIN;
      for (let row = 1; row <= rows; row += 1) {
        const isLast = row === rows && !isOpen;
        const step = { packageKey: `package-${row}`, step: 'assign', recordedAt } as const;
        const entry = entryOf({ ...step, ...(isLast && closing), ...about });
        ({ chain } = await ledger.append(chain, entry, at));
      }
      const fact = { eventId: id, eventSource: SOURCE, eventType: 'hr.worker.joined.v1' };
      const claim: Claim = {
        ...{ state: isOpen ? 'started' : 'closed', contentHash: hash('c'), attempt, updatedAt: at },
        fact: { ...fact, bodyHash: hash('b'), occurredAt: at, receivedAt: at, workerId: `W-${id}` },
        ...{ due: { partition: 'shard-1', key: 'k' }, token: 'token-1' },
        ...(!isOpen && { outcome: 'delivered', chain }),
      };
      const stored = await storage.table('claims').read(key, 'claim');
      if (stored) await storage.table('claims').remove(key, 'claim');
      await claims.claim(key, claim);
      return key;
    },

    /** A body that was refused. */
    refusal: async (digit: string, at: string): Promise<string> => {
      const refused = { kind: 'rejected', state: 'rejected', outcome: 'rejected' } as const;
      const entry = entryOf({ ...refused, recordedAt: at });
      const body = { eventHash: undefined, eventId: undefined, bodyHash: hash(digit) };
      await ledger.reject({ ...entry, ...body }, at);
      return hash(digit);
    },
  };
}
