import { table } from '../domain/markdown';
import type { Evidence } from './evidence';
import { evidenceCsv, evidenceMarkdown, short, tableOfLines } from './evidence-text';
import { LeaverLine, type LeaversContent } from './leavers';

export const leaversCsv = (evidence: Evidence<LeaversContent>): string =>
  evidenceCsv(evidence, tableOfLines(evidence.content.lines, Object.keys(LeaverLine.shape)));

/** The counts, then everybody who left, in the order of the ends. */
export function leaversMarkdown(evidence: Evidence<LeaversContent>): string {
  const { leavers, removed, late, notRemoved, handedOff, lines, ...content } = evidence.content;
  const { medianMinutes = '-', longestMinutes = '-' } = content;
  const title = `Leavers: ${leavers}, removed ${removed}, late ${late}, not removed ${notRemoved}`;
  return evidenceMarkdown(title, evidence, [
    `Minutes to removal: median ${medianMinutes}, longest ${longestMinutes}. Left to a person, because not ours: ${handedOff}.`,
    table(
      [
        'worker',
        'package',
        'result',
        'ended',
        'HR told',
        'removed',
        'minutes',
        'outcome',
        'reason',
      ],
      lines.map((line) => [
        ...[line.worker, line.package, line.result, short(line.endedAt), short(line.toldAt)],
        ...[short(line.removedAt), line.minutesToRemoval, line.outcome, line.reason],
      ]),
    ),
  ]);
}
