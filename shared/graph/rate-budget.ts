import { groupOf, type Priority } from '../domain/lifecycle/priority';

/** A quiet app may write what its rate gives in so many seconds at once: the window of the published limit. */
const WRITE_WINDOW = 150;
/** The same of reads. */
const READ_WINDOW = 10;
/**
 * The part of the window that is used. The rest is for what is not known: calls that are counted twice, and writes of an
 * instance that ended before it told of them.
 */
const USED = 0.95;
/** A refused call halves the rate; without another one it is whole again after so many milliseconds, step by step. */
const RECOVERY_MS = 600_000;
const LOWEST = 1 / 16;
/** How far a bucket may be overdrawn by those whose slot it is and by removals, and by urgent ones: a part of what it holds. */
const OVERDRAWN = 0.03;
const OVERDRAWN_URGENT = 0.05;
/** Whoever asks is admitted when so much of a bucket is full: then those who were told to come have not come. */
const SURPLUS = 0.5;

/**
 * A slot is at most so much too late to be kept by those who wait behind it, and that early it may be come to: by the clock of
 * another instance it is time. Milliseconds.
 */
const LATE_MS = 1_000;
/** The weight of the newest plan in the average number of its writes. */
const NEWEST = 0.02;
const BEAT_MS = 10_000;
/** Of so many priorities an instance tells how long those wait. */
const MOST_GROUPS = 50;
/** After such a silence the others have shared out what this instance had. */
const SILENT_MS = 45_000;
/** No slot is further away: a bulk of 100,000 at the lowest rate takes less. */
const LONGEST_MS = 24 * 3_600_000;

export type Kind = 'read' | 'write';

/**
 * What an instance tells the others: what all of them together may still write at once, if they have spent as much as it has,
 * and the part of the rates that is left after refusals.
 */
export type Beat = {
  writesLeft: number;
  readFactor: number;
  writeFactor: number;
  /** The next free place of those who wait, by priority, in milliseconds since 1970. */
  slots: Record<string, number>;
};

/** The live instances of the deployment, in one place for all. */
export type Instances = {
  /**
   * Reports this instance, and answers the others that are alive; undefined if the store does not answer. `ended`: how long
   * ago the last of those that are not alive reported itself, in milliseconds, if less than the window.
   */
  beat: (own: Beat) => Promise<{ live: Beat[]; ended?: { beat: Beat; ms: number } } | undefined>;
};

export type RateBudgetOptions = {
  /** Calls a second of the whole deployment. */
  writesPerSecond: number;
  readsPerSecond: number;
  /** As many instances are assumed to be alive while it is not known how many are. */
  mostInstances: number;
  instances?: Instances;
  /** Milliseconds. */
  now?: () => number;
};

export type RateBudget = ReturnType<typeof createRateBudget>;

/**
 * The share of this instance in the calls that the deployment may make. Two buckets, filled evenly: one of reads, and one of
 * writes, which runs ask for before they plan. Who cannot have a write now is given a slot: the time of the next free place
 * among those of the same or a better priority. Nothing else is kept of who waits, so a slot that one instance gave counts
 * with every other. Those of a better priority who come later go first: who finds at their slot that such are waiting, or
 * that the bucket is overdrawn, is given another slot.
 *
 * docs/decisions/0019-a-budget-of-calls.md
 */
