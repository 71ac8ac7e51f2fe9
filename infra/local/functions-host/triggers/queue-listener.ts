import { setTimeout as wait } from 'node:timers/promises';
import type { ServiceBusClient, ServiceBusReceivedMessage } from '@azure/service-bus';
import Long from 'long';
import { type BusConnection, openConnection } from './bus-connection';
import { holdMessage, type Settlement } from './held-message';

export type QueueListenerOptions = {
  queueName: string;
  connect: () => ServiceBusClient;
  maxConcurrentCalls: number;
  /** For how long the lock of a message is renewed while its function runs, in milliseconds. */
  maxAutoLockRenewalDuration: number;
  /** Runs the function; answers how to settle the message, `undefined` for not at all. Never rejects. */
  handle: (message: ServiceBusReceivedMessage) => Promise<Settlement | undefined>;
  warn: (text: string) => void;
  timing?: Timing;
};

export type QueueListener = {
  /** For a diagnosis: slots in use, settlements without an answer, the link and the time since the last message. */
  describe: () => object;
  /** Resolves when the functions that run have ended and the connection is closed. */
  stop: () => Promise<void>;
};

/** Milliseconds. */
type Timing = {
  /** How long the bus has for an answer. */
  answerWithin: number;
  /** A listener with a free slot that receives nothing for this long looks for messages that it should have received. */
  silence: number;
  lookEvery: number;
};

const TIMING: Timing = { answerWithin: 10_000, silence: 15_000, lookEvery: 5_000 };
const PAGE = 100;
/** Time for a message that became deliverable just before the look. */
const ON_ITS_WAY = 1_000;
/** The silence before the next look doubles while new connections bring nothing either. */
const LONGEST_SILENCE = 5 * 60_000;

/** Pauses before the next connection: they double while connections do not last. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;
const LASTING = 5_000;

/**
 * Listens to a queue until stopped, on one connection after another: a connection is replaced when it is lost, when the bus
 * does not answer on it, and when it brings nothing although the queue has a message to deliver.
 */
export function listenToQueue(options: QueueListenerOptions): QueueListener {
  const { maxConcurrentCalls, warn, timing = TIMING } = options;
  const slots = createSlots(maxConcurrentCalls);
  const settleInTurn = oneOutcomeAtATime();
  const running = new Set<Promise<void>>();
  let settling = 0;
  let connections = 0;
  let pause = FIRST_PAUSE;
  let connectedAt = performance.now();
  let quietSince = performance.now();
  let silence = timing.silence;
  let stopping = false;
  const isStopping = (): boolean => stopping;
  let current = connect();

  function connect(): BusConnection {
    connections += 1;
    connectedAt = quietSince = performance.now();
    return openConnection({
      ...options,
      ...timing,
      client: options.connect(),
      onMessage: receive,
      onError: (what, error) => warn(`${what}: ${error.message}`),
      onEnd: (why) => void replace(why),
    });
  }

  /** None once the listener stops: a connection that is lost then has no successor. */
  const usable = (): BusConnection | undefined =>
    stopping && current.hasEnded() ? undefined : current;

  async function replace(why: string): Promise<void> {
    if (stopping) return;
    warn(`${why}; connecting again`);
    const lasted = performance.now() - connectedAt > LASTING;
    pause = lasted ? FIRST_PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
    await wait(pause);
    if (!isStopping()) current = connect();
  }

  async function receive(message: ServiceBusReceivedMessage): Promise<void> {
    quietSince = performance.now();
    silence = timing.silence;
    const run = process(message);
    running.add(run);
    await run.finally(() => running.delete(run));
    quietSince = performance.now();
  }

  async function process(message: ServiceBusReceivedMessage): Promise<void> {
    const held = holdMessage(message, usable, {
      renewFor: options.maxAutoLockRenewalDuration,
      onLost: (why) => warn(`renewLock: ${why}`),
    });
    // After a lost connection the new one brings messages while functions still run for those of the old one.
    await slots.take();
    try {
      if (stopping || held.isLost()) return;
      const settlement = await options.handle(message);
      if (settlement === undefined) return;
      settling += 1;
      await settleInTurn(settlement, () => held.settle(settlement)).finally(() => (settling -= 1));
    } catch (error) {
      // The lock runs out and the message is delivered again: a queue delivers at least once.
      warn(`could not settle a message: ${String(error)}`);
    } finally {
      held.release();
      slots.free();
    }
  }

  const isSilent = (): boolean =>
    !stopping && slots.used() < maxConcurrentCalls && performance.now() - quietSince >= silence;

  async function look(): Promise<void> {
    const connection = current;
    if (!isSilent() || connection.hasEnded()) return;
    const due = await findDeliverable(connection);
    if (!due) return;
    await wait(ON_ITS_WAY);
    if (!isSilent()) return;
    const seconds = Math.round((performance.now() - quietSince) / 1000);
    silence = Math.min(2 * silence, LONGEST_SILENCE);
    connection.end(
      `nothing was received for ${seconds} s although message ${String(due.sequenceNumber)} is waiting`,
    );
  }

  // A look without an answer has ended the connection; any other failure is tried again.
  const looks = setInterval(() => void look().catch(() => undefined), timing.lookEvery);

  return {
    describe: () => ({
      queue: options.queueName,
      slots: `${slots.used()} of ${maxConcurrentCalls}`,
      waiting: running.size - slots.used(),
      settling,
      link: current.link(),
      connections,
      connectedFor: Math.round(performance.now() - connectedAt),
      silentFor: Math.round(performance.now() - quietSince),
    }),
    async stop() {
      stopping = true;
      clearInterval(looks);
      await current.stopReceiving();
      await Promise.all(running);
      await current.close();
    },
  };
}

