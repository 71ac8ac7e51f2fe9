import { cell, list, table } from '../domain/markdown';
import type { AccessContent } from './access';
import { AccessLine } from './access-line';
import type { Evidence } from './evidence';
import { evidenceCsv, evidenceMarkdown, short, tableOfLines } from './evidence-text';

export const accessCsv = (evidence: Evidence<AccessContent>): string =>
  evidenceCsv(evidence, tableOfLines(evidence.content.lines, Object.keys(AccessLine.shape)));

/** A table of all changes, then for each what an auditor asks about it. */
export function accessMarkdown(evidence: Evidence<AccessContent>): string {
  const { lines, workers, withoutChange } = evidence.content;
  return evidenceMarkdown(`Access of ${workers.length} workers`, evidence, [
    table(
      [
        'no.',
        'worker',
        'package',
        'change',
        'outcome',
        'due',
        'delivered',
        'margin, min',
        'proof',
        'sealed',
      ],
      lines.map((line, at) => [
        ...[at + 1, line.worker, line.package, line.action, line.outcome],
        ...[
          short(line.dueAt),
          short(line.deliveredAt),
          line.marginMinutes,
          line.proof,
          line.sealedHour,
        ],
      ]),
    ),
    ...(withoutChange.length === 0
      ? []
      : [`No change of access in the period: ${cell(withoutChange.join(', '))}.`]),
    ...lines.map((line, at) => `## ${at + 1}. ${cell(titleOf(line))}\n\n${detailsOf(line)}`),
  ]);
}

const titleOf = ({ worker, packageName, action, outcome, ...line }: AccessLine): string =>
  `${worker}: ${action ?? 'change'} ${packageName ?? line.package}, ${outcome}`;

function detailsOf(line: AccessLine): string {
  const details: [string, (string | number | undefined)[]][] = [
    ['Rule', [line.rule, line.ruleDescription]],
    ['Because of', line.facts],
    ['Received, due', [line.receivedAt, line.dueAt]],
    ['Asked for, delivered, until', [line.submittedAt, line.deliveredAt, line.until]],
    ['Outcome', [line.outcome, line.reason, line.graphState, line.errorCode]],
    ['Ended after its event', [line.endedLaterAs, line.endedLaterAt]],
    ['Approval', [approvalText(line)]],
    ['Started by', [line.initiator, line.requestedBy, line.requestReason, line.replayReason]],
    ['Event', [line.event, line.source, `attempt ${line.attempt}`]],
    ['Account', [line.account, line.held && `had ${line.held}`, line.whose]],
    ['Package, catalog, policy', [line.accessPackageId, line.catalogId, line.policyId]],
    ['Request, assignment', [line.requestId, line.assignmentId]],
    ['Definition of the package', [line.packageVersion]],
    ['Access model, version of the app', [line.accessModelHash, line.appVersion, line.environment]],
    ['Proof', [line.proof, line.rowHash]],
    ['Sealed', line.sealedHour === undefined ? ['not'] : [line.sealedHour, line.sealedRoot]],
  ];
  return list(
    details.flatMap(([name, values]) => {
      const present = values.filter((value) => value !== undefined && value !== '');
      return present.length === 0 ? [] : [`${name}: ${cell(present.join('; '))}`];
    }),
  );
}

/** What is known of an approval, and that the decider is not where that cannot be read. */
function approvalText(line: AccessLine): string | undefined {
  const { modelApproval, policyApproval, approver, brake, decidedBy, decisionReason } = line;
  const parts = [
    modelApproval && `model: ${modelApproval}`,
    policyApproval && `policy: ${policyApproval}`,
    approver && `approver: ${approver}`,
    brake &&
      `held by the brake ${brake}, decided by ${decidedBy ?? '?'} (${decisionReason ?? '?'})`,
  ];
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? undefined : known.join(', ');
}
