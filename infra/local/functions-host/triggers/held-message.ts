import { setTimeout as wait } from 'node:timers/promises';
import { isServiceBusError, type ServiceBusReceivedMessage } from '@azure/service-bus';
import type { BusConnection } from './bus-connection';

export type Settlement = 'complete' | 'abandon';

/** A message that was received and is not settled. */
export type HeldMessage = {
  isLost: () => boolean;
  /** Settles it within the time of its lock, on more than one connection if need be. Rejects if it cannot. */
  settle: (settlement: Settlement) => Promise<void>;
  /** Ends the renewal of its lock. */
  release: () => void;
};

const RETRY_EVERY = 500;
const SHORTEST_RENEWAL = 100;

/**
 * Renews a message's lock at half of its time until `release`, for `renewFor` milliseconds at most. Lock and message are of
 * the queue, not of the connection: what came on a lost connection is renewed and settled on the one after it.
 */
export function holdMessage(
  message: ServiceBusReceivedMessage,
  current: () => BusConnection | undefined,
  { renewFor, onLost }: { renewFor: number; onLost: (why: string) => void },
): HeldMessage {
  // Durations are measured on the monotonic clock: the clock of the stack can be moved while a function runs.
  const renewUntil = performance.now() + renewFor;
  let lockedUntil = endOfLock(message);
  let timer: NodeJS.Timeout | undefined;
  let released = false;
  let lost = false;

  const left = (): number => lockedUntil - performance.now();
  const renewLater = (): void => {
    if (released || left() === Infinity) return;
    timer = setTimeout(() => void renew(), Math.max(left() / 2, SHORTEST_RENEWAL));
  };
  const renew = async (): Promise<void> => {
    if (performance.now() >= renewUntil) return;
    try {
      await current()?.ask((receiver) => receiver.renewMessageLock(message));
      lockedUntil = endOfLock(message);
    } catch (error) {
      // Another connection may do it until the lock has run out.
      if (!isLockLost(error) && left() > 0) {
        renewLater();
        return;
      }
      lost = true;
      if (!released) onLost(error instanceof Error ? error.message : String(error));
      return;
    }
    renewLater();
  };
  renewLater();
  return {
    isLost: () => lost,
    async settle(settlement) {
      for (;;) {
        const connection = current();
        if (!connection) throw new Error('the connection was lost while the listener stopped');
        try {
          await connection.ask((receiver) =>
            settlement === 'complete'
              ? receiver.completeMessage(message)
              : receiver.abandonMessage(message),
          );
          return;
        } catch (error) {
          if (lost || !isPassing(error, connection) || left() <= 0) throw error;
        }
        await wait(RETRY_EVERY);
      }
    },
    release() {
      released = true;
      clearTimeout(timer);
    },
  };
}

/** On the monotonic clock. */
const endOfLock = ({ lockedUntilUtc }: ServiceBusReceivedMessage): number =>
  performance.now() + (lockedUntilUtc?.getTime() ?? Infinity) - Date.now();

const isLockLost = (error: unknown): boolean =>
  isServiceBusError(error) && error.code === 'MessageLockLost';

const isPassing = (error: unknown, connection: BusConnection): boolean =>
  connection.hasEnded() || (isServiceBusError(error) && error.retryable);
