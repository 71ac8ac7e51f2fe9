import type { QueueSettings } from '../config';
import { createTimer } from './timer';
import {
  commit,
  createQueue,
  DEAD_LETTER_SUFFIX,
  type Message,
  type Queue,
  type QueueChange,
} from './queue';
import { deliver } from './receive';
import { activate } from './enqueue';
import { expire, abandon } from './settle';

type Recorder = (changes: QueueChange[]) => void;
type TimedQueue = { queue: Queue; start: () => void; stop: () => void };

/** All queues, dead-letter queues included. */
export type Namespace = {
  queues: Queue[];
  /** The queue at an AMQP address: relative or absolute, case-insensitive. */
  find: (address: string) => Queue | undefined;
  /** Starts the timers for locks, schedules and times to live, by a clock that is so far ahead of the machine's. */
  start: (clockOffset: number) => void;
  /** Follows a move of the clock. */
  moveClock: (offsetMs: number) => void;
  stop: () => void;
};

/** The queues of a configuration, empty and with stopped timers; `record` gets every change to them. */
export function createNamespace(settings: Map<string, QueueSettings>, record: Recorder): Namespace {
  const timed = [...settings].flatMap(([path, properties]) => {
    const dead = openQueue(path + DEAD_LETTER_SUFFIX, properties, record);
    return [openQueue(path, properties, record, dead.queue), dead];
  });
  const moveClock = (offsetMs: number): void => {
    for (const { queue } of timed) {
      if (queue.clockOffset !== offsetMs) commit(queue, { do: 'clock', offsetMs });
    }
  };
  const byPath = new Map(timed.map(({ queue }) => [queue.path.toLowerCase(), queue]));
  return {
    queues: timed.map(({ queue }) => queue),
    find: (address) => byPath.get(pathOf(address).toLowerCase()),
    start(clockOffset) {
      moveClock(clockOffset);
      timed.forEach(({ start }) => start());
    },
    moveClock,
    stop: () => timed.forEach(({ stop }) => stop()),
  };
}

function openQueue(
  path: string,
  settings: QueueSettings,
  record: Recorder,
  deadLetters?: Queue,
): TimedQueue {
  let requested = false;
  const deliverSoon = (): void => {
    if (requested) return;
    requested = true;
    queueMicrotask(() => {
      requested = false;
      deliver(queue);
    });
  };
  const timer = createTimer<Message>((message, now) => whenDue(queue, message, now));
  const environment = { record, schedule: timer.schedule, requestDelivery: deliverSoon };
  const queue = createQueue(path, settings, environment, deadLetters);
  return { queue, start: timer.start, stop: timer.stop };
}

function whenDue(queue: Queue, message: Message, now: number): void {
  if (message.lock) abandon(queue, message, new Map());
  else if (message.state === 'scheduled') activate(queue, message, now);
  else expire(queue, message);
}

/** The path of an entity in its namespace, from a relative or absolute address. */
export function pathOf(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/^\//, '');
}
