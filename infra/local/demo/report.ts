import type { AuditLine } from './assertion';
import type { Result } from './run-scenarios';

/** The result of a run. */
export type Report = {
  passed: boolean;
  seconds: number;
  people: {
    worker: string;
    description: string;
    expected: string;
    outcome: string;
    reason?: string;
    asExpected: boolean;
  }[];
  /** Dead letters in the queue, and the expected number. */
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
  const people = results.map(({ messages: { scenario }, assertion }) => ({
    worker: scenario.worker,
    description: scenario.description,
    expected: scenario.expected,
    outcome: assertion.outcome,
    ...(assertion.reason === undefined ? {} : { reason: assertion.reason }),
    asExpected: assertion.asExpected,
  }));
  const expectedDeadLetters = results.flatMap(({ messages }) => messages.rejects).length;
  const passed = people.every((person) => person.asExpected) && deadLetters === expectedDeadLetters;
  return { passed, seconds, people, deadLetters, expectedDeadLetters, audit };
}

/** Every audit row, in the order of writing. */
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

export function summaryLine(report: Report): string {
  const { passed, people, seconds, deadLetters, expectedDeadLetters } = report;
  const wrong = people.filter((person) => !person.asExpected);
  const right = people.length - wrong.length;
  const others = wrong.map(
    ({ worker, expected, outcome }) => `; ${worker} ended as ${outcome}, expected ${expected}`,
  );
  return (
    `${passed ? 'PASSED' : 'FAILED'}: ${right} of ${people.length} scenarios ended as expected, ` +
    `${deadLetters} of ${expectedDeadLetters} expected dead letters, ${seconds.toFixed(0)} s${others.join('')}`
  );
}

/** Lines of text as a table; each column as wide as its widest cell. */
export function tableOf(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    line(headings),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...rows.map(line),
  ].join('\n');
}
