import { createHash } from 'node:crypto';

/** One message as it is sent, and what must become of it. */
export type Sent = {
  body: Buffer;
  /** Hex SHA-256 of the JSON array `[source, id]`; of no use for a body that has neither. */
  eventHash: string;
  bodyHash: string;
  expect: 'accepted' | 'rejected';
};

const SOURCE = 'urn:hr:acme:workday';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

export type Joiner = {
  id?: string;
  workerId: string;
  attributes: Record<string, string>;
  /** Members that the contract does not have. */
  extra?: Record<string, unknown>;
};

/** A joiner's message. Written here from the contract alone, so that a fault of the product's own writer shows. */
export function joined({ id, workerId, attributes, extra }: Joiner): Sent {
  const event = {
    specversion: '1.0',
    id: id ?? `${workerId}-joined`,
    source: SOURCE,
    type: 'hr.worker.joined.v1',
    subject: workerId,
    time: '2026-11-20T09:30:00Z',
    data: { workerId, startDate: '2026-11-23', timeZone: 'Europe/Berlin', attributes },
    ...extra,
  };
  return sentOf(event);
}

/** An event of the contract as it is sent: the bytes that the SDK makes of the object. */
export function sentOf(event: { source: string; id: string }): Sent {
  const eventHash = sha256(JSON.stringify([event.source, event.id]));
  return sentAs(Buffer.from(JSON.stringify(event)), eventHash);
}

/** The first half of a message: nobody can read it. */
export const broken = ({ body }: Sent): Sent => refusedAs(body.subarray(0, body.length / 2));

/** What the contract does not allow. */
export const refusedAs = (body: Buffer): Sent => ({ ...sentAs(body, ''), expect: 'rejected' });

const sentAs = (body: Buffer, eventHash: string): Sent => ({
  body,
  eventHash,
  bodyHash: sha256(body),
  expect: 'accepted',
});
