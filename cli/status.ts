import { eventHash } from '../shared/domain/keys';
import type { StoredClaim } from '../shared/domain/claim';
import { createClaims } from '../shared/records/claims';
import { Complaint, openClaims, type Connection } from './connection';
import { print, tableOf } from './print';

/** Where one event stands, by its id; without `source` every listed source is tried. */
export async function status(
  connection: Connection,
  id: string,
  options: { source?: string; json: boolean },
): Promise<void> {
  const claims = createClaims(openClaims(connection));
  const sources = options.source === undefined ? connection.sources : [options.source];
  const found = await Promise.all(sources.map((source) => claims.read(eventHash(source, id))));
  const known = found.filter((claim) => claim !== undefined);
  const [claim, ...others] = known;
  if (!claim) {
    throw new Complaint(
      `no event ${id} of ${sources.join(', ')} was accepted; see "audit --day" for refused messages`,
    );
  }
  if (others.length > 0) {
    const list = known.map(({ fact }) => `  --source ${fact.eventSource}`).join('\n');
    throw new Complaint(`several sources have an event ${id}; say which:\n${list}`, 2);
  }
  const duplicates = await claims.duplicates(claim.eventHash);
  print(statusOf(claim, duplicates), options.json, (shown) =>
    tableOf(['what', 'is'], Object.entries(shown)),
  );
}

const statusOf = (
  { fact, eventHash, state, attempt, outcome, reason, updatedAt }: StoredClaim,
  duplicates: number,
) => ({
  eventId: fact.eventId,
  source: fact.eventSource,
  type: fact.eventType,
  workerId: fact.workerId,
  state,
  outcome,
  reason,
  attempt,
  duplicates,
  startDate: fact.startDate,
  timeZone: fact.timeZone,
  dueAt: fact.dueAt,
  receivedAt: fact.receivedAt,
  updatedAt,
  eventHash,
});