export function createRateBudget(options: RateBudgetOptions) {
  const { writesPerSecond, readsPerSecond, mostInstances, instances, now = Date.now } = options;
  const writes = createBucket(writesPerSecond, WRITE_WINDOW, mostInstances, now);
  const reads = createBucket(readsPerSecond, READ_WINDOW, mostInstances, now);
  /** By priority, as a text that sorts: the next free place of those who wait. */
  const nextSlot = new Map<string, number>();
  let writesPerPlan = 1;
  let beatAt = -Infinity;
  let beating: Promise<void> | undefined;
  let isNew = true;
  /** By priority: the next free place of those whose slot could not be kept. */
  const nextLate = new Map<string, number>();

  const beat = async (isReturning: boolean): Promise<void> => {
    const own = { readFactor: reads.factor(), writeFactor: writes.factor() };
    const slots = Object.fromEntries([...nextSlot].slice(0, MOST_GROUPS));
    const others = await instances?.beat({ writesLeft: writes.levelOfAll(), ...own, slots });
    if (!others) return;
    const { live, ended } = others;
    const count = live.length + 1;
    writes.share(count);
    reads.share(count);
    // Whichever instance they come to, those who come at the same time are to wait as long.
    const groups = [slots, ...live.map((one) => one.slots)].flatMap((one) => Object.keys(one));
    for (const group of new Set(groups)) {
      const waits = [nextSlot.get(group), ...live.map((one) => one.slots[group])].map(msUntil);
      nextSlot.set(group, now() + waits.reduce((sum, ms) => sum + ms, 0) / count);
    }
    if (!isReturning && !isNew) return;
    const since = ended && ended.beat.writesLeft + (writesPerSecond * ended.ms) / 1000;
    const left = live.reduce((sum, one) => sum + one.writesLeft / live.length, 0);
    if (live.length > 0) writes.fillTo(left / count);
    else if (isNew) writes.fillTo(since ?? Infinity);
    const before =
      live.length > 0 ? live.map((one) => ({ beat: one, ms: 0 })) : ended ? [ended] : [];
    for (const { beat: told, ms } of before) {
      writes.slowTo(recovered(told.writeFactor, ms));
      reads.slowTo(recovered(told.readFactor, ms));
    }
    isNew = false;
  };
  /** Milliseconds until a slot that an instance has told of; one that nobody can have given is none. */
  const msUntil = (slot = 0): number => {
    const ms = slot - now();
    return ms > 0 && ms < LONGEST_MS ? ms : 0;
  };
  /** Answers the beat that has to be waited for, if there is one. */
  const keepBeating = (): Promise<void> | undefined => {
    const silentMs = now() - beatAt;
    // Less than nothing: the clock was set back.
    if (silentMs >= 0 && silentMs < BEAT_MS) return beating;
    beatAt = now();
    const isReturning = silentMs > SILENT_MS;
    const told = beat(isReturning);
    // A later one only tells the others: nobody waits for it.
    if (!isReturning) return void told.catch(() => undefined);
    beating = told.finally(() => (beating = undefined));
    return beating;
  };

  /** The last of these slots that those of a priority wait for, and of a better one; -Infinity if there is none. */
  const latestOf = (slots: Map<string, number>, isCounted: (group: string) => boolean): number => {
    let latest = -Infinity;
    for (const [group, at] of slots) {
      if (at <= now()) slots.delete(group);
      else if (isCounted(group)) latest = Math.max(latest, at);
    }
    return latest;
  };

  return {
    /**
     * Takes one write for a run that is about to plan, or answers how many seconds later its slot is. `slot`: the one that it
     * was given, in milliseconds since 1970.
     */
    admit: async (priority: Priority, slot?: number): Promise<number> => {
      await keepBeating();
      const time = now();
      const own = groupOf(priority, time);
      const isBetter = (group: string): boolean => group < own;
      const better = latestOf(nextSlot, isBetter);
      const same = Math.max(better, nextSlot.get(own) ?? -Infinity);
      const hasSlot = slot !== undefined && slot <= time + LATE_MS;
      const ahead = Math.max(better, latestOf(nextLate, isBetter));
      const isNext = hasSlot ? ahead <= time + LATE_MS : same <= time;
      const floor = floorOf(priority, hasSlot, writes.capacity());
      const left = writes.level();
      if ((isNext && left >= floor) || left >= SURPLUS * writes.capacity()) {
        writes.spend(1);
        return 0;
      }
      const free = time + (Math.max(0, floor + 1 - left) / writes.perSecond()) * 1000;
      const late = latestOf(nextLate, (group) => group <= own);
      const at = Math.max(free, hasSlot ? Math.max(better, late) : same);
      // The rate may have recovered by then.
      (hasSlot ? nextLate : nextSlot).set(own, at + (writesPerPlan / writes.perSecond(at)) * 1000);
      return (at - time) / 1000;
    },

    /** How many writes the plan of an admitted run needs, for which it has taken one. */
    settle: (needed: number): void => {
      writesPerPlan += NEWEST * (needed - writesPerPlan);
      writes.spend(needed - 1);
    },

    /** A write that nothing was taken for. It is not held up, because what has begun is to end. */
    spendWrite: (): void => writes.spend(1),

    /** Takes one read, or answers in how many seconds there is one. `goesOn`: of a list that has begun, which is to end. */
    takeRead: (goesOn = false): number => {
      void keepBeating();
      const left = reads.level();
      if (left < 1 && !goesOn) return (1 - left) / reads.perSecond();
      reads.spend(1);
      return 0;
    },

    /** Graph has refused calls of a kind: half of the rate is left, and nothing at once. */
    halve: (kind: Kind): void => (kind === 'read' ? reads : writes).halve(),
  };
}

