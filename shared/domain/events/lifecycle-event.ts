import { z } from 'zod';
import {
  BoundedAttributes,
  CalendarDate,
  DEFAULT_EMPLOYMENT,
  Id,
  MAX_JSON,
  MediaType,
  Sequence,
  Source,
  Time,
  TimeZone,
} from './event';

/** Members of every event about a worker. */
const worker = {
  workerId: Id,
  employmentId: Id.default(DEFAULT_EMPLOYMENT),
  sequence: Sequence.optional(),
  timeZone: TimeZone.optional(),
};
const endDate = CalendarDate.optional();
const previousWorkerId = Id.optional();
const Ref = z.object({ source: Source, id: Id }, { error: 'an object with source and id' });

/** Where a member must not lie before another one; both are days. */
const ordered = <T extends string>(later: T, earlier: string) => ({
  path: [later],
  error: `a date on or after ${earlier}`,
});

const joined = {
  startDate: CalendarDate,
  endDate,
  previousWorkerId,
  attributes: BoundedAttributes,
};
const moved = { effectiveDate: CalendarDate, endDate, attributes: BoundedAttributes };
const Span = z
  .object({
    employmentId: Id,
    from: CalendarDate,
    until: endDate,
    attributes: BoundedAttributes,
  })
  .refine(({ from, until }) => until === undefined || until >= from, ordered('until', 'from'));
const Spans = z
  .array(Span)
  .max(1000)
  .refine((spans) => JSON.stringify(spans.map(({ attributes }) => attributes)).length <= MAX_JSON, {
    error: `attributes of at most ${MAX_JSON} characters as JSON text in all spans`,
  });
const snapshot = { spans: Spans, previousWorkerId };

const EndOfJoined = ordered('endDate', 'startDate');
const EndOfMoved = ordered('endDate', 'effectiveDate');
type Dates = {
  startDate?: string | undefined;
  effectiveDate?: string | undefined;
  endDate?: string | undefined;
};
const endAfterStart = ({ startDate, endDate: end }: Dates): boolean =>
  end === undefined || startDate === undefined || end >= startDate;
const endAfterMove = ({ effectiveDate, endDate: end }: Dates): boolean =>
  end === undefined || effectiveDate === undefined || end >= effectiveDate;

const ONE_END = 'exactly one of lastDay and endsAt';
const left = { lastDay: CalendarDate.optional(), endsAt: Time.optional() };
const oneEnd = ({
  lastDay,
  endsAt,
}: {
  lastDay?: string | undefined;
  endsAt?: string | undefined;
}) => (lastDay === undefined) !== (endsAt === undefined);

const CORRECTED =
  'the members of the event that it revises: exactly one of startDate, effectiveDate, lastDay, endsAt, spans';
const corrected = {
  revises: Ref,
  startDate: CalendarDate.optional(),
  effectiveDate: CalendarDate.optional(),
  ...left,
  endDate,
  spans: Spans.optional(),
  previousWorkerId,
  attributes: BoundedAttributes.optional(),
};
type Corrected = z.infer<z.ZodObject<typeof corrected>>;
const oneContent = (data: Corrected): boolean => {
  const { startDate, effectiveDate, lastDay, endsAt, spans } = data;
  const stated = [startDate, effectiveDate, lastDay, endsAt, spans].filter(
    (member) => member !== undefined,
  );
  const needsAttributes = startDate !== undefined || effectiveDate !== undefined;
  return stated.length === 1 && (!needsAttributes || data.attributes !== undefined);
};

const ONE_REFERENCE = 'exactly one of revises and startDate';
const DATA = {
  'hr.worker.joined.v1': z.object({ ...worker, ...joined }).refine(endAfterStart, EndOfJoined),
  'hr.worker.moved.v1': z.object({ ...worker, ...moved }).refine(endAfterMove, EndOfMoved),
  'hr.worker.left.v1': z.object({ ...worker, ...left }).refine(oneEnd, { error: ONE_END }),
  'hr.worker.corrected.v1': z
    .object({ ...worker, ...corrected })
    .refine(oneContent, { error: CORRECTED })
    .refine(endAfterStart, EndOfJoined)
    .refine(endAfterMove, EndOfMoved),
  'hr.worker.rescinded.v1': z
    .object({ ...worker, revises: Ref.optional(), startDate: CalendarDate.optional() })
    .refine(({ revises, startDate }) => (revises === undefined) !== (startDate === undefined), {
      error: ONE_REFERENCE,
    }),
  'hr.worker.snapshot.v1': z.object({ ...worker, ...snapshot }),
};
type EventType = keyof typeof DATA;

const message = <T extends EventType>(type: T, data: (typeof DATA)[T]) =>
  z.object({
    specversion: z.literal('1.0', { error: 'the CloudEvents version 1.0' }),
    type: z.literal(type),
    source: Source,
    id: Id,
    time: Time,
    subject: Id.nullish(),
    datacontenttype: MediaType.nullish(),
    data,
  });

/** One event about a worker, of any type: a CloudEvents 1.0 envelope with the data of docs/event-contract.md. */
export const LifecycleEvent = z
  .discriminatedUnion('type', [
    message('hr.worker.joined.v1', DATA['hr.worker.joined.v1']),
    message('hr.worker.moved.v1', DATA['hr.worker.moved.v1']),
    message('hr.worker.left.v1', DATA['hr.worker.left.v1']),
    message('hr.worker.corrected.v1', DATA['hr.worker.corrected.v1']),
    message('hr.worker.rescinded.v1', DATA['hr.worker.rescinded.v1']),
    message('hr.worker.snapshot.v1', DATA['hr.worker.snapshot.v1']),
  ])
  .refine(({ subject, data }) => (subject ?? data.workerId) === data.workerId, {
    path: ['subject'],
    error: 'the same as data.workerId',
  });
export type LifecycleEvent = z.infer<typeof LifecycleEvent>;
