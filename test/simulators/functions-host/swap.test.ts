import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskCompleted } from '../../../infra/local/functions-host/durable/protocol/make-event';
import {
  noHistory,
  remember,
  written,
} from '../../../infra/local/functions-host/durable/store/kept-history';
import type { Op } from '../../../infra/local/functions-host/durable/store/state';
import { openStore, type Store } from '../../../infra/local/functions-host/durable/store/store';
import { openSwap } from '../../../infra/local/functions-host/durable/store/swap';
import { eventually } from '../../support/eventually';
import { durableCalls, newDataDir, start, startHostProcess } from './setup';

const result = (id: string, taskId: number): Op => ({
  op: 'arrive',
  id,
  events: [written(taskCompleted(Date.now(), taskId, `"${'ä→𝄞 '.repeat(taskId % 50)}"`))],
});
/** It schedules one activity that gets its result, and one that waits for its turn. */
const turn = (id: string, taskId: number): Op => ({
  ...{ op: 'turn', id, at: Date.now(), taken: 1, status: 'Running', events: [] },
  activities: [taskId, taskId + 100].map((one) => ({
    ...{ taskId: one, name: 'work', input: `{"of":"${id}-${one}ä→𝄞"}` },
  })),
});

/** More than one group of a journal that is written anew. */
const ids = Array.from({ length: 60 }, (_, n) => `a${n}`);
/** Everything that an execution reads of each instance. */
const contentOf = (store: Store) =>
  [...store.instances.values()].map((instance) => {
    const { texts, marks } = store.read(instance);
    const { record, inbox, history } = instance;
    const activities = instance.activities.map((one) => ({ ...one, input: store.inputOf(one) }));
    return { record, inbox, marks, text: texts.join(','), count: history.eventCount, activities };
  });

/** In characters. */
const inputsInMemory = (store: Store): number =>
  [...store.instances.values()]
    .flatMap(({ activities }) => activities)
    .reduce((sum, { input }) => sum + (typeof input === 'string' ? input.length : 0), 0);

