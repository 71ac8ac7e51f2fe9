import type { Part } from './play';
import type { Records } from './records';

/** What became of one person. */
export type Verdict = {
  outcome: string;
  reason?: string;
  /** Whether the first message has left its mark, and whether all of them have. */
  firstEnded: boolean;
  ended: boolean;
  asExpected: boolean;
};

/**
 * Judges one part by the records: an accepted event has exactly one closing row, with the outcome that the cast says; a
 * message that must be refused has exactly its own rejected row; the same message again is counted and adds no row.
 */
export function judge(part: Part, { audit, duplicates }: Records): Verdict {
  const closings = audit.filter(
    (row) => row.partitionKey === part.eventHash && row.kind === 'closing',
  );
  const rejections = audit.filter(
    (row) => row.kind === 'rejected' && part.rejects.includes(row.rowKey),
  );
  const accepted = part.joiner.ends === 'rejected' ? 0 : 1;
  const counted = duplicates.get(part.eventHash) ?? 0;
  const repeats = part.joiner.sends === 'twice' ? 1 : 0;
  const last = closings.at(-1) ?? rejections.at(-1);
  const outcome = closings.at(-1)?.outcome ?? (last ? 'rejected' : 'nothing yet');
  return {
    outcome,
    ...(last?.reason === undefined ? {} : { reason: last.reason }),
    firstEnded: last !== undefined,
    ended:
      closings.length >= accepted && rejections.length >= part.rejects.length && counted >= repeats,
    asExpected:
      closings.length === accepted &&
      rejections.length === part.rejects.length &&
      counted === repeats &&
      outcome === part.joiner.ends,
  };
}
