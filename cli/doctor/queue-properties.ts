import type { QueueProperties } from '@azure/service-bus';
import { fault, warning, type Finding } from './finding';

type Properties = Pick<
  QueueProperties,
  | 'name'
  | 'status'
  | 'requiresDuplicateDetection'
  | 'requiresSession'
  | 'maxDeliveryCount'
  | 'deadLetteringOnMessageExpiration'
>;

/** An outage of so long must not make a message a dead letter; intake holds it a while at each delivery. */
const OUTAGE_SECONDS = 30 * 60;

/** What of a queue's set-up would lose or burn messages. */
export function queueFindings(queue: Properties, holdSeconds: number): Finding[] {
  const about = queue.name;
  const deliveries = Math.ceil(OUTAGE_SECONDS / Math.max(holdSeconds, 1));
  const findings: Finding[] = [];
  const told = (name: string, text: string, todo: string) =>
    findings.push(fault({ name, about, text, todo }));
  if (queue.status !== 'Active')
    told('queue-disabled', `its status is ${queue.status}`, 'set it to Active');
  if (queue.requiresDuplicateDetection)
    told(
      'queue-drops-duplicates',
      'a message that is sent again under its id vanishes silently',
      'make the queue anew without duplicate detection',
    );
  if (queue.requiresSession)
    told('queue-has-sessions', 'the app takes no sessions', 'make the queue anew without sessions');
  if (queue.maxDeliveryCount < deliveries)
    told(
      'queue-gives-up-soon',
      `after ${queue.maxDeliveryCount} deliveries, before an outage of half an hour is over`,
      `set the maximum delivery count to ${deliveries} or more`,
    );
  if (!queue.deadLetteringOnMessageExpiration)
    findings.push(
      warning({
        name: 'queue-forgets',
        about,
        text: 'a message that is too old is dropped',
        todo: 'set dead-lettering on expiration',
      }),
    );
  return findings;
}
