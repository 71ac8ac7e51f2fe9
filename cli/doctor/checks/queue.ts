import {
  isServiceBusError,
  ServiceBusAdministrationClient,
  type QueueProperties,
} from '@azure/service-bus';
import { addressOf } from '../../connection';
import { isRefusal, lastOf, peekDeadLetters, withClient } from '../../service-bus';
import type { DoctorContext } from '../context';
import { fault, notChecked, ok, orOk, warning, type Finding } from '../finding';

const COUNTED = 100;

/** Whether the queue can be reached and loses no messages. Removes none. */
export async function checkQueue(context: DoctorContext): Promise<Finding[]> {
  const { serviceBus, queue } = busOf(context);
  try {
    await withClient(serviceBus, (client) => client.createReceiver(queue).peekMessages(1));
  } catch (error) {
    return [unreachable(error, queue, serviceBus.includes('=') || context.config.identity.managed)];
  }
  if (/UseDevelopmentEmulator=true/i.test(serviceBus))
    return [
      ok(
        `${queue} answers; a local Service Bus does not report its properties, so they are not checked`,
      ),
    ];
  try {
    const administration = serviceBus.includes('=')
      ? new ServiceBusAdministrationClient(serviceBus)
      : new ServiceBusAdministrationClient(serviceBus, context.credential);
    const { deadlineMs } = context.config.graph;
    const abortSignal = AbortSignal.timeout(deadlineMs);
    const properties = await administration.getQueue(queue, { abortSignal });
    return orOk(
      queueFindings(properties, context.config.intakeHoldSeconds),
      `${queue} answers and loses nothing`,
    );
  } catch {
    const text = `${queue} answers; you may not read its properties`;
    return [notChecked(text, 'run doctor as somebody who may manage the namespace')];
  }
}

/** Whether there are messages that Service Bus has given up on. */
export async function checkDeadLetters(context: DoctorContext): Promise<Finding[]> {
  const { serviceBus, queue } = busOf(context);
  const deadLetters = await withClient(serviceBus, (client) =>
    peekDeadLetters(client, queue, COUNTED),
  ).catch(() => undefined);
  if (deadLetters === undefined)
    return [notChecked('the queue does not answer', 'see the check "queue"')];
  if (deadLetters.length === 0) return [ok('none')];
  const count = `${deadLetters.length}${deadLetters.length < COUNTED ? '' : ' or more'}`;
  return [
    warning({
      name: 'dead-letters-waiting',
      about: queue,
      text: `${count} messages`,
      todo: 'see "joinery dead-letters"; docs/runbooks/replay.md explains how to replay them',
    }),
  ];
}

const busOf = ({ app, config }: DoctorContext) => ({
  serviceBus: addressOf(app.settings),
  queue: config.queue,
});

/** `isApp`: the credentials are those of the app, not those of the person who asks. */
function unreachable(error: unknown, queue: string, isApp: boolean): Finding {
  const last = lastOf(error);
  const code = isServiceBusError(last) ? last.code : (last as Error).name;
  const problem = (name: string, text: string, todo: string) =>
    fault({ name, about: queue, text, todo });
  if (code === 'MessagingEntityNotFound')
    return problem('queue-missing', 'the namespace has no such queue', 'check PROVISIONING_QUEUE');
  if (isRefusal(last)) {
    const refused = {
      ...{ name: 'queue-refused', about: queue, text: 'the namespace refuses these credentials' },
      todo: 'you need Azure Service Bus Data Receiver on the queue: docs/permissions.md',
    };
    return isApp ? fault(refused) : warning({ ...refused, text: 'you may not read it' });
  }
  if (/Credential|Authentication/.test(code))
    return notChecked('nobody is signed in', 'sign in, for instance with "az login"');
  return problem(
    'queue-unreachable',
    code,
    'check ServiceBus, and that the network lets you reach it',
  );
}

type Properties = Pick<
  QueueProperties,
  | 'name'
  | 'status'
  | 'requiresDuplicateDetection'
  | 'requiresSession'
  | 'maxDeliveryCount'
  | 'deadLetteringOnMessageExpiration'
>;

/** An outage this long must not dead-letter a message; intake holds it for some time at each delivery. */
const OUTAGE_SECONDS = 30 * 60;

/** The properties of the queue that would lose messages or dead-letter them too early. */
export function queueFindings(queue: Properties, holdSeconds: number): Finding[] {
  const about = queue.name;
  const deliveries = Math.ceil(OUTAGE_SECONDS / Math.max(holdSeconds, 1));
  const findings: Finding[] = [];
  const report = (name: string, text: string, todo: string) =>
    findings.push(fault({ name, about, text, todo }));
  if (queue.status !== 'Active')
    report('queue-disabled', `its status is ${queue.status}`, 'set it to Active');
  if (queue.requiresDuplicateDetection)
    report(
      'queue-drops-duplicates',
      'a message that is sent again under its id is dropped silently',
      'create the queue again without duplicate detection',
    );
  if (queue.requiresSession)
    report(
      'queue-has-sessions',
      'the app does not support sessions',
      'create the queue again without sessions',
    );
  if (queue.maxDeliveryCount < deliveries)
    report(
      'queue-gives-up-soon',
      `after ${queue.maxDeliveryCount} deliveries, before an outage of half an hour is over`,
      `set the maximum delivery count to ${deliveries} or more`,
    );
  if (!queue.deadLetteringOnMessageExpiration)
    findings.push(
      warning({
        name: 'queue-forgets',
        about,
        text: 'an expired message is dropped',
        todo: 'set dead-lettering on expiration',
      }),
    );
  return findings;
}
