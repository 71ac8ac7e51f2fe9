import { replayEvents, type ReplayLine, type ReplayRequest } from '../shared/events/replay';
import { openAudit, openClaims, type Connection } from './connection';
import { readEvents } from './event-files';
import { rulesOf } from './model';
import { CliError, counted, print, tableOf, warn } from './print';
import { replayQueue, withBus } from './service-bus';
import { missingEvent } from './unknown-event';

export type ReplayOptions = Pick<
  ReplayRequest,
  'by' | 'reason' | 'cause' | 'since' | 'until' | 'package' | 'limit' | 'attempts'
> & {
  file: string[];
  yes: boolean;
  json: boolean;
};

/**
 * Runs events of dead letters, closed events or those of files again; without `yes` it shows what it would do. Exit code 1
 * if something that was to be sent was not, or the one event that was named is left.
 */
export async function replay(
  connection: Connection,
  eventId: string | undefined,
  { file, yes, json, ...choice }: ReplayOptions,
): Promise<void> {
  if (file.length > 0 && eventId !== undefined)
    throw new CliError('give an event id or --file, not both', 2);
  const bodies = file.length === 0 ? undefined : (await readEvents(file)).map(({ body }) => body);
  const stores = { claims: openClaims(connection), audit: openAudit(connection) };
  const { model, notes } = await rulesOf(connection);
  const { lines, notLookedAt, isComplete } = await withBus(connection, (client) =>
    replayEvents(stores, replayQueue(client, connection.queue), connection.sources, {
      ...choice,
      eventId,
      ...{ bodies, model },
      confirmed: yes,
    }),
  );
  if (lines.length === 0 && eventId !== undefined) {
    const { cause, since, until, package: about } = choice;
    const isNarrowed = [cause, since, until, about].some((given) => given !== undefined);
    throw isNarrowed
      ? new CliError(`event ${eventId} is not among those of this cause, time or package`)
      : await missingEvent(connection, eventId, connection.sources);
  }
  if (!json) warn(notes);
  print({ preview: !yes, events: lines, notLookedAt, notes }, json, () =>
    textOf(lines, notLookedAt, yes),
  );
  if (!isComplete) process.exitCode = 1;
}

const HEADINGS = [
  'sequence',
  'enqueued or closed',
  'event',
  'cause',
  'action',
  'attempt',
  'because',
  'result',
];

function textOf(lines: readonly ReplayLine[], notLookedAt: number, isDone: boolean): string {
  const rows = lines.map((line) => [
    line.sequenceNumber,
    line.enqueuedAt ?? line.closedAt,
    line.eventId,
    line.causes[0] ?? line.deadLetterReason,
    line.action,
    line.attempt,
    line.why,
    line.result,
  ]);
  const note = isDone
    ? ''
    : rows.length === 0
      ? '\n\nNothing to replay.'
      : '\n\nA preview: nothing was sent or removed. Add --yes to replay.';
  const more =
    notLookedAt === 0
      ? ''
      : `\n\nNot looked at, behind the limit: ${counted(notLookedAt, 'event')}.`;
  return `${tableOf(HEADINGS, rows)}${more}${note}`;
}