describe('the histories, and the inputs of activities, of instances that wait', () => {
  const BUDGET = 4_000;
  const SMALLEST_SLOT = 512;
  let root: string;
  const open = (name: string, options = {}): Promise<Store> =>
    openStore(join(root, name), { warn: (text) => fail(text), ...options });
  const fail = (text: string): never => {
    throw new Error(text);
  };

  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'joinery-host-swap-'))));
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** All instances execute again and again, each after the others. */
  const history = (): Op[][] => [
    ids.map(start),
    ...Array.from({ length: 20 }, (_, n) => ids.flatMap((id) => [turn(id, n), result(id, n)])),
  ];

  it('leave memory beyond its budget, and come back byte by byte, also after a kill', async () => {
    const swapping = await open('swapping', { swapBytes: BUDGET });
    const keeping = await open('keeping');
    for (const ops of history()) {
      await Promise.all([swapping.commit(ops), keeping.commit(ops)]);
      expect(swapping.historyBytes).toBeLessThanOrEqual(BUDGET);
      expect(inputsInMemory(swapping)).toBeLessThanOrEqual(BUDGET);
    }
    expect(inputsInMemory(swapping)).toBeGreaterThan(BUDGET / 2);
    expect(inputsInMemory(keeping)).toBeGreaterThan(5 * BUDGET);
    expect(keeping.historyBytes).toBeGreaterThan(50 * BUDGET);
    const wanted = contentOf(keeping);
    expect(contentOf(swapping)).toEqual(wanted);
    expect((await stat(join(root, 'keeping', 'swap'))).size).toBe(0);

    // The first one was not closed, as after a kill.
    const again = await open('swapping', { swapBytes: BUDGET });
    expect(again.historyBytes).toBeLessThanOrEqual(BUDGET);
    expect(contentOf(again)).toEqual(wanted);
    await Promise.all([again.close(), swapping.close(), keeping.close()]);
  });

  it('are whole in a journal that is written anew, while their places are used by others', async () => {
    const store = await open('compacted', { swapBytes: 0, compactBytes: 1_000 });
    const keeping = await open('keeping');
    for (const ops of history()) await Promise.all([store.commit(ops), keeping.commit(ops)]);
    // Whatever was swapped out is forgotten and swapped out again by others while the file is written in groups.
    const anew = [];
    for (const id of ids.toReversed()) {
      const ops: Op[] = [{ op: 'purge', id, events: [] }, start(`${id}-next`)];
      ops.push(turn(`${id}-next`, 48), result(`${id}-next`, 49), turn(`${id}-next`, 50));
      anew.push(store.commit(ops), keeping.commit(ops));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(anew);
    await store.close();
    const again = await open('compacted');
    expect(contentOf(again)).toEqual(contentOf(keeping));
    await Promise.all([again.close(), keeping.close()]);
  });

  it('keep their places while a journal is written, although they were dropped', () => {
    const swap = openSwap(join(root, 'swap'), { warn: fail, swapBytes: 0 });
    const dropped = swap.keep('dropped');
    const release = swap.hold();
    swap.drop(dropped);
    const later = swap.keep('a later one');
    expect([swap.text(dropped), swap.text(later)]).toEqual(['dropped', 'a later one']);
    release();
    expect(swap.keep('the next')).toMatchObject({ offset: 0 });
    swap.close();
  });

  it('stay in memory, with one warning, when the file cannot be written', () => {
    const warnings: string[] = [];
    const broken = () => {
      const swap = openSwap(join(root, 'swap'), {
        warn: (text) => warnings.push(text),
        swapBytes: 0,
      });
      swap.close();
      return swap;
    };
    const ofInputs = broken();
    expect([ofInputs.keep('kept'), ofInputs.keep('another')]).toEqual(['kept', 'another']);
    expect(warnings).toEqual([expect.stringContaining('inputs stay in memory')]);

    const ofHistories = broken();
    const history = noHistory();
    for (let n = 0; n < 2; n += 1) {
      remember(history, [written(taskCompleted(Date.now(), n, '"result"'))]);
      ofHistories.changed(history);
    }
    expect(ofHistories.read(history)).toMatchObject({
      texts: [expect.stringContaining('result'), expect.stringContaining('result')],
      marks: [{ TaskScheduledId: 0 }, { TaskScheduledId: 1 }],
    });
    expect(warnings).toHaveLength(2);
  });

  it('take the place of those that have ended', async () => {
    const store = await open('ended', { swapBytes: 0 });
    const file = join(root, 'ended', 'swap');
    const sizes: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      for (const ops of history()) await store.commit(ops);
      // Another text may be in the last slot: what counts is that no slot more was needed.
      sizes.push(Math.ceil((await stat(file)).size / SMALLEST_SLOT));
      await store.commit(ids.map((id) => ({ op: 'purge', id, events: [] })));
    }
    expect(sizes[4]).toBeLessThanOrEqual(sizes[0] ?? 0);
    await store.close();
  });
});

describe('an instance whose history is not in memory', () => {
  // Each is larger than a third of the budget of the host.
  const text = `ä→𝄞${'x'.repeat(3_000_000)}`;

  it('gets the result of its activity, and its event, timer and termination also from the host after a kill', async () => {
    const dataDir = await newDataDir();
    const swapped = () => stat(join(dataDir, 'host', 'durable', 'swap')).then(({ size }) => size);
    const killed = await startHostProcess(dataDir);
    const before = durableCalls(killed.url);
    await before.api('POST', '/orchestrators/pause/timer', { text, milliseconds: 5_000 });
    for (const id of ['event', 'termination', 'a', 'b'])
      await before.api('POST', `/orchestrators/approval/${id}`, { text });
    await eventually('a full swap file', async () => (await swapped()) > 2 * text.length);
    await before.api('POST', '/orchestrators/greet/activity', { text });
    expect((await before.ended('activity')).output).toMatchObject({ hello: { text } });
    const shown = await before.status('event', '?showHistory=true');
    expect(shown.input).toEqual({ text });
    await killed.kill();

    const host = await startHostProcess(dataDir);
    const calls = durableCalls(host.url);
    expect(await swapped()).toBeGreaterThan(2 * text.length);
    expect(await calls.status('event', '?showHistory=true')).toEqual(shown);
    await calls.client('raiseEvent', 'event', 'decision', 'ok');
    await calls.client('terminate', 'termination', 'enough');
    expect((await calls.ended('event')).output).toBe('ok');
    expect(await calls.ended('termination')).toMatchObject({
      runtimeStatus: 'Terminated',
      output: 'enough',
    });
    expect((await calls.ended('timer')).output).toBe(text.length);
    const { historyEvents = [] } = await calls.status('termination', '?showHistory=true');
    expect(historyEvents.map(({ EventType }) => EventType)).toEqual([
      'ExecutionStarted',
      'TimerCreated',
      'ExecutionTerminated',
      'ExecutionCompleted',
    ]);
    await host.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});
