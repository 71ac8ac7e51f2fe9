import { z } from 'zod';
import { ReplayMarks } from '../events/event';

/** The columns of every audit row about its event: ids, dates and codes; no personal data. Times are ISO 8601 UTC. */
export const EventFact = z.object({
  eventId: z.string(),
  eventSource: z.string(),
  eventType: z.string(),
  bodyHash: z.string(),
  /** Absent where the event is about nobody alone. */
  workerId: z.string().optional(),
  employmentId: z.string().optional(),
  sequence: z.number().int().optional(),
  /** Of an event that states the first day of work. */
  startDate: z.string().optional(),
  /** In which the days of the event begin; absent where the employment that it changes decides. */
  timeZone: z.string().optional(),
  /** When what the event states begins; absent where it acts at once. */
  actAt: z.string().optional(),
  /** When access should be there: `readyAt` of the first day in the zone. */
  readyBy: z.string().optional(),
  /** Of an event that a person has asked for: who, and why. */
  requestedBy: z.string().optional(),
  requestReason: z.string().optional(),
  occurredAt: z.string(),
  receivedAt: z.string(),
});
export type EventFact = z.infer<typeof EventFact>;

/** Of an event about one worker. */
const WorkerFact = EventFact.extend({ workerId: z.string(), employmentId: z.string() });

/** The replay that started an attempt. `of` is the attempt before it, if there is one. */
export const Replay = ReplayMarks.extend({ of: z.number().int().positive().optional() });
export type Replay = z.infer<typeof Replay>;

/** One attempt at one event. `token` distinguishes two executions of the same attempt. */
export const EventRun = z.object({
  eventHash: z.string(),
  attempt: z.number().int().positive(),
  instanceId: z.string(),
  token: z.string(),
  fact: EventFact,
  /** Present if the attempt is a replay. */
  replay: Replay.optional(),
});
export type EventRun = z.infer<typeof EventRun>;

/** One attempt at an event about a worker; the input of every activity of `accessChange`. */
export const Run = EventRun.extend({
  /** The first worker id of the person, which stands for all that `previousWorkerId` joins to it; absent if it is the event's. */
  personId: z.string().optional(),
  fact: WorkerFact,
});
export type Run = z.infer<typeof Run>;

/** The last row of an attempt's audit chain, passed from activity to activity. `day`: the last UTC day that is indexed. */
export const ChainEnd = z.object({
  seq: z.number().int().nonnegative(),
  hash: z.string(),
  day: z.string(),
  /** Numbers of rows before this end whose writers have not been told that they are written. */
  untold: z.array(z.number().int().positive()).optional(),
});
export type ChainEnd = z.infer<typeof ChainEnd>;

export const START_OF_CHAIN: ChainEnd = { seq: 0, hash: '0'.repeat(64), day: '' };
