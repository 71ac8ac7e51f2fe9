const { env } = require('node:process');
const { setTimeout: wait } = require('node:timers/promises');
const { app } = require('@azure/functions');
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
