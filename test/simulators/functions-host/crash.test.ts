import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { durableCalls, newDataDir, notes, startHostProcess } from './setup';

const STEPS = 5;
const ids = Array.from({ length: 20 }, (_, i) => `steps-${i}`);

describe('a host that is killed', () => {
  let dataDir: string;
  beforeEach(async () => (dataDir = await newDataDir()));
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('completes every instance that was in flight, each step once in its history', async () => {
    let host = await startHostProcess(dataDir);
    let calls = durableCalls(host.url);
    await Promise.all(
      ids.map((id) => calls.api('POST', `/orchestrators/steps/${id}`, { count: STEPS })),
    );
    for (const reached of [25, 60]) {
      await eventually(`${reached} steps`, () => notes(dataDir).length >= reached);
      await host.kill();
      host = await startHostProcess(dataDir);
    }
    calls = durableCalls(host.url);
    const ended = await Promise.all(ids.map((id) => calls.ended(id)));
    const wanted = Array.from({ length: STEPS }, (_, step) => step);
    expect(ended.map(({ output }) => output)).toEqual(ids.map(() => wanted));
    for (const id of ids) {
      const { historyEvents = [] } = await calls.status(id, '?showHistory=true');
      const of = (type: string) =>
        historyEvents.filter(({ EventType }) => EventType === type).length;
      expect([of('TaskCompleted'), of('TimerFired'), of('ExecutionCompleted')]).toEqual([
        STEPS,
        STEPS,
        1,
      ]);
    }
    expect(host.output()).toContain('unfinished instances');
    await host.stop();
  });

  it('drops a torn end of its journal, says so, and keeps what was whole', async () => {
    const first = await startHostProcess(dataDir);
    await durableCalls(first.url).api('POST', '/orchestrators/approval/waiting', {});
    await durableCalls(first.url).api('POST', '/orchestrators/greet/done', 'Ada');
    await durableCalls(first.url).ended('done');
    await first.kill();
    const journal = join(dataDir, 'host/durable/journal.jsonl');
    await appendFile(journal, '[{"op":"purge","id":"waiting","eve');

    const second = await startHostProcess(dataDir);
    expect(second.output()).toMatch(/dropped 34 bytes/);
    const calls = durableCalls(second.url);
    await calls.client('raiseEvent', 'waiting', 'decision', 'ok');
    expect((await calls.ended('waiting')).output).toBe('ok');
    const { historyEvents } = await calls.status('done', '?showHistory=true');
    expect(historyEvents).toHaveLength(3);
    await second.stop();
    // one line for each instance at the start, and the turns of the one that was still open
    const lines = (await readFile(journal, 'utf8')).trim().split('\n');
    expect(lines.length).toBeLessThan(8);
  });

  it('ends in order on SIGTERM: what runs may finish, and nothing is lost', async () => {
    const first = await startHostProcess(dataDir);
    await durableCalls(first.url).api('POST', '/orchestrators/steps/orderly', { count: 3 });
    await eventually('a step', () => notes(dataDir).length > 0);
    expect(await first.stop()).toBe(0);
    const second = await startHostProcess(dataDir);
    expect((await durableCalls(second.url).ended('orderly')).output).toEqual([0, 1, 2]);
    await second.stop();
  });
});
