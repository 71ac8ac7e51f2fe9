import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
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
  const journal = (): string => join(dir, 'journal.jsonl');
  const next = (): string => join(dir, 'journal.jsonl.next');
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
    for (let n = 0; existsSync(next()); n += 1) await first.commit([raise('a', `last ${n}`)]);
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
    for (let n = 0; existsSync(next()); n += 1) await first.commit([raise('last', `last ${n}`)]);
    const before = structuredClone(first.instances);
    await first.close();
    const second = await open();
    expect(second.instances).toEqual(before);
    await second.close();
  });

  it('has all that was confirmed, and nothing twice, whenever it is killed while its journal is written anew', async () => {
    const first = await open({ compactBytes: 1_000_000 });
    const ids = Array.from({ length: 1_000 }, (_, i) => `a${i}`);
    await first.commit(ids.map(start));
    const { size } = await stat(journal());
    const confirmed: string[] = [];
    const file = { isTakenOver: false };
    const work = (async () => {
      for (const id of ids) {
        // The first one makes the journal too large.
        const name = confirmed.length === 0 ? 'x'.repeat(1_000_000 - size) : 'later';
        await first.commit([raise(id, name), turn(id, 2)]);
        confirmed.push(id);
        if (file.isTakenOver) return;
      }
    })();
    const kills: { left: string; confirmed: string[] }[] = [];
    for (let wasOnTheWay = false; !file.isTakenOver && confirmed.length < ids.length;) {
      const isOnTheWay = existsSync(next());
      file.isTakenOver = wasOnTheWay && !isOnTheWay;
      wasOnTheWay = isOnTheWay;
      const left = join(root, String(kills.length));
      mkdirSync(left);
      copyFileSync(journal(), join(left, 'journal.jsonl'));
      kills.push({ left, confirmed: [...confirmed] });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await work;
    await first.close();

    expect(file.isTakenOver).toBe(true);
    for (const { left, confirmed: wanted } of kills) {
      const second = await openStore(left, { warn: () => undefined });
      const changed = ids.filter((id) => second.instances.get(id)?.history.eventCount !== 0);
      expect(changed).toEqual(expect.arrayContaining(wanted));
      for (const id of changed) {
        const { history, inbox } = second.instances.get(id) ?? {};
        expect({ id, events: history?.eventCount, inbox }).toEqual({ id, events: 3, inbox: [] });
      }
      await second.close();
    }
  });

  it('confirms a commit before the new journal is whole', async () => {
    const store = await open({ compactBytes: 1 });
    await store.commit(Array.from({ length: 20_000 }, (_, i) => start(`a${i}`)));
    await store.commit([raise('a0', 'later')]);
    expect(existsSync(next())).toBe(true);
    await store.close();
    expect(existsSync(next())).toBe(false);
  });

  it('goes on with the journal that it has when no new one can be written, and says so', async () => {
    const first = await open({ compactBytes: 4_000 });
    mkdirSync(next());
    const ids = Array.from({ length: 30 }, (_, i) => `a${i}`);
    for (const id of ids) await first.commit([start(id)]);
    expect(warnings[0]).toContain('the journal could not be written anew');
    const before = structuredClone(first.instances);
    await first.close();
    const second = await open();
    expect(second.instances).toEqual(before);
    await second.close();
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
