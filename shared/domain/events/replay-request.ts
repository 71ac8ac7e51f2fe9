import { z } from 'zod';
import { EventId, Id, sourcesOf, type ReplayMarks } from './event';
import { bodyHash, eventHash } from './keys';
import { readJson, type Keep } from './raw-json';

/** The type of a message that asks for the next attempt at a closed event. The facts of the event are in its claim. */
const REPLAY = 'joinery.replay.v1';
const SOURCE = 'urn:joinery:replay';

/** A request for the attempt after `attempt` at an event; `marks` say who asks and why, and have an id. */
export type ReplayRequest = {
  eventHash: string;
  eventId: string;
  eventSource: string;
  attempt: number;
  marks: ReplayMarks;
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

const MAX_DEPTH = 3;
/** The longest source and ids need half of it. */
const MAX_BYTES = 2048;

/**
 * The replay request in a message of the queue; undefined for every other message, also for a request that is not well
 * formed or names a source that is not allowed. Those are read as events, and refused as events of an unsupported type.
 */
export function readReplayRequest(
  body: Uint8Array,
  { sources }: { sources: readonly string[] },
): ReplayRequest | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (bytes.length > MAX_BYTES || !bytes.includes(REPLAY)) return undefined;
  const read = readJson(bytes.toString(), MAX_DEPTH, keep);
  const message = ReplayMessage.safeParse(read.kind === 'value' ? read.value : undefined);
  if (!message.success) return undefined;
  const { replayid, replayreason, replayedby, data } = message.data;
  if (!sourcesOf(data.id, sources).includes(data.source)) return undefined;
  return {
    eventHash: eventHash(data.source, data.id),
    ...{ eventId: data.id, eventSource: data.source, attempt: data.attempt },
    marks: { id: replayid, reason: replayreason, by: replayedby },
    bodyHash: bodyHash(body),
  };
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
