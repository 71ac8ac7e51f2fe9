import type { ServiceBusClient } from '@azure/service-bus';
import { inspectEvent, type PlacedFault } from '../shared/domain/events/inspect-event';
import { warningsOf, type Warning } from '../shared/events/warnings';
import type { Connection } from './connection';
import { readEvents, type EventBody } from './event-files';
import { rulesOf } from './model';
import { CliError, counted, print, shown, warn } from './print';
import { busFailure, withBus } from './service-bus';

type SendOptions = { force: boolean; json: boolean };
type Checked = EventBody & {
  eventId: string | undefined;
  bodyHash: string;
  faults: PlacedFault[];
  warnings: Warning[];
};

/**
 * Sends events of files. Without `force`, nothing is sent if the app would reject one of them, and the error lists every
 * fault of each. Warns of what would be accepted and may not be meant.
 */
export async function send(
  connection: Connection,
  files: readonly string[],
  { force, json }: SendOptions,
): Promise<void> {
  const bodies = await readEvents(files);
  const { model, notes } = await rulesOf(connection);
  const events = bodies.map((event): Checked => {
    const inspection = inspectEvent(event.body, { sources: connection.sources });
    const { read, faults } = inspection;
    const eventId = read.kind === 'accepted' ? read.event.id : undefined;
    return {
      ...event,
      eventId,
      bodyHash: read.bodyHash,
      faults,
      warnings: warningsOf(inspection, { model, matchAttribute: connection.matchAttribute }),
    };
  });
  const faulty = events.filter(({ faults }) => faults.length > 0);
  if (!json) warnOf(events, notes);
  if (faulty.length > 0 && !force)
    throw new CliError(refusal(events, faulty), 1, { events: faulty.map(described) });
  await withBus(connection, (client) => sendAll(client, connection.queue, events));
  print({ sent: true, queue: connection.queue, events: events.map(described), notes }, json, () =>
    events.map((one) => sentLine(one, events.length)).join('\n'),
  );
}

async function sendAll(
  client: ServiceBusClient,
  queue: string,
  events: readonly EventBody[],
): Promise<void> {
  const sender = client.createSender(queue);
  let batch = await sender.createMessageBatch();
  let sent = 0;
  const flush = async (): Promise<void> => {
    if (batch.count > 0) await sender.sendMessages(batch);
    sent += batch.count;
    batch = await sender.createMessageBatch();
  };
  try {
    for (const { body } of events) {
      const message = { body, contentType: 'application/cloudevents+json' };
      if (batch.tryAddMessage(message)) continue;
      await flush();
      if (batch.tryAddMessage(message)) continue;
      // Too large for any batch: the bus says what it takes.
      await sender.sendMessages(message);
      sent += 1;
    }
    await flush();
  } catch (error) {
    if (sent === 0) throw error;
    throw new CliError(
      `${sent} of ${counted(events.length, 'event')} were sent, in their order, and then ${busFailure(error)} ` +
        'Send the same files again once this is put right: an event that was sent before is only counted.',
      1,
      { sent },
    );
  }
}

const described = ({ file, line, eventId, bodyHash, faults, warnings }: Checked) => ({
  ...{ file, line, eventId, bodyHash },
  faults: faults.map((fault) => ({ ...fault, line: lineIn(line, fault.line) })),
  warnings: warnings.map((one) => ({ ...one, line: lineIn(line, one.line) })),
});

/** Lines of an event count from its own first one. */
const lineIn = (first: number, line: number | undefined): number => first + (line ?? 1) - 1;

function refusal(events: readonly Checked[], faulty: readonly Checked[]): string {
  const lines = faulty.flatMap(({ file, line: first, faults }) =>
    faults.map(({ field, line, reason, rule }) => {
      const where = [...(field === undefined ? [] : [shown(field)]), `line ${lineIn(first, line)}`];
      return `  ${nameOf(file)}: ${where.join(', ')}: ${reason}; required: ${rule}`;
    }),
  );
  const whole =
    events.length === 1 ? '' : ` in ${faulty.length} of ${counted(events.length, 'event')}`;
  return `not sent: ${counted(lines.length, 'fault')}${whole}\n${lines.join('\n')}`;
}

function warnOf(events: readonly Checked[], notes: readonly string[]): void {
  const lines = events.flatMap(({ file, line: first, warnings }) =>
    warnings.map(
      ({ field, line, text }) =>
        `${nameOf(file)}: ${shown(field)}, line ${lineIn(first, line)}: ${text}`,
    ),
  );
  warn([...lines, ...notes]);
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : file);

/** One of several is told apart by its place. The hash tells the row of an event without an id. */
function sentLine({ file, line, eventId, bodyHash }: Checked, count: number): string {
  const place = count === 1 ? '' : `${nameOf(file)}, line ${line}: `;
  const what =
    eventId === undefined
      ? `sent, although it will be rejected: body ${bodyHash.slice(0, 12)}`
      : `sent; see "status ${eventId}"`;
  return `${place}${what}`;
}
