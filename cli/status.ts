import { statusOf } from '../shared/events/status';
import { openAudit, openClaims, type Connection } from './connection';
import { ambiguousEvent, print, tableOf } from './print';
import { missingEvent } from './unknown-event';

/** Prints the state of one event; without `source` every allowed source is searched. */
export async function status(
  connection: Connection,
  id: string,
  options: { source?: string; json: boolean },
): Promise<void> {
  const sources = options.source === undefined ? connection.sources : [options.source];
  const stores = { claims: openClaims(connection), audit: openAudit(connection) };
  const answer = await statusOf(stores, id, sources);
  if (answer.kind === 'unknown') throw await missingEvent(connection, id, sources);
  if (answer.kind === 'ambiguous') throw ambiguousEvent(id, answer.sources);
  print(answer.status, options.json, (shown) => tableOf(['field', 'value'], Object.entries(shown)));
}
