import { z } from 'zod';
import {
  BoundedAttributes,
  CalendarDate,
  Id,
  MediaType,
  Sequence,
  Source,
  Time,
  TimeZone,
} from './event-members';
import type { RejectionReason } from './rejection';

export const JOINED = 'hr.worker.joined.v1';
export const DEFAULT_EMPLOYMENT = 'primary';

const JoinedData = z
  .object(
    {
      workerId: Id.meta({ description: 'The worker, as the directory knows them.' }),
      employmentId: Id.optional().meta({
        description: `One of several employments of the worker; "${DEFAULT_EMPLOYMENT}" if absent.`,
      }),
      sequence: Sequence.optional().meta({ description: 'Grows with each event of a worker.' }),
      startDate: CalendarDate.meta({ description: 'The first day of work, in the zone.' }),
      endDate: CalendarDate.optional().meta({
        description: 'The last day of work; not before startDate.',
      }),
      timeZone: TimeZone.optional().meta({
        description: "An IANA name; if absent, the access model's zone for the location.",
      }),
      attributes: BoundedAttributes,
    },
    { error: 'an object' },
  )
  .refine((data) => data.endDate === undefined || data.endDate >= data.startDate, {
    path: ['endDate'],
    error: 'a date on or after startDate',
    params: { reason: 'end-before-start' satisfies RejectionReason },
  });

/**
 * The message as it is sent: a CloudEvents 1.0 envelope in the JSON format, which reads null as absent. Members are in
 * the order in which faults are reported. Unknown ones are dropped.
 */
export const JoinedMessage = z
  .object({
    specversion: z.literal('1.0', { error: 'the CloudEvents version 1.0' }),
    type: z.literal(JOINED, { error: `the type ${JOINED}` }),
    source: Source,
    id: Id,
    time: Time,
    subject: Id.nullish().meta({ description: 'If present, the same as data.workerId.' }),
    datacontenttype: MediaType.nullish(),
    replayid: Id.nullish(),
    replayreason: Id.nullish(),
    replayedby: Id.nullish(),
    data: JoinedData,
  })
  .refine(({ subject, data }) => (subject ?? data.workerId) === data.workerId, {
    path: ['subject'],
    error: 'the same as data.workerId',
    params: { reason: 'subject-mismatch' satisfies RejectionReason },
  });
export type JoinedMessage = z.infer<typeof JoinedMessage>;

/** By name; which names mean anything is for the access model to say. */
export const Attributes = z.record(z.string(), z.string());
export type Attributes = z.infer<typeof Attributes>;

/**
 * An accepted event, as everything behind the intake sees it: defaults applied, `time` in UTC, no replay marks and
 * nothing that the contract does not name.
 */
export const ProvisioningEvent = z.object({
  specversion: z.literal('1.0'),
  type: z.literal(JOINED),
  source: z.string(),
  id: z.string(),
  time: z.string(),
  data: z.object({
    workerId: z.string(),
    employmentId: z.string(),
    sequence: z.number().int().optional(),
    startDate: z.string(),
    endDate: z.string().optional(),
    timeZone: z.string().optional(),
    attributes: Attributes,
  }),
});
export type ProvisioningEvent = z.infer<typeof ProvisioningEvent>;

/** Who sent the event again, and why; by the names of the CloudEvents extension attributes `replay…`. */
export const ReplayMarks = z.object({
  id: z.string().optional(),
  reason: z.string().optional(),
  by: z.string().optional(),
});
export type ReplayMarks = z.infer<typeof ReplayMarks>;
