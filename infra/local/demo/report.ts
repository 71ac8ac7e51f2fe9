import type { AuditLine } from './records';
import type { Result } from './stage';
import { tableOf } from './table';

/** What a whole run came to. */
export type Report = {
  passed: boolean;
  seconds: number;
  people: {
    worker: string;
    story: string;
    expected: string;
    outcome: string;
    reason?: string;
    asExpected: boolean;
  }[];
  /** Messages that the queue gave up on, and how many should have been. */
  deadLetters: number;
  expectedDeadLetters: number;
  audit: AuditLine[];
};

export function reportOf(
  results: Result[],
  audit: AuditLine[],
  deadLetters: number,
  seconds: number,
): Report {
  const people = results.map(({ part: { joiner }, verdict }) => ({
    worker: joiner.worker,
    story: joiner.story,
    expected: joiner.ends,
    outcome: verdict.outcome,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    asExpected: verdict.asExpected,
  }));
  const expectedDeadLetters = results.flatMap(({ part }) => part.rejects).length;
  const passed = people.every((person) => person.asExpected) && deadLetters === expectedDeadLetters;
  return { passed, seconds, people, deadLetters, expectedDeadLetters, audit };
}

/** Every audit row in the order of its writing. */
export function auditTable(audit: AuditLine[]): string {
  const rows = audit
    .toSorted((one, other) => one.recordedAt.localeCompare(other.recordedAt))
    .map((row) => [
      row.recordedAt.slice(11, 23),
      row.workerId ?? '-',
      row.kind,
      row.step ?? '',
      row.packageName ?? '',
      row.outcome ?? '',
      row.reason ?? '',
      row.graphState ?? '',
    ]);
  const headings = [
    'recorded',
    'worker',
    'row',
    'step',
    'package',
    'outcome',
    'reason',
    'in Graph',
  ];
  return tableOf(headings, rows);
}

/** One line for a person to read and a script to ask for. */
export function verdictLine(report: Report): string {
  const { passed, people, seconds, deadLetters, expectedDeadLetters } = report;
  const wrong = people.filter((person) => !person.asExpected);
  const right = people.length - wrong.length;
  const others = wrong.map(
    ({ worker, expected, outcome }) => `; ${worker} ended as ${outcome} and not as ${expected}`,
  );
  return (
    `${passed ? 'PASSED' : 'FAILED'}: ${right} of ${people.length} people reached the end expected of them, ` +
    `${deadLetters} of ${expectedDeadLetters} expected dead letters, ${seconds.toFixed(0)} s${others.join('')}`
  );
}
