import { randomUUID } from 'node:crypto';
import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { readEvent } from '../shared/domain/events/read-event';
import { StoreUnavailable } from '../shared/storage/storage-port';
import { logTo, type Log } from '../shared/log';
import { traceOf } from './activities/activity';
import { claimAttempt } from './intake/claim-attempt';
import type { Delivery } from './intake/claim-of';
import { holdTransient } from './intake/hold-transient';
import { MessageRejected, rejectMessage } from './intake/reject-message';
import { replayMarks } from './intake/replay-marks';
import type { Services } from './services';
import { HostUnavailable } from './runs/instance-status';
import { startRun } from './runs/start-run';

/**
 * Service Bus message -> parsed event -> claim -> one orchestration. Returning completes the message; throwing hands it
 * back, and after its deliveries the bus dead-letters it. Nothing but the body is believed, beyond the marks of a replay.
 */
export function registerIntake(services: Services): void {
  const trigger = {
    connection: 'ServiceBus',
    queueName: '%PROVISIONING_QUEUE%',
    // The raw bytes decide: as text, a host would have repaired or parsed them already.
    dataType: 'binary',
  };
  df.app.client.serviceBusQueue('intake', {
    ...trigger,
    handler: async (message: unknown, client: df.DurableClient, context: InvocationContext) => {
      const log = logTo((line) => context.log(line));
      const delivery = { now: new Date().toISOString(), owner: randomUUID() };
      const properties = context.triggerMetadata?.['applicationProperties'];
      const act = () =>
        takeIn(services, client, { body: bytesOf(message), properties, delivery }, log);
      await holdTransient(services.config.intakeHoldSeconds, log, act).catch((error: unknown) => {
        throw withoutText(error, log);
      });
    },
  });
}

async function takeIn(
  services: Services,
  client: df.DurableClient,
  { body, properties, delivery }: { body: Uint8Array; properties: unknown; delivery: Delivery },
  log: Log,
): Promise<void> {
  const { now } = delivery;
  const read = readEvent(body, { sources: services.config.sources });
  if (read.kind === 'rejected') return rejectMessage(services, read, now, log);

  const { eventHash, event } = read;
  const marks = replayMarks(properties, read.replay, log);
  const claimed = await claimAttempt(services, read, marks, delivery);
  if (claimed === 'id-reused') {
    const { id: eventId, source: eventSource, type: eventType } = event;
    const identity = { eventId, eventSource, eventType, workerId: event.data.workerId };
    return rejectMessage(services, { ...read, ...identity, ...ID_REUSED }, now, log);
  }
  const { attempt, noReplay } = claimed;
  if (attempt !== undefined) {
    await startRun(client, eventHash, attempt);
    log({ what: 'started', eventHash, attempt });
  } else {
    const count = await services.claims.countDuplicate(eventHash, now);
    log({ what: 'duplicate', eventHash, count, noReplay });
  }
}

const ID_REUSED = {
  kind: 'rejected',
  reason: 'id-reused',
  field: 'id',
  rule: 'an id that the source has given to no other event',
} as const;

/** The host keeps what is thrown, so a defect leaves without its text: that may quote the message. */
function withoutText(error: unknown, log: Log): Error {
  const told = [MessageRejected, StoreUnavailable, HostUnavailable];
  if (error instanceof Error && told.some((kind) => error instanceof kind)) return error;
  log({ what: 'defect', ...traceOf(error) });
  return new Error('intake: defect');
}

/** The body as the host hands it over: bytes by contract, text from a host that ignores `dataType`. */
function bytesOf(message: unknown): Uint8Array {
  if (message instanceof Uint8Array) return message;
  return Buffer.from(typeof message === 'string' ? message : JSON.stringify(message ?? null));
}
