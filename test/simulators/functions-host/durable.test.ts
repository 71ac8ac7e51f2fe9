import { rm } from 'node:fs/promises';
import { eventually } from '../../support/eventually';
import {
  durableCalls,
  type HostProcess,
  type InstanceStatus,
  newDataDir,
  startHostProcess,
} from './setup';

let host: HostProcess;
let calls: ReturnType<typeof durableCalls>;

beforeAll(async () => {
  host = await startHostProcess(await newDataDir());
  calls = durableCalls(host.url);
});

afterAll(async () => {
  await host.stop();
  await rm(host.dataDir, { recursive: true, force: true });
});

const run = async (name: string, id: string, input?: unknown): Promise<InstanceStatus> => {
  expect((await calls.start(name, id, input)).status).toBe(202);
  return calls.ended(id);
};

describe('an orchestration', () => {
  it('completes with the result of its activity, its custom status and the default version', async () => {
    expect(await run('greet', 'greet-1', 'Ada')).toMatchObject({
      runtimeStatus: 'Completed',
      input: 'Ada',
      output: { hello: 'Ada', version: '7' },
      customStatus: { greeted: true },
    });
  });

  it('runs many activities at once and gathers all of them', async () => {
    expect((await run('fan', 'fan-1', { count: 60 })).output).toBe((59 * 60) / 2);
  });

  it('gets the results and the failure of its sub-orchestrations', async () => {
    const { output } = await run('parent', 'parent-1');
    expect(output).toMatchObject({ results: [3, { hello: 'child' }] });
    expect((output as { failure: string }).failure).toContain(
      "Orchestrator function 'failing' failed: Activity function 'boom' failed:  it broke",
    );
    expect((await calls.status('parent-1-child')).runtimeStatus).toBe('Completed');
  });

  it('begins a new history with continueAsNew', async () => {
    const ended = await run('countdown', 'countdown-1', { left: 5, sum: 0 });
    expect(ended.output).toBe(15);
    const { historyEvents = [] } = await calls.status('countdown-1', '?showHistory=true');
    expect(historyEvents.map(({ EventType }) => EventType)).toEqual([
      'ExecutionStarted',
      'TaskCompleted',
      'ExecutionCompleted',
    ]);
  });

  it('is woken by an external event and leaves its cancelled timer behind', async () => {
    await calls.start('approval', 'approval-1');
    await calls.client('raiseEvent', 'approval-1', 'decision', { by: 'Grace' });
    expect((await calls.ended('approval-1')).output).toEqual({ by: 'Grace' });
  });

  it('fails with the reason when its replay disagrees with its history', async () => {
    const ended = await run('unsteady', 'unsteady-1');
    expect(ended.runtimeStatus).toBe('Failed');
    expect(ended.output).toMatch(/^Non-Deterministic workflow detected: .*timer with id 1/);
  });

  it('fails with what to do instead when it uses an entity', async () => {
    const ended = await run('entity', 'entity-1');
    expect(ended).toMatchObject({ runtimeStatus: 'Failed' });
    expect(ended.output).toContain('does not support durable entities; keep the state in a table');
  });

  it('shows what it called in its history', async () => {
    await run('greet', 'greet-2', 'Ada');
    const query = '?showHistory=true&showHistoryOutput=true';
    const { historyEvents } = await calls.status('greet-2', query);
    expect(historyEvents).toMatchObject([
      { EventType: 'ExecutionStarted', FunctionName: 'greet', Input: 'Ada' },
      { EventType: 'TaskCompleted', FunctionName: 'echo', Result: { hello: 'Ada' } },
      { EventType: 'ExecutionCompleted', OrchestrationStatus: 'Completed' },
    ]);
  });
});

