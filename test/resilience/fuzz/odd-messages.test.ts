import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { createLedgerReader } from '../../../shared/storage/audit';
import { eventHash } from '../../../shared/domain/events/keys';
import { createClaims } from '../../../shared/storage/claims';
import { openTable } from '../../../shared/storage/table';
import { eventually } from '../../support/eventually';
import { joinerEvent, QUEUE, SOURCE } from '../../support/events';
import { startStack, type TestStack } from '../../support/test-stack';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ env: { IDENTITY_DEADLINE: '1s' } });
});
afterAll(() => stack.stop());

const table = (name: string) => openTable(stack.storage, name);
const claims = () => createClaims(table('claims'));

async function send(messages: ServiceBusMessage[]): Promise<void> {
  const client = new ServiceBusClient(stack.serviceBus);
  const sender = client.createSender(QUEUE);
  for (const message of messages) await sender.sendMessages(message);
  await client.close();
}

test('the properties of a message are neither needed nor trusted', async () => {
  const body = joinerEvent('W-1024', { id: 'odd-1' });
  const long = 'x'.repeat(10_240);
  const odd: Omit<ServiceBusMessage, 'body'>[] = [
    ...[{}, { messageId: '' }, { messageId: '../x/y?z#' }, { messageId: 'a'.repeat(128) }],
    ...[{ messageId: 'another-event' }, { contentType: 'application/xml' }, { contentType: '' }],
    ...[{ correlationId: long }, { sessionId: 'session-1' }, { subject: 'another', to: long }],
    { applicationProperties: { traceparent: '00-zz', 'Diagnostic-Id': long, Traceparent: long } },
    { applicationProperties: { number: 7, flag: true, when: new Date(0), __proto__x: long } },
    { applicationProperties: { replayid: 'no id!', replayreason: '', replayedby: long } },
  ];
  const hash = eventHash(SOURCE, 'odd-1');
  await send([{ body }]);
  await eventually('the event is closed', async () => {
    const found = await claims().read(hash);
    return found?.state === 'closed' ? found : undefined;
  });
  await send(odd.map((properties) => ({ body, ...properties })));
  await eventually(
    'they are duplicates',
    async () => (await claims().duplicates(hash)) === odd.length,
  );
  const claim = await claims().read(hash);
  expect(claim).toMatchObject({ attempt: 1, outcome: 'delivered' });
  expect(claim).not.toHaveProperty('replay');
  expect(stack.log.join('\n')).not.toContain(long.slice(0, 100));
});

test('ids with unusual allowed characters work as keys', async () => {
  const ids = [
    '.',
    '..',
    '--',
    '__proto__',
    'constructor',
    'null',
    'CON',
    'json:null',
    ':',
    'a'.repeat(64),
  ];
  await send(ids.map((id) => ({ body: joinerEvent(id, { id, data: { employmentId: id } }) })));
  const reader = createLedgerReader(table('audit'), table('auditIndex'));
  for (const id of ids) {
    const rows = await eventually(`${id} is closed`, async () => {
      const found = await reader.ofWorker(id);
      return found.some(({ kind }) => kind === 'closing') ? found : undefined;
    });
    const known = { eventId: id, workerId: id };
    // An employeeId of Entra has at most 16 characters, so nobody is waited for.
    const ending =
      id.length > 16
        ? [{ kind: 'closing', outcome: 'needs-attention', reason: 'worker-id-too-long', ...known }]
        : [
            { kind: 'waiting', waitingFor: 'directory', ...known },
            { kind: 'closing', outcome: 'no-identity', ...known },
          ];
    expect(rows).toMatchObject(ending);
    expect(await claims().read(eventHash(SOURCE, id))).toMatchObject({
      fact: { employmentId: id },
    });
  }
});
