import { sourcesOf } from '../shared/domain/events/event';
import { eventHash } from '../shared/domain/events/keys';
import { removedEvent } from '../shared/reports/removed';
import { openRemovalRecordsOf, type Connection } from './connection';
import { CliError, unknownEvent } from './print';

/** Of an event of which nothing is stored: that retention has removed it, if a record says so; else where to look. */
export async function missingEvent(
  connection: Connection,
  id: string,
  sources: readonly string[],
): Promise<CliError> {
  if (connection.seals === undefined) return unknownEvent(id, sources);
  const bySource = new Map(sourcesOf(id, sources).map((source) => [eventHash(source, id), source]));
  const removed = await removedEvent(openRemovalRecordsOf(connection), [...bySource.keys()]);
  if (removed === undefined) return unknownEvent(id, sources);
  const { eventHash: hash, day, record } = removed;
  return new CliError(
    `event ${id} of ${bySource.get(hash) ?? ''} was removed by retention on ${day}: the record ${record} beside the seals names it as ${hash}, ` +
      'and "joinery audit verify" checks that record',
  );
}
