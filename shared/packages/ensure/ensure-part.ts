import type { Later, Outcome, Failed } from '../../domain/workflow/outcome';
import type { CatalogRecord, PackageRecord, Writes } from '../../storage/package-record';
import { classify, GraphError } from '../../graph/errors';
import {
  type Ensuring,
  failed,
  isRecent,
  notYetVisible,
  tooLittleLease,
  wroteLately,
} from './ensuring';
import type { RememberedRow } from './remembered-row';

/** The ids that our rows keep. */
type Ids = Pick<Partial<PackageRecord>, 'catalogId' | 'accessPackageId' | 'assignmentPolicyId'>;
type Write = Writes[string];

/** One thing that must exist once: a catalog, a resource in it, a package, a role scope, a policy, an exclusion. */
export type Part<Found> = {
  /** Its name among the row's writes; its first word with `-missing` or `-gone` is the code of a failure. */
  name: string;
  /** Which of our rows remembers its write. */
  row: RememberedRow<CatalogRecord> | RememberedRow<PackageRecord>;
  /** Its id, if it is known: then it must exist. */
  knownId?: string | undefined;
  /** Everything there is that may be it; more than one is ambiguous. */
  look: () => Promise<Found[]>;
  /** The POST that makes it. Without an answer of use, `look` must find it. */
  make: () => Promise<Found | undefined>;
  /** The members in which it is not what the model says. */
  differences?: (found: Found) => string[];
  /** What our row keeps of it. */
  keep?: (found: Found) => Ids;
};

/** So many reads must agree that a thing is absent before a write with a lost answer is done again. */
const agreeingReads = 3;

/** Looks, compares, and makes what is missing if that is allowed. `seen` is what an earlier look has found. */
export async function ensurePart<Found>(
  ensuring: Ensuring,
  part: Part<Found>,
  seen?: Found[],
): Promise<Outcome<{ found: Found }>> {
  const [found, ...others] = seen ?? (await part.look());
  if (others.length > 0) return failed(`${kindOf(part)}-ambiguous`);
  return found === undefined ? makeMissing(ensuring, part) : accept(part, found);
}

async function accept<Found>(part: Part<Found>, found: Found): Promise<Outcome<{ found: Found }>> {
  const differences = part.differences?.(found) ?? [];
  if (differences.length > 0) return failed(`drift:${differences.join(',')}`);
  const row = part.row.now();
  const ids: Ids = row;
  const news = Object.entries(part.keep?.(found) ?? {}).some(
    ([name, id]) => ids[name as keyof Ids] !== id,
  );
  const unconfirmed = row.writes[part.name]?.state === 'intended';
  const lost = unconfirmed || news ? await confirm(part, found) : undefined;
  return lost ?? { kind: 'done', found };
}

async function makeMissing<Found>(
  ensuring: Ensuring,
  part: Part<Found>,
): Promise<Outcome<{ found: Found }>> {
  const earlier = part.row.now().writes[part.name];
  if (earlier?.state === 'made' || part.knownId !== undefined) {
    const hidden = earlier && isRecent(earlier.at, ensuring.options);
    return hidden ? notYetVisible(ensuring) : failed(`${kindOf(part)}-gone`);
  }
  if (!ensuring.mayMake) return failed(`${kindOf(part)}-missing`);
  if (earlier && earlier.absentReads + 1 < agreeingReads) {
    const counted = { ...earlier, absentReads: earlier.absentReads + 1 };
    // Spread ever wider, so that the reads do not all meet the same lag.
    return (await remember(part, counted)) ?? notYetVisible(ensuring, 3 ** counted.absentReads);
  }
  return (await intend(ensuring, part)) ?? write(ensuring, part, earlier);
}

/** Says in our rows what is about to be written. */
async function intend<Found>(ensuring: Ensuring, part: Part<Found>): Promise<Later | undefined> {
  const { packageRow, wanted } = ensuring;
  if (packageRow.now().version !== wanted.version) {
    const lost = await packageRow.change({ state: 'making', version: wanted.version });
    if (lost) return lost;
  }
  return remember(part, { state: 'intended', at: new Date().toISOString(), absentReads: 0 });
}

async function write<Found>(
  ensuring: Ensuring,
  part: Part<Found>,
  earlier: Write | undefined,
): Promise<Outcome<{ found: Found }>> {
  // Only here, because saving the rows may have taken its time.
  const short = await tooLittleLease(ensuring);
  if (short) return (await remember(part, earlier)) ?? short;
  let answer: Found | undefined;
  try {
    answer = await part.make();
  } catch (error) {
    return refused(ensuring, part, earlier, error);
  }
  ensuring.written.count += 1;
  const lost = await confirm(part, answer);
  if (lost) return lost;
  const found = answer ?? (await part.look())[0];
  return found === undefined ? notYetVisible(ensuring) : { kind: 'done', found };
}

/**
 * A write that may have happened stays `intended`, so that the next execution looks before it writes. One that was
 * refused did not happen, and what we know returns to what it was. If the thing exists by now, whoever made it, the
 * next execution judges it from the beginning.
 */
async function refused<Found>(
  ensuring: Ensuring,
  part: Part<Found>,
  earlier: Write | undefined,
  error: unknown,
): Promise<Later | Failed> {
  if (!(error instanceof GraphError)) throw error;
  if (error.fault.ambiguous) return ending(ensuring, error);
  const lost = await remember(part, earlier);
  if (lost) return lost;
  const outcome = ending(ensuring, error);
  if (outcome.kind === 'later') return outcome;
  return (await part.look()).length > 0 ? notYetVisible(ensuring) : outcome;
}

/** What an error means here: a conflict is waited out if the other thing may only be invisible yet. */
export function ending(ensuring: Ensuring, error: unknown): Later | Failed {
  const lately = wroteLately(ensuring);
  const verdict = classify(error, { justCreated: lately });
  if (verdict.kind === 'later' && verdict.why === 'not-yet-visible') {
    return { ...verdict, ...notYetVisible(ensuring) };
  }
  if (verdict.kind !== 'conflict') return verdict;
  const { conflict, evidence } = verdict;
  const hidden = conflict === 'duplicate-access-package' || conflict === 'duplicate-key' || lately;
  return { ...(hidden ? notYetVisible(ensuring) : failed(conflict)), evidence };
}

function confirm<Found>(part: Part<Found>, found: Found | undefined): Promise<Later | undefined> {
  const { writes } = part.row.now();
  const write = writes[part.name];
  const ids = found === undefined ? {} : part.keep?.(found);
  return part.row.change({
    ...ids,
    writes: write ? { ...writes, [part.name]: { ...write, state: 'made' } } : writes,
  });
}

function remember<Found>(
  { row, name }: Part<Found>,
  write: Write | undefined,
): Promise<Later | undefined> {
  const others = Object.entries(row.now().writes).filter(([other]) => other !== name);
  return row.change({ writes: Object.fromEntries(write ? [...others, [name, write]] : others) });
}

/** `resource` of `resource:<origin id>`: nobody counts by a code with an id in it. */
function kindOf({ name }: { name: string }): string {
  return name.replace(/:.*/s, '');
}