/** What has to be in the bucket for somebody to be admitted. What is urgent has a part of its own. */
function floorOf({ rank }: Priority, hasSlot: boolean, capacity: number): number {
  if (rank === 'urgent') return -OVERDRAWN_URGENT * capacity;
  return hasSlot || rank === 'removal' ? -OVERDRAWN * capacity : 1;
}

/** The part of a rate that is left so many milliseconds after it was `factor`. */
const recovered = (factor: number, ms: number): number =>
  Math.min(1, factor + Math.max(0, ms) / RECOVERY_MS);

/**
 * What one of so many instances may spend of the calls of one kind: it is filled evenly up to its share of a window, and may be
 * overdrawn. `rate`: calls a second of all instances; `window`: seconds. The clock may be set back at any time.
 */
function createBucket(rate: number, window: number, mostInstances: number, now: () => number) {
  let instances = mostInstances;
  let slowed = { factor: 1, at: now() };
  const factorAt = (time: number): number => recovered(slowed.factor, time - slowed.at);
  const capacity = (): number => Math.max(1, (rate * window * USED) / instances);
  const perSecond = (time = now()): number => (rate * factorAt(time)) / instances;
  let left = capacity();
  let at = now();
  const refill = (): void => {
    const time = now();
    if (time < at) slowed = { factor: slowed.factor, at: Math.min(slowed.at, time) };
    left = Math.min(capacity(), left + (perSecond(time) * Math.max(0, time - at)) / 1000);
    at = time;
  };
  const slowTo = (next: number): void => {
    const time = now();
    if (next < factorAt(time)) slowed = { factor: Math.max(LOWEST, next), at: time };
  };
  return {
    ...{ capacity, perSecond, slowTo },
    factor: (): number => factorAt(now()),
    /**
     * So many instances share the rate from now on. What one of fewer has left does not grow: those that are gone may have
     * spent theirs.
     */
    share: (count: number): void => {
      refill();
      left *= Math.min(1, instances / count);
      instances = count;
    },
    /** What is left; less than nothing if it is overdrawn. */
    level: (): number => {
      refill();
      return left;
    },
    levelOfAll: (): number => {
      refill();
      return left * instances;
    },
    spend: (calls: number): void => {
      refill();
      left = Math.max(left - calls, -capacity());
    },
    fillTo: (level: number): void => {
      left = Math.max(-capacity(), Math.min(level, capacity()));
      at = now();
    },
    halve: (): void => {
      refill();
      slowTo(factorAt(now()) / 2);
      left = Math.min(left, 0);
    },
  };
}
