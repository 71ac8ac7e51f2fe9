import { z } from 'zod';
import { EventId, Id, RECHECK, RECONCILE, sourcesOf, type ReplayMarks } from './event';
import { bodyHash, eventHash } from './keys';
import { readJson, type Keep } from './raw-json';

/** The type of a message that asks for the next attempt at a closed event. The facts of the event are in its claim. */
const REPLAY = 'joinery.replay.v1';
const SOURCE = 'urn:joinery:replay';

/** The type of a message that asks to look at a person again. Who asks and why is in a row that no sender may write. */
const RECHECK_TYPE = 'joinery.recheck.v1';
/** The same for a run of the reconciliation. */
const RECONCILE_TYPE = 'joinery.reconcile.v1';

/** A request for the attempt after `attempt` at an event; `marks` say who asks and why, and have an id. */
export type ReplayRequest = {
  kind: 'replay';
  eventHash: string;
  eventId: string;
  eventSource: string;
  attempt: number;
  marks: ReplayMarks;
  bodyHash: string;
};

/** A request to start the event of a recheck or of a reconciliation, by its id. */
type OwnRequest = {
  kind: 'own';
  source: typeof RECHECK | typeof RECONCILE;
  eventHash: string;
  eventId: string;
  eventSource: string;
  bodyHash: string;
};

const scalar: Keep = {};
const keep: Keep = {
  ...{ specversion: scalar, type: scalar, source: scalar, id: scalar, time: scalar },
  ...{ replayid: scalar, replayreason: scalar, replayedby: scalar },
  data: { source: scalar, id: scalar, attempt: scalar },
};

const ReplayMessage = z.object({
  specversion: z.literal('1.0'),
  type: z.literal(REPLAY),
  source: z.literal(SOURCE),
  id: Id,
  time: z.iso.datetime(),
  replayid: Id,
  replayreason: Id,
  replayedby: Id,
  data: z.object({ source: z.string(), id: EventId, attempt: z.int().positive() }),
});

const own = { specversion: z.literal('1.0'), id: EventId, time: z.iso.datetime() };
const OwnMessage = z.discriminatedUnion('type', [
  z.object({ ...own, type: z.literal(RECHECK_TYPE), source: z.literal(RECHECK) }),
  z.object({ ...own, type: z.literal(RECONCILE_TYPE), source: z.literal(RECONCILE) }),
]);
type OwnMessage = z.infer<typeof OwnMessage>;

const MAX_DEPTH = 3;
/** The longest source and ids need half of it. */
const MAX_BYTES = 2048;

/**
 * The request of an operator in a message of the queue; undefined for every other message, also for a request that is not
 * well formed or names a source that is not allowed. Those are read as events, and refused as events of an unsupported type.
 */
export function readOperatorRequest(
  body: Uint8Array,
  { sources }: { sources: readonly string[] },
): ReplayRequest | OwnRequest | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const isOne = [REPLAY, RECHECK_TYPE, RECONCILE_TYPE].some((type) => bytes.includes(type));
  if (bytes.length > MAX_BYTES || !isOne) return undefined;
  const read = readJson(bytes.toString(), MAX_DEPTH, keep);
  const value = read.kind === 'value' ? read.value : undefined;
  const identity = (source: string, id: string) => ({
    ...{ eventHash: eventHash(source, id), eventId: id, eventSource: source },
    bodyHash: bodyHash(body),
  });
  const asked = OwnMessage.safeParse(value).data;
  if (asked) return { kind: 'own', source: asked.source, ...identity(asked.source, asked.id) };
  const replay = ReplayMessage.safeParse(value).data;
  if (!replay) return undefined;
  const { replayid, replayreason, replayedby, data } = replay;
  if (!sourcesOf(data.id, sources).includes(data.source)) return undefined;
  const marks = { id: replayid, reason: replayreason, by: replayedby };
  return { kind: 'replay', ...identity(data.source, data.id), attempt: data.attempt, marks };
}

/**
 * The id of the replay of one closed attempt. It depends on nothing else, so that one attempt is followed by one attempt
 * whoever asks for it and however often.
 */
export const replayIdOf = (hash: string, attempt: number): string =>
  `closed:${attempt}:${hash.slice(0, 48)}`;

/** The message that asks for it, as UTF-8 bytes. */
export function replayMessage(
  event: { eventSource: string; eventId: string; attempt: number },
  { reason, by }: { reason: string; by: string },
  now: Date,
): Uint8Array {
  const { eventSource: source, eventId: id, attempt } = event;
  const replayid = replayIdOf(eventHash(source, id), attempt);
  const message: z.infer<typeof ReplayMessage> = {
    ...{ specversion: '1.0', type: REPLAY, source: SOURCE, id: replayid, time: now.toISOString() },
    ...{ replayid, replayreason: reason, replayedby: by, data: { source, id, attempt } },
  };
  return Buffer.from(JSON.stringify(message));
}

/** The message that asks for the recheck of an event id, as UTF-8 bytes. */
export function recheckMessage(id: string, now: Date): Uint8Array {
  const message: OwnMessage = {
    ...{ specversion: '1.0', type: RECHECK_TYPE, source: RECHECK, id, time: now.toISOString() },
  };
  return Buffer.from(JSON.stringify(message));
}

/** The message that asks for the run of the reconciliation with an event id, as UTF-8 bytes. */
export function reconcileMessage(id: string, now: Date): Uint8Array {
  const message: OwnMessage = {
    ...{ specversion: '1.0', type: RECONCILE_TYPE, source: RECONCILE, id, time: now.toISOString() },
  };
  return Buffer.from(JSON.stringify(message));
}
