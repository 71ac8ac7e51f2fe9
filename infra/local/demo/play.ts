import { bodyHash, eventHash } from '../../../shared/domain/events/keys';
import type { Joiner } from './cast';

/** One person's part, ready to be sent: the messages in their order, and the keys they will be found by. */
export type Part = {
  joiner: Joiner;
  eventHash: string;
  first: Buffer;
  /** Sent when the first has ended, so that it is sure to come second. */
  second?: Buffer;
  /** Keys of the rejected rows that these messages should leave. */
  rejects: string[];
};

const source = 'urn:hr:acme:workday';

/** Writes the messages of one person. */
export function partOf(joiner: Joiner): Part {
  const event = joinedEvent(joiner);
  const body = Buffer.from(JSON.stringify(event));
  const part = { joiner, eventHash: eventHash(source, event.id), first: body, rejects: [] };
  const { sends } = joiner;
  if (sends === undefined) return part;
  switch (sends) {
    case 'twice':
      return { ...part, second: Buffer.from(body) };
    case 'other content under the same id': {
      const data = { ...event.data, startDate: '2026-12-01' };
      const other = Buffer.from(JSON.stringify({ ...event, data }));
      return { ...part, second: other, rejects: [bodyHash(other)] };
    }
    case 'half a body': {
      const half = body.subarray(0, body.length / 2);
      return { ...part, first: half, rejects: [bodyHash(half)] };
    }
  }
}

function joinedEvent({ worker, department, jobCode, workerType = 'employee' }: Joiner) {
  return {
    specversion: '1.0',
    id: `demo-${worker}-joined`,
    source,
    type: 'hr.worker.joined.v1',
    subject: worker,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: {
      workerId: worker,
      startDate: '2026-11-23',
      timeZone: 'Europe/Berlin',
      attributes: { department, jobCode, location: 'Berlin', workerType },
    },
  };
}
