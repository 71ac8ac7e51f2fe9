import { BrakeKind, type BrakeAnswer } from '../domain/lifecycle/gate';
import { createRowUpdater, fromColumns, toColumns } from './rows';
import {
  BRAKE,
  Brake,
  brakeKey,
  brakesOf,
  type Closing,
  countsOf,
  covers,
  createRemovalCounts,
  HeldPerson,
  isTooMany,
  itemsOf,
  PAGE,
  personOf,
  type Recalled,
  Recheck,
  RECHECKS,
  Registration,
  type RemovalLimits,
  type Removals,
  shownOf,
  waitingKey,
  waitingRange,
} from './removal-rows';
import type { Table } from './storage-port';

export type RemovalBrakes = ReturnType<typeof createRemovalBrakes>;

/**
 * Counts the people who lose access and holds back all further removals when they are too many, over any number of
 * processes. Each row is written by the run of one person, except that of a brake, which is inserted once.
 *
 * A person is entered as waiting before anybody counts, and is counted until it is certain that the removal is not made, or
 * as removed until the window is over. So of those who are let through, the one who was entered last has counted all
 * others: never more than the limit pass.
 *
 * Brakes of one kind are numbered. Whoever waits has the number of the brake that is open, or else of the next one, so that
 * one write closes a brake for all who wait under it, and for nobody who came later. They are counted no more afterwards.
 */
