import { z } from 'zod';
import { Replay } from './replay';

/**
 * The event as every row about it tells it: ids, dates and codes, never a name, a mail address or an attribute.
 * Times are ISO 8601 UTC.
 */
export const EventFact = z.object({
  eventId: z.string(),
  eventSource: z.string(),
  eventType: z.string(),
  bodyHash: z.string(),
  workerId: z.string(),
  employmentId: z.string(),
  sequence: z.number().int().optional(),
  startDate: z.string(),
  timeZone: z.string(),
  /** The first instant of the start date in the zone: by then access is due. */
  dueAt: z.string(),
  occurredAt: z.string(),
  receivedAt: z.string(),
});
export type EventFact = z.infer<typeof EventFact>;

/** One attempt at one event: what every activity of it is told. `token` tells two executions of one attempt apart. */
export const Run = z.object({
  eventHash: z.string(),
  attempt: z.number().int().positive(),
  instanceId: z.string(),
  token: z.string(),
  fact: EventFact,
  /** There if the attempt is a replay. */
  replay: Replay.optional(),
});
export type Run = z.infer<typeof Run>;

/** The last row of an attempt's audit chain; handed from activity to activity. `day` is the last one indexed. */
export const ChainEnd = z.object({
  seq: z.number().int().nonnegative(),
  hash: z.string(),
  day: z.string(),
});
export type ChainEnd = z.infer<typeof ChainEnd>;

export const START_OF_CHAIN: ChainEnd = { seq: 0, hash: '0'.repeat(64), day: '' };
