import { z } from 'zod';

/**
 * One write to a remote service that must happen once. It is saved as `intended` before it is sent, as `made` once the
 * service has confirmed it, and as `seen` once it was read back. An `intended` one that is read later may have happened,
 * and a `made` one may not have come to be: `absentReads` counts the reads since `at` that did not find it.
 */
export const RememberedWrite = z.object({
  state: z.enum(['intended', 'made', 'seen']),
  at: z.iso.datetime(),
  absentReads: z.number().int().nonnegative(),
  /** The request at the service that carries the write out after it was confirmed, where it has an id. */
  requestId: z.string().max(128).optional(),
});
export type RememberedWrite = z.infer<typeof RememberedWrite>;

/** `conflict`: the row was changed since it was loaded or saved last, and nothing was saved. */
export type Saved = 'saved' | 'conflict';

/** What `writeOnce` needs of its caller. Each may throw; whatever it throws leaves `writeOnce` as it is. */
export type Write<Found, Stop> = {
  /** The write as the row remembers it; undefined if none is under way. The later saves go by this read's ETag. */
  load: () => Promise<RememberedWrite | undefined>;
  save: (write: RememberedWrite) => Promise<Saved>;
  /** The write was surely not made: the row is to say again what it said before it, `earlier`, or that there is none. */
  withdraw: (earlier: RememberedWrite | undefined) => Promise<Saved>;
  /**
   * Looks for what the write makes. May answer undefined without a look where there is no `earlier` write, if a second
   * one does no harm then, or if the caller has just looked.
   */
  find: (earlier: RememberedWrite | undefined) => Promise<Found | undefined>;
  /** The last reasons not to write, before the intent is saved. Answers how it ends instead. */
  prepare?: () => Promise<Stop | undefined>;
  /** The same between the intent and the write, for what runs out with time, such as a lease. */
  check?: () => Promise<Stop | undefined>;
  /** The write itself. Answers undefined if it happened and the answer does not say what it made. */
  create: () => Promise<Found | undefined>;
  /** Saves that the write is made, and what the row keeps of it. Answers how it ends if that cannot be. */
  keep: (found: Found | undefined, how: 'found' | 'created') => Promise<Stop | undefined>;
  /**
   * What became of a write that was confirmed and is not found. `pending`: it may still appear. `doubtful`: it should
   * have appeared. Unless given, `pending`: for a write that cannot be confirmed and then fail. May throw a refusal.
   */
  statusOf?: (made: RememberedWrite) => Promise<'pending' | 'doubtful'>;
  /** Whether an error of `create` says that nothing was written. After any other error it may have happened. */
  isRefusal: (error: unknown) => boolean;
};

export type Written<Found, Stop> =
  | { kind: 'done'; found: Found }
  /** The write is made, and a replica does not show it yet. `at` is when it was intended. */
  | { kind: 'not-visible'; at: string }
  /** An earlier write may have happened, and so many reads, fewer than `AGREEING_READS`, did not find it. */
  | { kind: 'unclear'; absentReads: number }
  /** Somebody else changed the row: start over. */
  | { kind: 'conflict' }
  | { kind: 'stopped'; stop: Stop };

/** So many reads must agree that a write did not come to be, before it is sent again. */
export const AGREEING_READS = 3;

/**
 * Makes a write happen once, over any number of executions and crashes, each of which calls this again:
 *
 * 1. Look. What is found is kept and not made again.
 * 2. An earlier write that was confirmed is waited for while it is `pending`. One that is `doubtful`, or whose answer was
 *    lost, counts as absent only once `AGREEING_READS` reads agree, one read per execution, so that they do not all ask
 *    the same replica.
 * 3. Save the intent by ETag, so that of two executions only one goes on.
 * 4. Write. Throws what `create` throws: after a refusal the intent is withdrawn, after any other error it stays, and
 *    the next execution begins with a look.
 * 5. Keep what was made.
 */
export async function writeOnce<Found, Stop>(
  write: Write<Found, Stop>,
): Promise<Written<Found, Stop>> {
  const earlier = await write.load();
  const found = await write.find(earlier);
  if (found !== undefined) {
    const stop = await write.keep(found, 'found');
    return stop === undefined ? { kind: 'done', found } : { kind: 'stopped', stop };
  }
  const isConfirmed = earlier !== undefined && earlier.state !== 'intended';
  if (isConfirmed && (await write.statusOf?.(earlier)) !== 'doubtful') {
    return { kind: 'not-visible', at: earlier.at };
  }
  const absentReads = (earlier?.absentReads ?? 0) + 1;
  if (earlier && absentReads < AGREEING_READS) {
    const counted = await write.save({ ...earlier, absentReads });
    return counted === 'saved' ? { kind: 'unclear', absentReads } : { kind: 'conflict' };
  }
  const stop = await write.prepare?.();
  return stop === undefined ? intendAndCreate(write, earlier) : { kind: 'stopped', stop };
}

async function intendAndCreate<Found, Stop>(
  write: Write<Found, Stop>,
  earlier: RememberedWrite | undefined,
): Promise<Written<Found, Stop>> {
  const at = new Date().toISOString();
  const intended = await write.save({ state: 'intended', at, absentReads: 0 });
  if (intended === 'conflict') return { kind: 'conflict' };
  const tooLate = await write.check?.();
  if (tooLate !== undefined) {
    const withdrawn = await write.withdraw(earlier);
    return withdrawn === 'saved' ? { kind: 'stopped', stop: tooLate } : { kind: 'conflict' };
  }
  let created: Found | undefined;
  try {
    created = await write.create();
  } catch (error) {
    const isLeft = !write.isRefusal(error) || (await write.withdraw(earlier)) === 'saved';
    if (isLeft) throw error;
    return { kind: 'conflict' };
  }
  const stop = await write.keep(created, 'created');
  if (stop !== undefined) return { kind: 'stopped', stop };
  const found = created ?? (await write.find({ state: 'made', at, absentReads: 0 }));
  return found === undefined ? { kind: 'not-visible', at } : { kind: 'done', found };
}
