import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type ReplayMarks, Id, RECHECK } from '../domain/events/event';
import { bytesOfBody } from '../domain/events/message-body';
import { readEvent, type AcceptedEvent } from '../domain/events/read-event';
import { readOperatorRequest } from '../domain/events/operator-request';
import { datesOf, factOf, keepFact } from '../domain/lifecycle/fact-of';
import { replayKey, whyNoReplay, type Claim } from '../domain/workflow/claim';
import { traceOf, type Log } from '../log';
import type { Claims } from '../storage/claims';
import type { Due } from '../storage/due';
import type { Ledger } from '../storage/audit';
import type { Staging } from '../storage/staging';
import type { RemovalBrakes } from '../storage/removals';
import type { Workers } from '../storage/workers';
import type { RowWriter } from './audit-context';
import { MessageRejected, rejectMessage } from './reject';
import { isTransient, type RunHost } from './run-host';
import {
  claimNextAttempt,
  readyToStart,
  scheduleRecovery,
  startOwnEvent,
  startRun,
  type Claimed,
  type Delivery,
} from './start';

export type AcceptServices = RowWriter & {
  claims: Pick<Claims, 'read' | 'claim' | 'reopen' | 'countDuplicate'>;
  due: Pick<Due, 'schedule' | 'cancel'>;
  ledger: Pick<Ledger, 'reject'>;
  workers: Pick<Workers, 'addFact'>;
  brakes: Pick<RemovalBrakes, 'recheckOf'>;
  staging: Pick<Staging, 'asked'>;
  config: {
    sources: readonly string[];
    intakeHoldSeconds: number;
    recovery: { delaySeconds: number };
  };
};

/** A message of the queue: its body as the host passes it on, and its application properties. */
export type Message = { message: unknown; properties: unknown };

/**
 * Message -> parsed event -> claim -> fact -> one orchestration. Returning means that the message can be completed. Throws
 * MessageRejected if it breaks the contract, StoreUnavailable or HostUnavailable if one of them stays unavailable, and an
 * Error without details on a defect. Only the body is trusted, and the marks of a replay in the properties.
 */
export async function acceptMessage(
  services: AcceptServices,
  host: Pick<RunHost, 'start' | 'status'>,
  message: Message,
  log: Log,
): Promise<void> {
  const delivery = { now: new Date().toISOString(), owner: randomUUID() };
  const accepted = retryTransient(services.config.intakeHoldSeconds, log, () =>
    accept(services, host, message, delivery, log),
  );
  await accepted.catch((error: unknown) => {
    throw withoutDetails(error, log);
  });
}

/** The host stores what is thrown, and the text of a defect may quote the message. */
function withoutDetails(error: unknown, log: Log): Error {
  if (error instanceof MessageRejected || isTransient(error)) return error;
  log({ what: 'defect', ...traceOf(error) });
  return new Error('intake: defect');
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Retries for at most `seconds` while a store or the host is unavailable. Service Bus redelivers at once and would use up
 * all deliveries within a second; the host renews the message's lock during the retries.
 */
async function retryTransient(seconds: number, log: Log, act: () => Promise<void>): Promise<void> {
  const until = Date.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      await act();
      return;
    } catch (error) {
      if (!isTransient(error) || Date.now() + pause > until) throw error;
      log({ what: 'held', why: error.name, pauseMs: pause });
    }
    await wait(pause);
  }
}

async function accept(
  services: AcceptServices,
  host: Pick<RunHost, 'start' | 'status'>,
  { message, properties }: Message,
  delivery: Delivery,
  log: Log,
): Promise<void> {
  const { now } = delivery;
  const body = bytesOfBody(message);
  const request = readOperatorRequest(body, services.config);
  if (request?.kind === 'own') {
    const { source, eventHash: hash } = request;
    const asked =
      source === RECHECK
        ? await services.brakes.recheckOf(hash)
        : await services.staging.asked(hash);
    if (!asked) return rejectMessage(services, { ...request, ...NOT_ASKED }, now, log);
    const { id, at, by, reason } = asked;
    const workerId = source === RECHECK ? asked.workerId : undefined;
    const own = { source, id, at, by, reason, workerId };
    const { eventHash, isNew } = await startOwnEvent(services, host, own);
    log({ what: isNew ? 'started' : 'duplicate', eventHash });
    return undefined;
  }
  if (request) {
    const next = await claimNextAttempt(services, request, delivery);
    if (next !== 'unknown-event') return startOrCount(services, host, request, next, delivery, log);
    return rejectMessage(services, { ...request, ...UNKNOWN_EVENT }, now, log);
  }
  const read = readEvent(body, services.config);
  if (read.kind === 'rejected') return rejectMessage(services, read, now, log);

  const { eventHash, event } = read;
  const marks = replayMarks(properties, read.replay, log);
  const claimed = await claimAttempt(services, read, marks, delivery);
  if (claimed === 'id-reused') {
    const { id: eventId, source: eventSource, type: eventType } = event;
    const identity = { eventId, eventSource, eventType, workerId: event.data.workerId };
    return rejectMessage(services, { ...read, ...identity, ...ID_REUSED }, now, log);
  }
  const known = { eventHash, eventSource: event.source };
  await startOrCount(services, host, known, claimed, delivery, log);
}

