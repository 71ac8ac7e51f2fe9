import type { Later } from '../../shared/domain/workflow/outcome';
import type {
  CatalogRecord,
  PackageMemory,
  PackageRecord,
  Slot,
  Writes,
} from '../../shared/storage/package-record';
import type { PackageSurvey, Part } from './part';

/**
 * Lets go of what our rows believe to be there and Graph does not have any more, so that it can be made again. What was
 * written within the last `visibleWithinSeconds` is kept: a replica may not show it yet. A package that was whole is no
 * longer taken for it. Answers `later` if somebody else wrote a row meanwhile.
 */
export async function forgetGone(
  memory: PackageMemory,
  { parts }: PackageSurvey,
  visibleWithinSeconds: number,
): Promise<Later | undefined> {
  const before = Date.now() - visibleWithinSeconds * 1000;
  const isGone = (name: Part['part']) =>
    parts.some(({ part, state }) => part === name && state === 'gone');
  const catalog = (row: CatalogRecord): CatalogRecord => ({
    ...row,
    ...(isGone('catalog') && wasWritten(row, 'catalog', before) && { catalogId: undefined }),
    writes: lately(row.writes, before),
  });
  const ofPackage = (row: PackageRecord) => packageRow(row, isGone, before);
  return (await change(memory.catalog, catalog)) ?? change(memory.package, ofPackage);
}

function packageRow(
  row: PackageRecord,
  isGone: (name: Part['part']) => boolean,
  before: number,
): PackageRecord {
  const state = 'making';
  if (isGone('package') && wasWritten(row, 'package', before)) {
    return { state, version: '', adopted: false, writes: {} };
  }
  // That we made the package is what makes it ours.
  const mark = row.writes['package'];
  const writes = { ...lately(row.writes, before), ...(mark && { package: mark }) };
  const kept = { ...row, state, writes } as const;
  if (!isGone('policy') || !wasWritten(row, 'policy', before)) return kept;
  return { ...kept, assignmentPolicyId: undefined };
}

/** Whether it was written before a time, or not by us at all. */
function wasWritten({ writes }: { writes: Writes }, name: string, before: number): boolean {
  const write = writes[name];
  return write === undefined || Date.parse(write.at) < before;
}

/** Writes that are recent, or of which nobody knows whether they happened. */
function lately(writes: Writes, before: number): Writes {
  return Object.fromEntries(
    Object.entries(writes).filter(
      ([, { state, at }]) => state === 'intended' || Date.parse(at) >= before,
    ),
  );
}

async function change<Row>(slot: Slot<Row>, to: (row: Row) => Row): Promise<Later | undefined> {
  const row = await slot.load();
  if (row === undefined || (await slot.save(to(row))) === 'saved') return undefined;
  return { kind: 'later', why: 'changed-meanwhile', afterSeconds: 1 };
}
