import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { readEvent } from '../shared/domain/events/read-event';
import { Complaint, withBus, type Connection } from './connection';
import { print } from './print';

/**
 * Sends one event from a file, or from standard input for `-`. A body that the intake would refuse is not sent unless
 * `force`: the sender learns at once what would only show in the dead letters.
 */
export async function send(
  connection: Connection,
  file: string,
  options: { force: boolean; json: boolean },
): Promise<void> {
  const body = await readBody(file);
  const event = readEvent(body, { sources: connection.sources });
  if (event.kind === 'rejected' && !options.force) {
    const field = event.field === undefined ? '' : ` in ${event.field}`;
    throw new Complaint(`not sent: ${event.reason}${field}; the contract wants ${event.rule}`);
  }
  await withBus(connection, async (client) => {
    await client
      .createSender(connection.queue)
      .sendMessages({ body, contentType: 'application/cloudevents+json' });
  });
  const eventId = event.kind === 'accepted' ? event.event.id : undefined;
  print(
    { sent: true, queue: connection.queue, eventId, bodyHash: event.bodyHash },
    options.json,
    () =>
      eventId === undefined ? 'sent, although it will be refused' : `sent; see "status ${eventId}"`,
  );
}

/** What a file holds, or standard input for `-`; as bytes: decoded as text, what is wrong with it would be repaired. */
export async function readBody(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : readFileSync(file);
  } catch (error) {
    throw new Complaint(
      `cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`,
      2,
    );
  }
}