export function createRemovalBrakes(table: Table) {
  const updateRow = createRowUpdater(table);
  const { count, pass } = createRemovalCounts(table);

  const latestBrake = async (kind: BrakeKind): Promise<Brake | undefined> => {
    const [row] = await table.list(brakesOf(kind), { from: BRAKE, atMost: 1 });
    return row && fromColumns(Brake, row.columns);
  };
  const readBrake = async (kind: BrakeKind, number: number) => {
    const row = await table.read(brakesOf(kind), brakeKey(number));
    return row && { brake: fromColumns(Brake, row.columns), etag: row.etag };
  };

  /** Remembers a discard of what waited; undefined if there was none. */
  async function discardedOf(
    kind: BrakeKind,
    person: string,
    { waiting }: Registration,
  ): Promise<Registration | undefined> {
    if (waiting === undefined) return undefined;
    const brake = (await readBrake(kind, waiting.number))?.brake;
    if (brake?.state !== 'discarded') return undefined;
    const { number, facts, items } = waiting;
    const { id, by = '', reason = '' } = brake;
    const registration = { discarded: { brake: id, by, reason, facts, items } };
    await save({ kind, person }, registration);
    await table.remove(countsOf(kind), waitingKey(number, person));
    return registration;
  }

  const save = async (
    { kind, person }: Pick<Removals, 'kind' | 'person'>,
    registration: Registration,
  ): Promise<void> => {
    await updateRow(personOf(person), kind, () => toColumns(registration));
  };

  /** Takes a person out of those who wait; a discard is still remembered. */
  async function withdraw(
    kind: BrakeKind,
    person: string,
    { waiting, discarded }: Registration,
  ): Promise<void> {
    if (waiting === undefined) return;
    await table.remove(countsOf(kind), waitingKey(waiting.number, person));
    if (discarded === undefined) await table.remove(personOf(person), kind);
    else await save({ kind, person }, { discarded });
  }

  /** The recheck that is an event, if somebody has asked for it. */
  const recheckOf = async (eventHash: string): Promise<Recheck | undefined> => {
    const row = await table.read(RECHECKS, eventHash);
    return row && fromColumns(Recheck, row.columns);
  };

  return {
    /** What is known of the removals of a person. What somebody discarded waits no more from now on. */
    recall: async (person: string): Promise<Recalled> => {
      const recalled: Recalled = {};
      for (const { key, columns } of await table.list(personOf(person))) {
        const kind = BrakeKind.parse(key);
        const known = fromColumns(Registration, columns);
        recalled[kind] = (await discardedOf(kind, person, known)) ?? known;
      }
      return recalled;
    },

    /**
     * Enters removals as waiting and answers what their brake says. Undefined: they are entered and nothing holds them, but
     * their time has not come (`isDue` is false). After a `pass` they are entered no more.
     * `tripped` says that this call closed the way, so that it is told once. The caller has the lock of the person.
     */
    ask: async (
      removals: Removals,
      known: Recalled,
      { isDue, limits, at }: { isDue: boolean; limits: RemovalLimits; at: string },
    ): Promise<(BrakeAnswer & { tripped?: boolean }) | undefined> => {
      const { kind, person } = removals;
      let { waiting, discarded } = known[kind] ?? {};
      /** The number under which the person certainly waited while its brake could still trip. */
      let entered = waiting?.number;
      for (;;) {
        const latest = await latestBrake(kind);
        const number = latest?.state === 'open' ? latest.number : (latest?.number ?? 0) + 1;
        if (
          waiting &&
          entered === waiting.number &&
          entered < number &&
          covers(waiting, removals)
        ) {
          const closed = (await readBrake(kind, waiting.number))?.brake;
          if (closed === undefined || closed.state === 'open')
            throw new Error('a brake that others have passed is not closed');
          const { id, state, by = '', reason = '' } = closed;
          if (state === 'discarded') await discardedOf(kind, person, { waiting });
          return { kind: state, brake: id, by, reason };
        }
        const items = itemsOf(removals.packages);
        if (
          waiting?.number !== number ||
          waiting.facts !== removals.facts ||
          waiting.items !== items
        ) {
          const before = waiting;
          const { facts, eventHash } = removals;
          waiting = { number, facts, items, eventHash, since: before?.since ?? at };
          // Without the memory of a discard that a later fact has ended.
          if (discarded?.facts !== removals.facts) discarded = undefined;
          await save(removals, { waiting, discarded });
          if (before !== undefined && before.number !== number)
            await table.remove(countsOf(kind), waitingKey(before.number, person));
        }
        const { since } = waiting;
        await updateRow(countsOf(kind), waitingKey(number, person), (columns) => {
          const shown = toColumns(shownOf(removals, since));
          return JSON.stringify(columns) === JSON.stringify(shown) ? undefined : shown;
        });
        // Whoever was entered while the brake was being closed belongs to the next one.
        const now = await latestBrake(kind);
        if (now !== undefined && now.state !== 'open' && now.number >= number) continue;
        entered = number;
        if (now?.state === 'open') return { kind: 'held', brake: now.id };
        if (!isDue) return undefined;

        const instant = Date.parse(at);
        const cutoff = instant - limits.windowSeconds * 1000;
        const people = await count(kind, number, cutoff, limits.limit);
        if (!(await isTooMany(people, limits))) {
          await pass(removals, instant, cutoff);
          await withdraw(kind, person, { waiting, discarded });
          return { kind: 'pass' };
        }
        const brake: Brake = {
          ...{ kind, number, id: `${kind}-${number}`, state: 'open' as const },
          ...{ trippedAt: at, counted: people.size },
        };
        const inserted = await table.insert(brakesOf(kind), brakeKey(number), toColumns(brake));
        // If another was faster, its brake may even be closed again: look once more.
        if (inserted !== undefined) return { kind: 'held', brake: brake.id, tripped: true };
      }
    },

    /** Nothing of the person waits any more under a kind, because nothing is to be removed. Idempotent. */
    leave: (person: string, kind: BrakeKind, known: Recalled): Promise<void> =>
      withdraw(kind, person, known[kind] ?? {}),

    /** An event is over: what its run entered and did not carry out waits no more. Idempotent. */
    leaveEvent: async (person: string, eventHash: string): Promise<void> => {
      for (const { key, columns } of await table.list(personOf(person))) {
        const known = fromColumns(Registration, columns);
        if (known.waiting?.eventHash === eventHash)
          await withdraw(BrakeKind.parse(key), person, known);
      }
    },

    /** The brakes that are open, one of each kind at most. */
    open: async (): Promise<Brake[]> => {
      const latest = await Promise.all(BrakeKind.options.map(latestBrake));
      return latest.filter((brake) => brake?.state === 'open').map((brake) => brake as Brake);
    },

    /**
     * Releases or discards an open brake, with everybody who waits under it, in one write. Answers the brake as it is then,
     * and whether it was this call that closed it; undefined if there is no such brake.
     */
    close: async (
      id: string,
      { state, by, reason, at }: Closing,
    ): Promise<{ brake: Brake; isClosed: boolean } | undefined> => {
      const [, kind, number] = /^(usual|urgent)-([1-9]\d{0,8})$/.exec(id) ?? [];
      if (kind === undefined) return undefined;
      const place = [BrakeKind.parse(kind), Number(number)] as const;
      for (;;) {
        const found = await readBrake(...place);
        if (found === undefined) return undefined;
        if (found.brake.state !== 'open') return { brake: found.brake, isClosed: false };
        const brake: Brake = { ...found.brake, state, by, reason, closedAt: at };
        const columns = toColumns(brake);
        const key = brakeKey(place[1]);
        if (await table.replace(brakesOf(place[0]), key, columns, found.etag))
          return { brake, isClosed: true };
      }
    },

    /**
     * Writes down who asks to look at a person again and why, once: answers what was written first. Only who may close a brake
     * may write it: it ends discards.
     */
    askRecheck: async (eventHash: string, recheck: Recheck): Promise<Recheck> => {
      const isFirst = await table.insert(RECHECKS, eventHash, toColumns(recheck));
      return isFirst !== undefined ? recheck : ((await recheckOf(eventHash)) ?? recheck);
    },

    recheckOf,

    /** Everybody who waits under a brake, page by page; also after it was closed, until each has left. */
    waitingUnder: async function* ({ kind, number }: Brake): AsyncGenerator<HeldPerson[]> {
      const [from, below] = waitingRange(number);
      for (let next = from; ;) {
        const rows = await table.list(countsOf(kind), { from: next, below, atMost: PAGE });
        yield rows.map(({ key, columns }) => ({
          ...fromColumns(HeldPerson, columns),
          person: key.slice(from.length),
        }));
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        next = `${last.key}-`;
      }
    },
  };
}
