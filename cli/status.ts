import { createLedgerReader } from '../shared/storage/audit';
import { eventHash } from '../shared/domain/events/keys';
import type { StoredClaim } from '../shared/domain/workflow/claim';
import { createClaims } from '../shared/storage/claims';
import { Complaint, openClaims, openLedger, unknownEvent, type Connection } from './connection';
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
  if (!claim) return refused(connection, id, sources, options.json);
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
  { fact, eventHash, state, attempt, version, outcome, reason, updatedAt }: StoredClaim,
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
  version,
  duplicates,
  startDate: fact.startDate,
  timeZone: fact.timeZone,
  dueAt: fact.dueAt,
  receivedAt: fact.receivedAt,
  updatedAt,
  eventHash,
});

/** An event that was never accepted may have been refused, and its rows say why. */
async function refused(
  connection: Connection,
  id: string,
  sources: string[],
  json: boolean,
): Promise<void> {
  const { audit, index } = openLedger(connection);
  const reader = createLedgerReader(audit, index);
  const lists = await Promise.all(sources.map((source) => reader.ofEvent(eventHash(source, id))));
  const row = lists.flat().at(-1);
  if (!row) throw unknownEvent(id, sources);
  const { eventId, eventSource: source, outcome, reason, receivedAt, bodyHash } = row;
  const shown = { eventId, source, state: 'rejected', outcome, reason, receivedAt, bodyHash };
  print(shown, json, () => tableOf(['what', 'is'], Object.entries(shown)));
}
