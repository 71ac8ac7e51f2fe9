import { createHash } from 'node:crypto';

export const SOURCE = 'urn:hr:acme:workday';
export const QUEUE = 'provisioning-events';

/** An event as an object that a test may change. */
export type EventBody = Record<string, unknown> & { data: Record<string, unknown> };

export type JoinerOptions = {
  /** `<workerId>-joined-1` unless given. */
  id?: string;
  /** Members of `data` to replace; `undefined` leaves one out. */
  data?: Record<string, unknown>;
  /** Members of the envelope to add or replace. */
  envelope?: Record<string, unknown>;
};

/**
 * The only event builder of the tests: the example of docs/event-contract.md, for any worker. It is written from the
 * contract alone and shares no code with the product, so that a fault in the product's own writer shows.
 */
export const joinerEvent = (
  workerId = 'W-1024',
  { id = `${workerId}-joined-1`, data = {}, envelope = {} }: JoinerOptions = {},
) => ({
  specversion: '1.0',
  id,
  source: SOURCE,
  type: 'hr.worker.joined.v1',
  subject: workerId,
  time: '2026-11-20T09:30:00Z',
  datacontenttype: 'application/json',
  data: {
    workerId,
    employmentId: 'E-1',
    sequence: 1,
    startDate: '2026-11-23',
    endDate: '2027-05-31',
    timeZone: 'Europe/Berlin',
    attributes: {
      department: 'Finance',
      jobCode: 'FIN-AN-2',
      costCenter: '4711',
      location: 'Berlin',
      workerType: 'employee',
    },
    ...data,
  },
  ...envelope,
});

/** An event of any type, `left` or `snapshot`, that says no more than `data`. */
export const lifecycleEvent = (
  type: string,
  workerId: string,
  data: Record<string, unknown>,
  { id, time, envelope = {} }: { id: string; time: string; envelope?: Record<string, unknown> },
) => ({
  ...{ specversion: '1.0', id, source: SOURCE, type: `hr.worker.${type}.v1` },
  ...{ subject: workerId, time, datacontenttype: 'application/json' },
  data: { workerId, timeZone: 'Europe/Berlin', ...data },
  ...envelope,
});

/** The event of docs/event-contract.md itself. */
export const exampleEvent = () => joinerEvent('W-1024', { id: '8b5e0c3a-joined-1' });

/** UTF-8 bytes of a text, or of the JSON of any other value. */
export const bytesOf = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** One message as it is sent, and how it must end. */
export type TestMessage = {
  body: Buffer;
  /** Hex SHA-256 of the JSON array `[source, id]`; empty for a body that has neither. */
  eventHash: string;
  /** Hex SHA-256 of the body. */
  bodyHash: string;
  expect: 'accepted' | 'rejected';
};

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const messageWith = (body: Buffer, eventHash: string): TestMessage => ({
  body,
  eventHash,
  bodyHash: sha256(body),
  expect: 'accepted',
});

/** An event of the contract as a message: the bytes that the Service Bus SDK makes of the object. */
export const messageOf = (event: { source: string; id: string }): TestMessage =>
  messageWith(Buffer.from(JSON.stringify(event)), sha256(JSON.stringify([event.source, event.id])));

/** The message of a joiner without an end date, whose access depends on `attributes`. */
export const joinerMessage = (
  workerId: string,
  attributes: Record<string, string>,
  { id, envelope = {} }: Omit<JoinerOptions, 'data'> = {},
): TestMessage =>
  messageOf(
    joinerEvent(workerId, {
      ...(id !== undefined && { id }),
      envelope,
      data: { attributes, employmentId: undefined, sequence: undefined, endDate: undefined },
    }),
  );

/** A message whose body breaks the contract. */
export const rejectedMessage = (body: Buffer): TestMessage => ({
  ...messageWith(body, ''),
  expect: 'rejected',
});

/** The first half of a message, which cannot be parsed. */
export const truncatedMessage = ({ body }: TestMessage): TestMessage =>
  rejectedMessage(body.subarray(0, body.length / 2));