/** The first message that the queue should deliver. Messages that are locked, deferred or scheduled can come before it. */
async function findDeliverable(
  connection: BusConnection,
): Promise<ServiceBusReceivedMessage | undefined> {
  let from: Long | undefined = Long.ONE;
  while (from !== undefined) {
    const options = { fromSequenceNumber: from };
    const page: ServiceBusReceivedMessage[] = await connection.ask((receiver) =>
      receiver.peekMessages(PAGE, options),
    );
    const due = page.find(isDeliverable);
    if (due) return due;
    from = page.at(-1)?.sequenceNumber?.add(1);
  }
  return undefined;
}

/** Of a peeked message, which can be locked, deferred, scheduled or expired. */
function isDeliverable(message: ServiceBusReceivedMessage): boolean {
  const { state, lockedUntilUtc, expiresAtUtc, scheduledEnqueueTimeUtc } = message;
  const now = new Date();
  if (state === 'deferred' || (lockedUntilUtc && lockedUntilUtc > now)) return false;
  if (expiresAtUtc && expiresAtUtc <= now) return false;
  return state === 'active' || (scheduledEnqueueTimeUtc ?? now) < now;
}

type Slots = { take: () => Promise<void>; free: () => void; used: () => number };

function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let used = 0;
  return {
    take() {
      if (used < count) {
        used += 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    free() {
      const next = waiting.shift();
      if (next) next();
      else used -= 1;
    },
    used: () => used,
  };
}

/**
 * The AMQP library of the client (rhea 3.0.5) can send two settlements of one event-loop iteration as one, with the outcome
 * of the first: an abandoned message would be completed, and lost. So only settlements of one outcome are made at once, and
 * one of another waits for all before it.
 */
function oneOutcomeAtATime() {
  const nothing: Promise<unknown> = Promise.resolve();
  let group: { outcome?: Settlement; begins: Promise<unknown>; ended: Promise<unknown> } = {
    begins: nothing,
    ended: nothing,
  };
  return (outcome: Settlement, settle: () => Promise<void>): Promise<void> => {
    if (outcome !== group.outcome) group = { outcome, begins: group.ended, ended: group.ended };
    const next = group.begins.then(settle);
    group.ended = Promise.all([group.ended, overOrLate(next)]);
    return next;
  };
}

/** How long the next settlement waits: one that the bus does not answer must not stop those behind it. */
const SETTLE_WITHIN_MS = 2000;

function overOrLate(settlement: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, SETTLE_WITHIN_MS);
    const over = (): void => {
      clearTimeout(late);
      resolve();
    };
    settlement.then(over, over);
  });
}
