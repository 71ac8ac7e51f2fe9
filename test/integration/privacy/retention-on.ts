import { signedContainer } from '../../../infra/local/blobs/signed-container';
import type { RetentionStores } from '../../../shared/privacy/retention';
import { openRemovalRecords } from '../../../shared/storage/removal-records';
import { openSeals } from '../../../shared/storage/seals';
import type { Storage } from '../../support/storage';
import type { auditedOn } from '../evidence/audited';

/** The stores of a retention on an Azurite. */
export function retentionOn(
  storage: Storage,
  { claims }: ReturnType<typeof auditedOn>,
): RetentionStores {
  const container = signedContainer(storage.connectionString, 'seals', 'rcl');
  return {
    audit: storage.table('audit'),
    index: storage.table('auditIndex'),
    claims: { ...storage.table('claims'), claim: claims.read },
    seals: openSeals(container),
    records: openRemovalRecords(container),
  };
}
