const { appendFileSync } = require('node:fs');
const { join } = require('node:path');
const { env } = require('node:process');
const { setTimeout: wait } = require('node:timers/promises');
const { app } = require('@azure/functions');
const df = require('durable-functions');

/** Tests read what happened inside the host from this file; it also survives a kill. */
const note = (entry) =>
  appendFileSync(join(env.JOINERY_DATA_DIR, 'notes.jsonl'), `${JSON.stringify(entry)}\n`);

if (env.STREAM) app.setup({ enableHttpStream: true });

df.app.activity('echo', { handler: (input) => input });
df.app.activity('slow', {
  handler: async ({ id, step, milliseconds = 20 }) => {
    await wait(milliseconds);
    note({ activity: 'slow', id, step });
    return step;
  },
});
df.app.activity('boom', {
  handler: () => {
    throw new Error('it broke');
  },
});

df.app.orchestration('greet', function* (context) {
  const greeting = yield context.df.callActivity('echo', { hello: context.df.getInput() });
  context.df.setCustomStatus({ greeted: true });
  return { ...greeting, version: context.df.version };
});

df.app.orchestration('steps', function* (context) {
  const { count } = context.df.getInput();
  const id = context.df.instanceId;
  const done = [];
  for (let step = 0; step < count; step++) {
    done.push(yield context.df.callActivity('slow', { id, step }));
    const soon = new Date(context.df.currentUtcDateTime.getTime() + 20);
    yield context.df.createTimer(soon);
  }
  return done;
});

df.app.orchestration('fan', function* (context) {
  const { count } = context.df.getInput();
  const tasks = Array.from({ length: count }, (_, i) => context.df.callActivity('echo', { i }));
  const results = yield context.df.Task.all(tasks);
  return results.reduce((sum, { i }) => sum + i, 0);
});

df.app.orchestration('parent', function* (context) {
  const good = context.df.callSubOrchestrator('fan', { count: 3 });
  const named = context.df.callSubOrchestrator('greet', 'child', `${context.df.instanceId}-child`);
  const results = yield context.df.Task.all([good, named]);
  try {
    yield context.df.callSubOrchestrator('failing');
  } catch (error) {
    return { results, failure: error.message };
  }
  return undefined;
});

df.app.orchestration('failing', function* (context) {
  yield context.df.callActivity('boom');
});

df.app.orchestration('countdown', function* (context) {
  const { left, sum } = context.df.getInput();
  const value = yield context.df.callActivity('echo', { left });
  if (left === 0) return sum;
  context.df.continueAsNew({ left: left - 1, sum: sum + value.left });
  return undefined;
});

df.app.orchestration('approval', function* (context) {
  const deadline = new Date(context.df.currentUtcDateTime.getTime() + 3_600_000);
  const timer = context.df.createTimer(deadline);
  const decision = context.df.waitForExternalEvent('decision');
  const first = yield context.df.Task.any([decision, timer]);
  if (first === timer) return 'too late';
  timer.cancel();
  return decision.result;
});

df.app.orchestration('pause', function* (context) {
  const { text, milliseconds } = context.df.getInput();
  const end = new Date(context.df.currentUtcDateTime.getTime() + milliseconds);
  yield context.df.createTimer(end);
  return text.length;
});

df.app.orchestration('versioned', function* (context) {
  yield context.df.waitForExternalEvent('go');
  return { version: context.df.version };
});

df.app.orchestration('unsteady', function* (context) {
  yield context.df.callActivity('echo', { n: 1 });
  if (context.df.isReplaying) yield context.df.callActivity('slow', { id: 'never', step: 0 });
  yield context.df.createTimer(context.df.currentUtcDateTime);
});

df.app.orchestration('entity', function* (context) {
  yield context.df.callEntity(new df.EntityId('counter', 'one'), 'get');
});

app.http('start', {
  route: 'start/{name}/{id?}',
  methods: ['POST'],
  authLevel: 'function',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { name, id } = request.params;
    const text = await request.text();
    const instanceId = await client.startNew(name, {
      ...(id ? { instanceId: id } : {}),
      input: text ? JSON.parse(text) : undefined,
    });
    return client.createCheckStatusResponse(request, instanceId);
  },
});

app.http('client', {
  route: 'client/{operation}/{id}',
  methods: ['POST'],
  authLevel: 'anonymous',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const { operation, id } = request.params;
    const { args = [] } = JSON.parse((await request.text()) || '{}');
    const answer = await df.getClient(context)[operation](id, ...args);
    return { jsonBody: answer ?? null };
  },
});

app.http('hello', {
  methods: ['GET', 'PUT'],
  authLevel: 'anonymous',
  handler: async (request, context) => {
    context.log('said hello');
    return {
      status: 201,
      headers: { 'x-fixture': 'yes' },
      cookies: [{ name: 'a', value: 'b', httpOnly: true }],
      body: `${request.method} ${request.query.get('name')} ${await request.text()}`,
    };
  },
});
app.http('nothing', { methods: ['GET'], handler: () => undefined });
app.http('broken', {
  methods: ['GET'],
  handler: () => {
    throw new Error('the handler broke');
  },
});
app.http('switchedOff', { methods: ['GET'], handler: () => ({ body: 'on' }) });

module.exports = { note };