describe('an instance id', () => {
  it('is refused with 409 while its instance runs, and free again afterwards', async () => {
    await calls.start('approval', 'twice');
    expect(await calls.api('POST', '/orchestrators/approval/twice', {})).toMatchObject({
      status: 409,
      body: { Message: expect.stringContaining('already exists') as string },
    });
    expect((await calls.start('approval', 'twice')).status).toBe(500); // the SDK rejects
    await eventually(
      'the log line',
      () => /unexpected status code: 409/.exec(host.output()) ?? undefined,
    );
    await calls.client('terminate', 'twice', 'enough');
    expect(await calls.ended('twice')).toMatchObject({
      runtimeStatus: 'Terminated',
      output: 'enough',
    });
    expect((await run('greet', 'twice', 'again')).output).toMatchObject({ hello: 'again' });
  });

  it('starts one instance when two starts race', async () => {
    const starts = Array.from({ length: 5 }, () =>
      calls.api('POST', '/orchestrators/approval/race', 1),
    );
    const statuses = (await Promise.all(starts)).map(({ status }) => status).sort();
    expect(statuses).toEqual([202, 409, 409, 409, 409]);
  });

  it.each(['@counter', 'a%2Fb', 'a%23b', 'x'.repeat(257)])('cannot be %s', async (id) => {
    expect((await calls.api('POST', `/orchestrators/greet/${id}`)).status).toBe(400);
  });
});

describe('the management API', () => {
  it('suspends, keeps events meanwhile, and resumes', async () => {
    await calls.start('approval', 'pause');
    await calls.client('suspend', 'pause', 'wait');
    await eventually('suspension', async () => {
      return (await calls.status('pause')).runtimeStatus === 'Suspended';
    });
    expect((await calls.api('POST', '/instances/pause/suspend?reason=x')).status).toBe(500);
    await calls.client('raiseEvent', 'pause', 'decision', 'yes');
    expect((await calls.status('pause')).runtimeStatus).toBe('Suspended');
    await calls.client('resume', 'pause', 'go');
    expect((await calls.ended('pause')).output).toBe('yes');
  });

  it('answers 404 for an unknown instance and 410 for an ended one', async () => {
    await run('greet', 'over', 1);
    expect((await calls.api('GET', '/instances/unknown')).status).toBe(404);
    expect((await calls.api('POST', '/instances/unknown/terminate')).status).toBe(404);
    expect((await calls.api('POST', '/instances/over/terminate')).status).toBe(410);
    expect((await calls.api('POST', '/instances/over/raiseEvent/decision', 1)).status).toBe(410);
    expect((await calls.api('POST', '/instances/over/rewind')).status).toBe(501);
  });

  it('answers 400 to what it cannot read and to an unknown orchestrator', async () => {
    const torn = await fetch(`${host.url}/runtime/webhooks/durabletask/orchestrators/greet/bad`, {
      method: 'POST',
      body: '{',
    });
    expect(torn.status).toBe(400);
    expect((await calls.api('POST', '/orchestrators/unknown')).status).toBe(400);
    expect((await calls.api('DELETE', '/instances')).status).toBe(400);
  });

  it('gives the SDK every page of a query, and forgets what is purged', async () => {
    const ids = Array.from({ length: 120 }, (_, i) => `many-${String(i).padStart(3, '0')}`);
    await Promise.all(ids.map((id) => calls.api('POST', `/orchestrators/greet/${id}`, 1)));
    await Promise.all(ids.map((id) => calls.ended(id)));
    const first = await calls.api('GET', '/instances?instanceIdPrefix=many-');
    expect(first.body).toHaveLength(100);
    expect(first.headers.get('x-ms-continuation-token')).not.toBeNull();
    const all = (await calls.client('getStatusAll', 'x')).body as InstanceStatus[];
    expect(all.filter(({ instanceId }) => instanceId.startsWith('many-'))).toHaveLength(120);

    const purged = await calls.client('purgeInstanceHistory', 'many-000');
    expect(purged.body).toEqual({ instancesDeleted: 1 });
    expect((await calls.api('GET', '/instances/many-000')).status).toBe(404);
  });

  it('starts again what has ended', async () => {
    await run('greet', 'again', 'Ada');
    const { status, body } = await calls.api('POST', '/instances/again/restart');
    expect(status).toBe(202);
    const { id } = body as { id: string };
    expect(id).not.toBe('again');
    expect((await calls.ended(id)).output).toMatchObject({ hello: 'Ada' });
  });
});
