import { createHmac } from 'node:crypto';
import { ServiceBusClient } from '@azure/service-bus';
import { connect, next, portOf, startTestBus, type TestBus } from './setup';
import { openAmqp, type Amqp } from './raw-amqp';

let testBus: TestBus;
let log: jest.SpyInstance;

beforeEach(() => {
  log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => log.mockRestore());

beforeAll(async () => {
  testBus = await startTestBus({ orders: {} });
});
afterAll(() => testBus.close());

test('a queue that is not configured is MessagingEntityNotFound, for senders and receivers', async () => {
  const missing = { code: 'MessagingEntityNotFound' };
  const receiver = testBus.client.createReceiver('nowhere');
  await expect(
    testBus.client.createSender('nowhere').sendMessages({ body: 1 }),
  ).rejects.toMatchObject(missing);
  await expect(receiver.receiveMessages(1)).rejects.toMatchObject(missing);
  await expect(receiver.peekMessages(1)).rejects.toMatchObject(missing);
});

test('the text of a missing queue is that of Azure, with the address of the entity in its namespace', async () => {
  const { fullyQualifiedNamespace } = testBus.client;
  const text = `The messaging entity 'sb://${fullyQualifiedNamespace}/nowhere' could not be found.`;
  const receiver = testBus.client.createReceiver('nowhere');
  await expect(receiver.receiveMessages(1)).rejects.toThrow(text);
  await expect(receiver.peekMessages(1)).rejects.toThrow(
    text.replace('nowhere', 'nowhere/$management'),
  );
});

test('a subscription is refused as unsupported, and so are its rules', async () => {
  const refusal = /does not support topics and subscriptions; use the official emulator/;
  const client = connect(testBus.bus.connectionString);
  const receiver = client.createReceiver('topic', 'subscription');
  await expect(receiver.receiveMessages(1)).rejects.toThrow(refusal);
  await expect(receiver.peekMessages(1)).rejects.toThrow(refusal);
  const rules = client.createRuleManager('topic', 'subscription');
  await expect(rules.deleteRule('all')).rejects.toThrow(refusal);
  await client.close();
});

test('a client over TLS finds in the log what to add to its connection string', async () => {
  const { connectionString } = testBus.bus;
  const secure = connectionString.replace('UseDevelopmentEmulator=true;', '');
  expect(secure).not.toBe(connectionString);
  const retryOptions = { maxRetries: 0, timeoutInMs: 1000 };
  const client = new ServiceBusClient(secure, { retryOptions });
  await expect(client.createSender('orders').sendMessages({ body: 1 })).rejects.toThrow();
  await client.close();
  expect(log).toHaveBeenCalledWith(
    `service-bus: a client spoke TLS to port ${portOf(connectionString)}, which has plain AMQP only: ` +
      'add UseDevelopmentEmulator=true to its connection string',
  );
});

test('a client over HTTP, as for WebSockets, finds in the log that it is not supported', async () => {
  const url = `http://127.0.0.1:${portOf(testBus.bus.connectionString)}/$servicebus/websocket`;
  await expect(fetch(url)).rejects.toThrow();
  expect(log).toHaveBeenCalledWith(expect.stringMatching(/spoke HTTP .* WebSockets/));
});

test('sessions are refused with a message that says where they are to be had', async () => {
  const refusal = /does not support sessions; use the official emulator or a namespace in Azure/;
  await expect(testBus.client.acceptNextSession('orders')).rejects.toThrow(refusal);
  // For a session with a name the SDK has words of its own; the log has ours.
  await expect(testBus.client.acceptSession('orders', 's-1')).rejects.toMatchObject({
    code: 'SessionCannotBeLocked',
  });
  expect(log).toHaveBeenCalledWith(expect.stringMatching(refusal));
});

test('nothing can be sent to a dead-letter queue', async () => {
  const sender = testBus.client.createSender('orders/$DeadLetterQueue');
  await expect(sender.sendMessages({ body: 1 })).rejects.toThrow(/dead-letter queue/);
});

test('a token of another key is UnauthorizedAccess', async () => {
  const forged = testBus.bus.connectionString.replace('SAS_KEY_VALUE', 'ANOTHER_KEY');
  const client = new ServiceBusClient(forged, { retryOptions: { maxRetries: 0 } });
  await expect(client.createSender('orders').sendMessages({ body: 1 })).rejects.toMatchObject({
    code: 'UnauthorizedAccess',
  });
  await client.close();
});

describe('over bare AMQP', () => {
  let amqp: Amqp;
  beforeEach(async () => {
    amqp = await openAmqp(portOf(testBus.bus.connectionString));
  });
  afterEach(() => amqp.close());

  const token = (name: string, key: string, expiry: number): string => {
    const audience = encodeURIComponent('sb://127.0.0.1/orders');
    const signature = createHmac('sha256', key).update(`${audience}\n${expiry}`).digest('base64');
    return `SharedAccessSignature sr=${audience}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${name}`;
  };
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  const ROOT = 'RootManageSharedAccessKey';

  test.each([
    ['a good token', token(ROOT, 'SAS_KEY_VALUE', inAnHour), 202, /Accepted/],
    ['an expired token', token(ROOT, 'SAS_KEY_VALUE', 1000), 401, /ExpiredToken/],
    ['a wrong signature', token(ROOT, 'GUESSED', inAnHour), 401, /InvalidSignature/],
    ['another key name', token('Other', 'SAS_KEY_VALUE', inAnHour), 401, /RootManage/],
    ['no signature at all', 'let me in', 401, /MalformedToken/],
  ])('%s on $cbs is answered as it deserves', async (_, body, status, description) => {
    const reply = await amqp.request('$cbs', {
      application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken' },
      body,
    });
    expect(reply.application_properties).toMatchObject({
      'status-code': status,
      'status-description': expect.stringMatching(description) as unknown,
    });
  });

  test('a token of Microsoft Entra ID is refused, because nobody here could check it', async () => {
    const reply = await amqp.request('$cbs', {
      application_properties: { operation: 'put-token', type: 'jwt' },
      body: 'e30.e30.',
    });
    expect(reply.application_properties).toMatchObject({
      'status-code': 501,
      'status-description': expect.stringMatching(/tokens of Microsoft Entra ID/) as unknown,
    });
  });

  test('a management operation that is not supported is named in the refusal', async () => {
    const reply = await amqp.request('orders/$management', {
      application_properties: { operation: 'com.microsoft:get-message-sessions' },
      body: {},
    });
    expect(reply.application_properties).toMatchObject({
      statusCode: 501,
      errorCondition: 'amqp:not-implemented',
      statusDescription: expect.stringMatching(/get-message-sessions/) as unknown,
    });
  });

  test('a management request that lacks its arguments is refused, not guessed', async () => {
    const reply = await amqp.request('orders/$management', {
      application_properties: { operation: 'com.microsoft:peek-message' },
      body: {},
    });
    expect(reply.application_properties).toMatchObject({
      statusCode: 400,
      statusDescription: expect.stringMatching(/from-sequence-number/) as unknown,
    });
  });

  test('batch-delete-messages removes the oldest messages that nobody holds', async () => {
    const receiver = testBus.client.createReceiver('orders');
    await testBus.client
      .createSender('orders')
      .sendMessages([{ body: 'held' }, { body: 1 }, { body: 2 }, { body: 3 }]);
    const held = await next(receiver);
    const reply = await amqp.request('orders/$management', {
      application_properties: { operation: 'com.microsoft:batch-delete-messages' },
      body: { 'message-count': 2, 'enqueued-time-utc': new Date(Date.now() + 1000) },
    });
    expect(reply).toMatchObject({
      application_properties: { statusCode: 200 },
      body: { 'message-count': 2 },
    });
    expect(await receiver.peekMessages(5)).toMatchObject([{ body: 'held' }, { body: 3 }]);
    await receiver.completeMessage(held);
  });

  test('transactions are refused', async () => {
    // rhea warns of the target that it does not know.
    jest.spyOn(console, 'warn').mockImplementationOnce(() => undefined);
    await expect(amqp.attachCoordinator()).rejects.toThrow(/does not support transactions/);
  });

  test('bytes that are no AMQP message are refused and nothing is kept', async () => {
    const outcomes = await amqp.sendTogether('orders', [Buffer.from('no message')]);
    expect(outcomes).toEqual([expect.stringMatching(/not well-formed/)]);
    expect(await testBus.client.createReceiver('orders').peekMessages(1)).toEqual([]);
  });

  test('two bad messages at once are each told what is wrong with them', async () => {
    const outcomes = await amqp.sendTogether('orders', [
      Buffer.from('no message'),
      Buffer.from([0x00, 0x53, 0x75, 0xa0, 0x0a]),
    ]);
    expect(outcomes).toEqual([
      expect.stringMatching(/a section is expected/),
      expect.stringMatching(/a value ends after the message/),
    ]);
  });

  test('a client that checks in with MSSBCBS or PLAIN is let in, with a wrong password not', async () => {
    const port = portOf(testBus.bus.connectionString);
    await (await openAmqp(port, { mechanism: 'MSSBCBS' })).close();
    await (await openAmqp(port, { user: ROOT, password: 'SAS_KEY_VALUE' })).close();
    await expect(openAmqp(port, { user: ROOT, password: 'guess' })).rejects.toThrow(/authenticate/);
  });
});
