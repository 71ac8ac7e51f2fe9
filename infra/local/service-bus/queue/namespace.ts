import type { QueueSettings } from '../config';
import { createAlarm } from './timer';
import type { QueueChange } from './change';
import { deliver } from './deliver';
import { activate } from './enqueue';
import type { Message } from './message';
import { DEAD_LETTER_SUFFIX, createQueue, type Queue } from './queue';
import { expire, giveBackCounted } from './settle';

type Recorder = (changes: QueueChange[]) => void;
type Clocked = { queue: Queue; start: () => void; stop: () => void };

/** All queues, their dead-letter queues among them. */
export type Namespace = {
  queues: Queue[];
  /** The queue at an AMQP address: relative or absolute, in any case. */
  find: (address: string) => Queue | undefined;
  /** Lets time run: locks, schedules and times to live take effect from here on. */
  start: () => void;
  stop: () => void;
};

/** The queues of a configuration, empty and with time standing still; `record` gets every change to them. */
export function createNamespace(settings: Map<string, QueueSettings>, record: Recorder): Namespace {
  const clocked = [...settings].flatMap(([path, its]) => {
    const dead = openQueue(path + DEAD_LETTER_SUFFIX, its, record);
    return [openQueue(path, its, record, dead.queue), dead];
  });
  const byPath = new Map(clocked.map(({ queue }) => [queue.path.toLowerCase(), queue]));
  return {
    queues: clocked.map(({ queue }) => queue),
    find: (address) => byPath.get(pathOf(address)),
    start: () => clocked.forEach(({ start }) => start()),
    stop: () => clocked.forEach(({ stop }) => stop()),
  };
}

function openQueue(
  path: string,
  settings: QueueSettings,
  record: Recorder,
  deadLetters?: Queue,
): Clocked {
  let asked = false;
  const deliverSoon = (): void => {
    if (asked) return;
    asked = true;
    queueMicrotask(() => {
      asked = false;
      deliver(queue);
    });
  };
  const alarm = createAlarm<Message>((message, now) => whenDue(queue, message, now));
  const surroundings = { record, watch: alarm.watch, wantsDelivery: deliverSoon };
  const queue = createQueue(path, settings, surroundings, deadLetters);
  return { queue, start: alarm.start, stop: alarm.stop };
}

function whenDue(queue: Queue, message: Message, now: number): void {
  if (message.lock) giveBackCounted(queue, message, new Map());
  else if (message.state === 'scheduled') activate(queue, message, now);
  else expire(queue, message);
}

function pathOf(address: string): string {
  return address
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .replace(/^\//, '')
    .toLowerCase();
}
