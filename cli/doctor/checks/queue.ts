import {
  isServiceBusError,
  ServiceBusAdministrationClient,
  type ServiceBusClient,
} from '@azure/service-bus';
import { openBus } from '../../connection';
import { openLetters, peekLetters } from '../../letters';
import { fault, notChecked, ok, orOk, warning, type Finding } from '../finding';
import { queueFindings } from '../queue-properties';
import type { Patient } from '../patient';

const MOST_LETTERS = 100;

/** Whether the queue can be reached and is set up so that nothing is lost; nothing is taken out. */
export async function checkQueue(patient: Patient): Promise<Finding[]> {
  const { serviceBus, queue } = busOf(patient);
  try {
    await withClient(serviceBus, (client) => client.createReceiver(queue).peekMessages(1));
  } catch (error) {
    return [unreachable(error, queue)];
  }
  if (/UseDevelopmentEmulator=true/i.test(serviceBus))
    return [ok(`${queue} answers; a local Service Bus does not tell its properties, not checked`)];
  try {
    const administration = serviceBus.includes('=')
      ? new ServiceBusAdministrationClient(serviceBus)
      : new ServiceBusAdministrationClient(serviceBus, patient.credential);
    const { deadlineMs } = patient.config.graph;
    const abortSignal = AbortSignal.timeout(deadlineMs);
    const properties = await administration.getQueue(queue, { abortSignal });
    return orOk(
      queueFindings(properties, patient.config.intakeHoldSeconds),
      `${queue} answers and loses nothing`,
    );
  } catch {
    const text = `${queue} answers; its properties may not be read`;
    return [notChecked(text, 'ask again as somebody with the right to manage the namespace')];
  }
}

/** Whether messages wait that the bus has given up on. */
export async function checkDeadLetters(patient: Patient): Promise<Finding[]> {
  const { serviceBus, queue } = busOf(patient);
  const letters = await withClient(serviceBus, (client) =>
    peekLetters(openLetters(client, queue), MOST_LETTERS),
  ).catch(() => undefined);
  if (letters === undefined)
    return [notChecked('the queue does not answer', 'see what "queue" says')];
  if (letters.length === 0) return [ok('none')];
  const count = `${letters.length}${letters.length < MOST_LETTERS ? '' : ' or more'}`;
  return [
    warning({
      name: 'dead-letters-waiting',
      about: queue,
      text: `${count} messages`,
      todo: 'see "joinery dead-letters"; docs/runbooks/replay.md says how they run again',
    }),
  ];
}

function busOf({ app, config }: Patient) {
  const { settings } = app;
  const serviceBus =
    settings['ServiceBus'] ?? settings['ServiceBus__fullyQualifiedNamespace'] ?? '';
  return { serviceBus, queue: config.queue };
}

async function withClient<Value>(
  serviceBus: string,
  act: (client: ServiceBusClient) => Promise<Value>,
): Promise<Value> {
  const client = openBus({ serviceBus });
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

function unreachable(error: unknown, queue: string): Finding {
  const code = isServiceBusError(error) ? error.code : (error as Error).name;
  const trouble = (name: string, text: string, todo: string) =>
    fault({ name, about: queue, text, todo });
  if (code === 'MessagingEntityNotFound')
    return trouble('queue-missing', 'the namespace has no such queue', 'check PROVISIONING_QUEUE');
  if (code === 'UnauthorizedAccess')
    return trouble(
      'queue-refused',
      'the namespace lets nobody in with this',
      'you need Azure Service Bus Data Receiver on the queue',
    );
  if (/Credential|Authentication/.test(code))
    return notChecked('nobody is signed in', 'sign in, for instance with "az login"');
  return trouble(
    'queue-unreachable',
    code,
    'check ServiceBus, and whether the network lets you there',
  );
}
