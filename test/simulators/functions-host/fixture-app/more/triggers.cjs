const { env } = require('node:process');
const { setTimeout: wait } = require('node:timers/promises');
const { app, input, output } = require('@azure/functions');
const { note } = require('../main.cjs');

if (env.ServiceBus) {
  app.serviceBusQueue('onBytes', {
    queueName: '%BYTES_QUEUE%',
    connection: 'ServiceBus',
    dataType: 'binary',
    handler: async (body, context) => {
      const text = body.toString('utf8');
      note({
        queue: 'bytes',
        isBuffer: body instanceof Uint8Array,
        text,
        metadata: context.triggerMetadata,
      });
      const order = /^(fail|sleep)(?: (\d+))?/.exec(text);
      if (order?.[1] === 'sleep') await wait(Number(order[2]));
      if (order?.[1] === 'fail') throw new Error('as asked');
      note({ queue: 'bytes', done: text });
    },
  });
}

app.timer('tick', {
  schedule: '%TICK%',
  handler: (timer) => note({ timer }),
});

if (env.HOOKS) {
  app.hook.appStart(({ hookData }) => {
    hookData.opened = 'at the start';
  });
  app.hook.appTerminate(({ hookData }) => note({ terminated: hookData }));
}

if (env.UNSUPPORTED) {
  const handler = () => undefined;
  const rows = { connection: 'Rows', tableName: 'rows' };
  app.http('writesToQueue', {
    extraOutputs: [output.storageQueue({ connection: 'Rows', queueName: 'q' })],
    handler,
  });
  app.http('answersToBus', {
    extraOutputs: [output.serviceBusQueue({ connection: 'ServiceBus', queueName: 'q' })],
    handler,
  });
  app.http('readsRows', { extraInputs: [input.table(rows)], handler });
  app.timer('retries', {
    schedule: '0 0 0 1 1 *',
    retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: 1000 },
    handler,
  });
  app.timer('neverDue', { schedule: 'daily', handler });
  app.storageBlob('onBlob', { connection: 'Rows', path: 'p', handler });
  app.serviceBusTopic('onTopic', {
    ...{ connection: 'ServiceBus', topicName: 't', subscriptionName: 's' },
    handler,
  });
  app.storageBlob('blobSwitchedOff', { connection: 'Rows', path: 'p', handler });
}
