import { recoverEvent } from '../../../shared/events/recover';
import { joinerMessage, type TestMessage } from '../../support/events';
import { readGraph, readTables } from '../../resilience/invariants/evidence';
import { violations } from '../../resilience/invariants/violations';
import { startSimulator, type Simulator } from '../../support/simulator';
import { openStorage, type Storage } from '../../support/storage';
import { startProcess, type Death, type Process } from './process';
import { callActivity, claim, driveRun } from './drive-run';

let storage: Storage;
let simulator: Simulator;
let sent: TestMessage[];

const start = (death?: Death): Process => startProcess(storage, simulator, death);

/** An event of somebody new, claimed. */
async function claimed(): Promise<TestMessage> {
  const workerId = `W-${1020 + sent.length}`;
  const attributes = { department: 'Finance', workerType: 'employee' };
  const event = joinerMessage(workerId, attributes);
  sent.push(event);
  await claim(start(), event);
  return event;
}

async function left() {
  const tables = await readTables(storage.connectionString);
  return { tables, ...(await readGraph(simulator.url)) };
}

/** Everything wrong so far, and every event that has not ended with its access. */
async function faults(): Promise<string[]> {
  const evidence = { ...(await left()), queue: [], deadLetters: [], texts: [] };
  const odd = evidence.tables.claims
    .filter(({ rowKey, outcome }) => rowKey === 'claim' && outcome !== 'delivered')
    .map(({ partitionKey, outcome }) => `ended as ${String(outcome)}: ${partitionKey}`);
  return [...violations(evidence, { sent }), ...odd];
}

describe.each(['v1.0', 'draft'] as const)('in the dialect %s', (dialect) => {
  beforeAll(async () => {
    sent = [];
    [storage, simulator] = await Promise.all([
      openStorage(),
      startSimulator(0, dialect, { deliveryMs: 0 }),
    ]);
  });
  afterAll(() => Promise.all([storage.close(), simulator.stop()]));

  test('every activity of a run that has ended does nothing when it is executed again: in order, backwards, all at once', async () => {
    const { eventHash } = await claimed();
    const calls = await driveRun({ eventHash, token: 't-1', start });
    expect(new Set(calls.map(({ activity }) => activity.name)).size).toBe(7);
    const before = await left();
    const again = (process: Process) => (one: (typeof calls)[number]) =>
      callActivity(process, one).catch(() => undefined);

    for (const one of calls) await again(start())(one);
    for (const one of calls.toReversed()) await again(start())(one);
    const late = start();
    await Promise.all(calls.map(again(late)));

    const after = await left();
    expect(after.tables).toEqual(before.tables);
    expect(after.graph).toEqual(before.graph);
    expect(await faults()).toEqual([]);
  }, 60_000);

  test('a process that has closed an event remembers neither the access of the person nor their lock', async () => {
    const { eventHash } = await claimed();
    const process = start();
    await driveRun({ eventHash, token: 't-1', start: () => process });
    const { fact } = (await process.services.claims.read(eventHash)) ?? {};
    const [holding] = await start().services.holdings.of([fact?.workerId ?? '']);
    if (!holding) throw new Error('nothing is held');
    const saved = await start().services.holdings.save(holding);
    expect(saved?.etag).not.toBe(holding.etag);
    expect(await process.services.holdings.recall(holding)).toEqual(saved);

    // A lock that a process remembers is replaced at once; one of which it knows nothing is inserted first.
    const { workerLocks } = process.services;
    const { personId: workerId, instanceId } = holding;
    const lock = { workerId, instanceId, fencingToken: 9 };
    const before = process.writes().length;
    expect(await workerLocks.acquire(lock, () => Promise.resolve(false))).toBe('acquired');
    expect(process.writes()[before]).toBe('insert workers lock');
    await workerLocks.release(lock);
  }, 60_000);

  test('every activity executed by two processes at the same time has each effect once', async () => {
    const { eventHash } = await claimed();
    const twin = start();
    await driveRun({
      eventHash,
      token: 't-1',
      start,
      perform: async (process, call) => {
        const [answer] = await Promise.all([callActivity(process, call), callActivity(twin, call)]);
        return answer;
      },
    });
    expect(await faults()).toEqual([]);
  }, 60_000);

  test('one instance started twice at once: one of the two runs the attempt, the other stops', async () => {
    const { eventHash } = await claimed();
    const [one, other] = await Promise.all(
      ['t-1', 't-2'].map((token) => driveRun({ eventHash, token, start })),
    );
    const counts = [one?.length ?? 0, other?.length ?? 0].sort((few, many) => few - many);
    expect(counts[0]).toBe(1);
    expect(counts[1]).toBeGreaterThan(5);
    expect(await faults()).toEqual([]);
  }, 60_000);

  test('an instance that goes on beside the next attempt, after its own was ended, does nothing more', async () => {
    const event = await claimed();
    const { eventHash } = event;
    let before: Awaited<ReturnType<typeof left>> | undefined;
    const replay = async (process: Process): Promise<void> => {
      const found = await process.services.claims.read(eventHash);
      if (!found) throw new Error('there is a claim');
      const host = {
        status: () => Promise.resolve('Gone' as const),
        start: () => Promise.reject(new Error('no start')),
      };
      await recoverEvent(
        process.services,
        host,
        { ...found.due, kind: 'event', eventHash },
        () => undefined,
      );
      const attempt = await claim(process, event, { id: 'r-1' });
      await driveRun({ eventHash, attempt, token: 't-2', start });
      before = await left();
    };
    await driveRun({
      eventHash,
      token: 't-1',
      start,
      perform: async (process, call) => {
        if (call.activity.name === 'submitRequest' && !before) await replay(process);
        return callActivity(process, call);
      },
    });
    const { tables, graph } = await left();
    expect({ graph, audit: tables.audit, claims: tables.claims }).toEqual({
      graph: before?.graph,
      audit: before?.tables.audit,
      claims: before?.tables.claims,
    });
    const rows = tables.audit.filter(({ partitionKey }) => partitionKey === eventHash);
    const ends = rows.filter(({ kind }) => kind === 'closing');
    expect(ends).toMatchObject([
      { attempt: 1, outcome: 'terminated' },
      { attempt: 2, outcome: 'delivered' },
    ]);
    expect(await faults()).toEqual([]);
  }, 60_000);

  test('a process that dies before or after any of its writes: the next one ends the event, once', async () => {
    const { eventHash } = await claimed();
    const complete = start();
    await driveRun({ eventHash, token: 't-1', start: () => complete });
    const points = complete.writes().flatMap((what, write) => [
      { what, write, side: 'before' as const },
      { what, write, side: 'after' as const },
    ]);
    const dieAt = async ({ what, ...death }: (typeof points)[number]): Promise<string[]> => {
      const { eventHash: next } = await claimed();
      const lives = [start(death), start()];
      await driveRun({ eventHash: next, token: 't-1', start: () => lives.shift() ?? start() });
      return lives.length > 0 ? [`never died ${death.side} ${what}`] : [];
    };
    const wrong = (await Promise.all(points.map(dieAt))).flat();
    console.log(
      `${points.length} deaths: before and after each of ${complete.writes().length} writes`,
    );
    expect([...wrong, ...(await faults())]).toEqual([]);
  }, 120_000);
});
