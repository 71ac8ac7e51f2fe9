import { cell, table } from '../domain/markdown';
import { CompletenessLine, type CompletenessContent } from './completeness';
import type { Evidence } from './evidence';
import { evidenceCsv, evidenceMarkdown, short, tableOfLines } from './evidence-text';

export const completenessCsv = (evidence: Evidence<CompletenessContent>): string =>
  evidenceCsv(evidence, tableOfLines(evidence.content.lines, Object.keys(CompletenessLine.shape)));

/** The counts, what they are made of, and everything that was not delivered, the unexplained first. */
export function completenessMarkdown(evidence: Evidence<CompletenessContent>): string {
  const { codes, refused, notInRoster, lines } = evidence.content;
  const listed = (result: CompletenessLine['result']): string =>
    table(
      ['worker', 'event', 'received', 'code', 'reason', 'at', 'until'],
      lines
        .filter((line) => line.result === result)
        .map((line) => [
          ...[line.worker, line.event, short(line.receivedAt), line.code, line.reason],
          ...[short(line.at), short(line.until)],
        ]),
    );
  return evidenceMarkdown(`Completeness: ${countsOf(evidence.content)}`, evidence, [
    table(
      ['result', 'code', 'count'],
      codes.map(({ result, code, count }) => [result, code, count]),
    ),
    `Messages that were refused in the period: ${refused}.`,
    ...(notInRoster === undefined
      ? []
      : [
          `Got access in the period and are not in the roster: ${cell(notInRoster.join(', ')) || 'nobody'}.`,
        ]),
    `## Unexplained\n\n${listed('unexplained')}`,
    `## Explained\n\n${listed('explained')}`,
  ]);
}

const countsOf = (content: CompletenessContent): string =>
  [
    `expected ${content.expected}`,
    `delivered ${content.delivered}`,
    ...(content.explained === 0 ? [] : [`explained ${content.explained}`]),
    `unexplained ${content.unexplained}`,
  ].join(', ');
