import { message as amqp, types, type EventContext, type Receiver, type Sender } from 'rhea';
import type { Refusal } from '../refusal';
import { malformed } from '../codec/values';
import { accept, reject } from './answer';
import { mutable } from './rhea-internals';

/** A decoded request of the AMQP management pattern, and its bytes. */
export type Request = {
  messageId: string | number | Buffer | undefined;
  replyTo: string | undefined;
  operation: string;
  /** An application property that is text. */
  property: (name: string) => string | undefined;
  body: unknown;
  bytes: Buffer;
};

/** The answer to a request: an HTTP-like status, and for some successes a body. */
export type Reply = { status: number; description: string; condition?: string; body?: object };

/** The names of status and description, which differ between `$cbs` and `$management`. */
export type Spelling = { status: string; description: string };

const TRACKING_ID = 'com.microsoft:tracking-id';

export function replyOfRefusal({ status, message, condition }: Refusal): Reply {
  return { status, description: message, condition };
}

function requestOf(bytes: Buffer): Request {
  const {
    message_id,
    reply_to,
    application_properties = {},
    body,
  } = amqp.decode(bytes) as unknown as {
    message_id?: string | number | Buffer;
    reply_to?: string;
    application_properties?: Record<string, unknown>;
    body: unknown;
  };
  const property = (name: string): string | undefined => {
    const value = application_properties[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    messageId: message_id,
    replyTo: reply_to,
    operation: property('operation') ?? '',
    property,
    body,
    bytes,
  };
}

/** Calls `handle` for every request on a link, with a function that answers it. Requests are always accepted. */
export function takeRequests(
  receiver: Receiver,
  replyLinks: Map<string, Sender>,
  spelling: Spelling,
  handle: (request: Request, reply: (reply: Reply) => void) => void,
): void {
  receiver.on('message', ({ message, delivery }: EventContext) => {
    if (!delivery) return;
    let request: Request;
    try {
      request = requestOf(message as unknown as Buffer);
    } catch {
      reject(delivery, malformed('the request cannot be decoded'));
      return;
    }
    accept(delivery);
    const link = replyLinkOf(receiver, replyLinks, request.replyTo);
    handle(request, (reply) => {
      if (link?.is_open()) send(link, request, reply, spelling);
    });
  });
}

// uAMQP sends no reply-to on $cbs; the answer then goes to the other link of the pair, which shares the session.
function replyLinkOf(
  receiver: Receiver,
  replyLinks: Map<string, Sender>,
  replyTo: string | undefined,
): Sender | undefined {
  const named = replyTo === undefined ? undefined : replyLinks.get(replyTo);
  const isOther = (link: Sender): boolean => link.source.address === receiver.target.address;
  return named ?? receiver.session.find_sender(isOther);
}

function send(link: Sender, request: Request, reply: Reply, spelling: Spelling): void {
  const trackingId = request.property(TRACKING_ID);
  const delivery = link.send({
    correlation_id: request.messageId,
    application_properties: {
      [spelling.status]: types.wrap_int(reply.status),
      [spelling.description]: reply.description,
      ...(reply.condition && { errorCondition: types.wrap_symbol(reply.condition) }),
      ...(trackingId && { [TRACKING_ID]: trackingId }),
    },
    body: reply.body ?? {},
  } as unknown as Buffer);
  mutable(delivery).settled = true;
}
