import { readEvent } from '../shared/domain/events/read-event';
import { readBody, type Connection } from './connection';
import { CliError, print } from './print';
import { withBus } from './service-bus';

/** Sends one event. Without `force`, a body that the app would reject is not sent, and the error says why. */
export async function send(
  connection: Connection,
  file: string,
  options: { force: boolean; json: boolean },
): Promise<void> {
  const body = await readBody(file);
  const event = readEvent(body, { sources: connection.sources });
  if (event.kind === 'rejected' && !options.force) {
    const field = event.field === undefined ? '' : ` in ${event.field}`;
    throw new CliError(`not sent: ${event.reason}${field}; it must be ${event.rule}`);
  }
  await withBus(connection, (client) =>
    client
      .createSender(connection.queue)
      .sendMessages({ body, contentType: 'application/cloudevents+json' }),
  );
  const eventId = event.kind === 'accepted' ? event.event.id : undefined;
  const sent = { sent: true, queue: connection.queue, eventId, bodyHash: event.bodyHash };
  print(sent, options.json, () =>
    eventId === undefined ? 'sent, although it will be rejected' : `sent; see "status ${eventId}"`,
  );
}