/** Starts the attempt that the message has claimed, or counts the message. */
async function startOrCount(
  services: AcceptServices,
  host: Pick<RunHost, 'start' | 'status'>,
  event: { eventHash: string; eventSource: string },
  { attempt, noReplay }: Claimed,
  { now }: Delivery,
  log: Log,
): Promise<void> {
  const { eventHash } = event;
  if (attempt !== undefined) {
    await startRun(host, event, attempt);
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

const UNKNOWN_EVENT = {
  kind: 'rejected',
  reason: 'unknown-event',
  field: 'data.id',
  rule: 'the id of an event that was accepted',
} as const;

const NOT_ASKED = {
  kind: 'rejected',
  reason: 'unknown-event',
  field: 'id',
  rule: 'the id of a recheck or a reconciliation that an operator has asked for',
} as const;

const MARKS = { replayid: 'id', replayreason: 'reason', replayedby: 'by' } as const;

/**
 * The marks of a replay: those in the application properties, which are set last, else those in the body. A property
 * that is not an id is ignored. Names match in any case, because the Functions host changes the case of properties.
 */
export function replayMarks(
  properties: unknown,
  inBody: ReplayMarks | undefined,
  log: Log,
): ReplayMarks | undefined {
  const marks: ReplayMarks = {};
  for (const [property, value] of Object.entries(properties ?? {})) {
    const name = property.toLowerCase();
    if (!isMark(name)) continue;
    const id = Id.safeParse(typeof value === 'number' ? String(value) : value);
    if (id.success) marks[MARKS[name]] = id.data;
    else log({ what: 'replay-mark-ignored', property: name });
  }
  return Object.keys(marks).length > 0 ? marks : inBody;
}

const isMark = (name: string): name is keyof typeof MARKS => Object.hasOwn(MARKS, name);

/**
 * Claims the event, or a new attempt at it for a replay, and records its fact before it may start. A duplicate starts an attempt that is claimed and not started yet.
 */
export async function claimAttempt(
  services: AcceptServices,
  read: AcceptedEvent,
  marks: ReplayMarks | undefined,
  delivery: Delivery,
): Promise<Claimed | 'id-reused'> {
  const { claims, due } = services;
  const { eventHash } = read;
  const claim = await newClaim(services, read, marks, delivery);
  const held = await claims.claim(eventHash, claim);
  if (held === 'claimed') return readyToStart(services, eventHash, claim);
  const isSame = held.contentHash === read.contentHash;
  const reopened = isSame && marks ? await claims.reopen(eventHash, claim) : undefined;
  if (reopened) return readyToStart(services, eventHash, reopened);
  // The claim that has the event has a due row of its own.
  if (held.due.key !== claim.due.key) await due.cancel(claim.due);
  if (!isSame) return 'id-reused';
  if (held.state === 'claimed') return readyToStart(services, eventHash, held);
  return marks ? { noReplay: whyNoReplay(held, marks) ?? 'open' } : {};
}

/** A claim on an accepted event. Its due row is written first, so that no claim is ever without one. */
async function newClaim(
  services: Pick<AcceptServices, 'model' | 'due' | 'config'>,
  { event, eventHash, contentHash, bodyHash }: AcceptedEvent,
  marks: ReplayMarks | undefined,
  delivery: Delivery,
): Promise<Claim> {
  const { now } = delivery;
  const { workerId, employmentId, sequence } = event.data;
  const { model } = services.model();
  const fact = keepFact(model, factOf(event));
  const { timeZone, previousWorkerId, states, unstored } = fact;
  return {
    state: 'claimed',
    contentHash,
    attempt: 1,
    fact: {
      eventId: event.id,
      eventSource: event.source,
      eventType: event.type,
      bodyHash,
      ...{ workerId, employmentId, sequence, ...datesOf(fact, model) },
      occurredAt: event.time,
      receivedAt: now,
    },
    content: { timeZone, previousWorkerId, states, unstored, acceptedAt: now },
    due: await scheduleRecovery(services, eventHash, delivery),
    ...(marks && { replay: marks, replays: [replayKey(marks)] }),
    updatedAt: now,
  };
}
