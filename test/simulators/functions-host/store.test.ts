import { cpSync, existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventRaised } from '../../../infra/local/functions-host/durable/protocol/make-event';
import { written } from '../../../infra/local/functions-host/durable/store/kept-history';
import type { Op } from '../../../infra/local/functions-host/durable/store/state';
import { openStore, type Store } from '../../../infra/local/functions-host/durable/store/store';
import { mostEventsOf } from '../../resilience/scale/most-events';
import { start } from './setup';

const raise = (id: string, name: string): Op => ({
  op: 'arrive',
  id,
  events: [written(eventRaised(Date.now(), name, '"ä"'))],
});
const turn = (id: string, taken: number): Op => ({
  ...{ op: 'turn', id, at: Date.now(), taken, status: 'Running', events: [] },
  activities: [{ taskId: 0, name: 'act', input: '{"x":2}' }],
});

describe('the store of the task hub', () => {
  let root: string;
  let dir: string;
  let warnings: string[];
  const open = (options = {}): Promise<Store> =>
    openStore(dir, { warn: (text) => warnings.push(text), ...options });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'joinery-host-store-'));
    dir = join(root, 'store');
    warnings = [];
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('has each of many large changes that came at the same time once, and in their order', async () => {
    const first = await open();
    await first.commit([start('a')]);
    const names = [600_000, 10, 600_000, 600_000, 20, 1_200_000, 5].map(
      (length, n) => `${n}${'x'.repeat(length)}`,
    );
    await Promise.all(names.map((name) => first.commit([raise('a', name)])));
    const namesOf = (store: Store) =>
      store.instances.get('a')?.inbox.flatMap(({ event }) => event.Name ?? []);
    const wanted = namesOf(first);
    await first.close();
    const lines = (await readFile(join(dir, 'journal.jsonl'), 'utf8')).split('\n');
    expect(lines.filter((line) => line.includes('"arrive"'))).toHaveLength(names.length);
    const second = await open();
    expect(namesOf(second)).toEqual(wanted);
    expect(wanted?.slice(-names.length)).toEqual(names);
    await second.close();
  });

  it('has after a restart what it had before: history, inbox, work that is still open', async () => {
    const first = await open();
    await first.commit([start('a')]);
    await first.commit([turn('a', 1), raise('a', 'later')]);
    const before = structuredClone(first.instances.get('a'));
    await first.close();
    const second = await open();
    expect(second.instances.get('a')).toEqual(before);
    expect(before?.activities).toMatchObject([{ taskId: 0, input: '{"x":2}' }]);
    expect(before?.inbox).toHaveLength(1);
    await second.close();
  });

  it('forgets a commit of which only a part was written', async () => {
    const first = await open();
    await first.commit([start('a')]);
    await first.close();
    const journal = join(dir, 'journal.jsonl');
    const whole = await readFile(journal);
    await appendFile(journal, whole.subarray(0, whole.length - 2));
    const second = await open();
    expect([...second.instances.keys()]).toEqual(['a']);
    expect(warnings).toEqual([`durable: dropped ${whole.length - 2} bytes of an unfinished write`]);
    await second.close();
  });

  it('writes its journal anew while it runs, and loses nothing of what comes meanwhile', async () => {
    const first = await open({ compactBytes: 4_000 });
    await first.commit([start('a')]);
    const commits = Array.from({ length: 300 }, async (_, i) => {
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      return first.commit([raise('a', `event ${i}`), turn('a', 1), start('again')]);
    });
    await Promise.all(commits);
    const before = structuredClone(first.instances);
    await first.close();
    const written300 = 300 * 600; // what the commits came to, at the least
    expect((await stat(join(dir, 'journal.jsonl'))).size).toBeLessThan(written300);
    const second = await open();
    const asWhole = (
      store: ReadonlyMap<string, { history: { batches: readonly string[]; eventCount: number } }>,
    ) =>
      [...store].map(
        ([
          id,
          {
            history: { batches, eventCount },
          },
        ]) => ({
          id,
          eventCount,
          text: batches.join(','),
        }),
      );
    expect(asWhole(second.instances)).toEqual(asWhole(before));
    await second.close();
  });

  it('writes each instance as it was when it began to write its journal anew', async () => {
    const first = await open({ compactBytes: 4_000 });
    const many = Array.from({ length: 500 }, (_, i) => `a${i}`);
    await first.commit(many.map(start));
    const anew = first.commit([start('last')]);
    // Memory goes on while the file is written in groups of instances.
    const later = [];
    for (const id of many.toReversed()) {
      await new Promise((resolve) => setImmediate(resolve));
      later.push(first.commit([raise(id, 'later'), turn(id, 1)]));
    }
    await Promise.all([anew, ...later]);
    const before = structuredClone(first.instances);
    await first.close();
    const second = await open();
    expect(second.instances).toEqual(before);
    await second.close();
  });

  it('has all that was confirmed, whenever it is killed while its journal is written anew', async () => {
    const first = await open({ compactBytes: 4_000 });
    const many = Array.from({ length: 500 }, (_, i) => `a${i}`);
    await first.commit(many.map(start));
    const kills = [];
    for (const id of many.slice(0, 30)) {
      await first.commit([raise(id, 'later'), turn(id, 1)]);
      const left = join(root, id);
      cpSync(dir, left, { recursive: true });
      const isOnTheWay = existsSync(join(left, 'journal.jsonl.next'));
      kills.push({ left, isOnTheWay, before: structuredClone(first.instances) });
    }
    await first.close();
    // What is confirmed does not wait for the new file; later it is in that one.
    expect(new Set(kills.map(({ isOnTheWay }) => isOnTheWay))).toEqual(new Set([true, false]));
    for (const { left, before } of kills) {
      const second = await openStore(left, { warn: (text) => warnings.push(text) });
      expect(second.instances).toEqual(before);
      await second.close();
    }
    expect(warnings).toEqual([]);
  });

  it('keeps the histories of ended instances on disk, and only the newest of them', async () => {
    const store = await open({ segmentBytes: 100 });
    const places = [];
    for (let i = 0; i < 8; i++) {
      places.push(store.archive(`"${String(i).repeat(120)}"`));
      await store.commit([start(`a${i}`)]);
    }
    const kept = await Promise.all(places.map((place) => store.archived(place)));
    expect(kept.map((text) => text !== undefined)).toEqual([
      ...[false, false, false, false, false],
      ...[true, true, true],
    ]);
    expect(kept[7]).toBe(`"${'7'.repeat(120)}"`);
    await store.close();
  });

  it('shows in its journal how long the history of an instance was at most in one generation', async () => {
    const renew = (id: string, taken: number): Op => ({
      ...{ op: 'renew', id, at: Date.now(), taken, executionId: 'next', input: '{}' },
      events: [written(eventRaised(Date.now(), 'first', null))],
    });
    const store = await open();
    await store.commit([start('a'), start('b')]);
    await store.commit([turn('a', 1), raise('a', 'one'), raise('a', 'two')]);
    await store.commit([renew('a', 2)]);
    await store.commit([turn('a', 1), turn('b', 1)]);
    await store.close();
    const journal = await readFile(join(dir, 'journal.jsonl'), 'utf8');

    // An execution adds its beginning and what it takes from the inbox; the end of a generation adds two.
    expect(mostEventsOf(journal, 'a')).toBe(1 + 1 + 1 + 2 + 2);
    expect(mostEventsOf(journal, 'b')).toBe(1 + 1);
    expect(mostEventsOf(`${journal}[{"op":`, 'nobody')).toBe(0);
  });
});
