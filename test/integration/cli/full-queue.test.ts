import { joinerMessage } from '../../support/events';
import { runCommand } from '../../support/run-command';
import { openSetup, QUEUE, type Setup } from './setup';

let setup: Setup;
beforeAll(async () => {
  setup = await openSetup('urn:hr:acme:workday');
});
afterAll(() => setup.close());

/** To its last 300 bytes; a queue holds 100 MiB. */
async function fill(): Promise<void> {
  const sender = setup.client.createSender(QUEUE);
  const put = (size: number) => sender.sendMessages({ body: Buffer.alloc(size) });
  await Promise.all(Array.from({ length: 415 }, () => put(250_000)));
  for (const size of [50_000, 5_000, 300]) {
    const isRefused = () =>
      put(size).then(
        () => false,
        () => true,
      );
    while (!(await isRefused()));
  }
}

const { body } = joinerMessage('W-1', { department: 'Finance' });

test('while the queue is full nothing is sent, the command reports it and exits with 1, and the dead letter stays', async () => {
  const sender = setup.client.createSender(QUEUE);
  const receiver = setup.client.createReceiver(QUEUE);
  await sender.sendMessages({ body });
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 30_000 });
  if (!message) throw new Error('the message is there');
  await receiver.deadLetterMessage(message);
  await fill();

  const replay = ['replay', '--by', 'alice', '--reason', 'INC-1', '--yes'];
  const refused = [
    await runCommand(replay, setup.settings),
    await runCommand(['send', '-'], setup.settings, body),
  ];
  for (const { code, stderr } of refused) {
    expect(code).toBe(1);
    expect(stderr).toContain('receive or delete messages first');
  }
  const letters = setup.client.createReceiver(QUEUE, { subQueueType: 'deadLetter' });
  expect(await letters.peekMessages(5)).toHaveLength(1);
}, 60_000);
