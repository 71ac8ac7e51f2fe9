import { randomFillSync } from 'node:crypto';
import { lockLost } from '../refusal';
import type { Lock, Message } from './message';
import { commit, type Queue } from './queue';

const TOKEN_BYTES = 16;
const pool = Buffer.alloc(TOKEN_BYTES * 512);
let poolAt = pool.length;

/** Locks a message for a receiver and for the queue's lock duration. */
export function grantLock(queue: Queue, message: Message, owner: string): void {
  const until = Date.now() + queue.settings.lockDuration;
  commit(queue, {
    do: 'lock',
    at: message.sequenceNumber,
    lock: { token: newToken(), until, owner },
  });
}

/** The message that a lock token stands for. Throws the Refusal `com.microsoft:message-lock-lost`. */
export function lockedMessage(queue: Queue, token: string): Message {
  return heldBy(queue, token).message;
}

/** Extends locks by the queue's lock duration from now and answers their new ends; none if one of them is lost. */
export function renewLocks(queue: Queue, tokens: string[]): number[] {
  const until = Date.now() + queue.settings.lockDuration;
  const renewed = tokens.map((token) => {
    const { message, lock } = heldBy(queue, token);
    return { do: 'lock' as const, at: message.sequenceNumber, lock: { ...lock, until } };
  });
  commit(queue, ...renewed);
  return renewed.map(() => until);
}

function heldBy(queue: Queue, token: string): { message: Message; lock: Lock } {
  const message = queue.locked.get(token);
  const lock = message?.lock;
  if (!lock || lock.until <= Date.now()) throw lockLost();
  return { message, lock };
}

// Asking the system for 16 random bytes per delivery costs more than everything else about a lock.
function newToken(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  poolAt += TOKEN_BYTES;
  return pool.toString('hex', poolAt - TOKEN_BYTES, poolAt);
}
