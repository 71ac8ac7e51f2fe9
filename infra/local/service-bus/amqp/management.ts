import type { Receiver, Sender } from 'rhea';
import type { Journal } from '../journal/journal';
import type { Queue } from '../queue/queue';
import { unsupported } from '../refusal';
import { refusalFrom } from './answer';
import { OPERATIONS } from './operations';
import { replyOfRefusal, takeRequests, type Reply, type Request } from './request';

const PREFIX = 'com.microsoft:';

/** Serves `<queue>/$management`; an answer goes out when what it reports is on disk. */
export function serveManagement(
  receiver: Receiver,
  queue: Queue,
  replyLinks: Map<string, Sender>,
  journal: Journal,
): void {
  const spelling = { status: 'statusCode', description: 'statusDescription' };
  takeRequests(receiver, replyLinks, spelling, (request, reply) => {
    const answer = answerTo(queue, request);
    journal.whenDurable(() => reply(answer));
  });
}

function answerTo(queue: Queue, request: Request): Reply {
  try {
    const name = request.operation.replace(PREFIX, '');
    const operation = OPERATIONS.get(name);
    if (!operation) throw unsupported(`the management operation "${request.operation}"`);
    const body = operation(queue, request);
    if (!body) return { status: 204, description: 'No Content' };
    return { status: 200, description: 'OK', body };
  } catch (error) {
    return replyOfRefusal(refusalFrom(error));
  }
}
