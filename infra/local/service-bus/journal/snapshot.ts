import type { QueueChange } from '../queue/change';
import type { Queue } from '../queue/queue';
import { lineOf } from './record';

/** The journal lines that lead from nothing to the present state of the queues, one message each. */
export function snapshotOf(queues: Queue[]): string[] {
  return queues.flatMap(({ path: queue, lastNumber, messages }) => {
    const number: QueueChange = { queue, do: 'number', at: lastNumber };
    const puts = [...messages.values()].map((message) => lineOf([{ queue, do: 'put', message }]));
    return [lineOf([number]), ...puts];
  });
}
