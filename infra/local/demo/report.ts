import type { AuditLine } from './assertion';
import { type LifeResult, minuteOf } from './run-life';
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
  /** The steps of the lives that were reached, in order, and how many there are. */
  life: LifeResult[];
  lifeSteps: number;
  /** Why the lives are left out, if they are. */
  lifeLeftOut?: string;
  /** Dead letters in the queue, and the expected number. */
  deadLetters: number;
  expectedDeadLetters: number;
  audit: AuditLine[];
};

type Observed = Pick<
  Report,
  'life' | 'lifeSteps' | 'lifeLeftOut' | 'deadLetters' | 'audit' | 'seconds'
>;

export function reportOf(results: Result[], observed: Observed): Report {
  const { life, lifeSteps, deadLetters } = observed;
  const people = results.map(({ messages: { scenario }, assertion }) => ({
    worker: scenario.worker,
    description: scenario.description,
    expected: scenario.expected,
    outcome: assertion.outcome,
    ...(assertion.reason === undefined ? {} : { reason: assertion.reason }),
    asExpected: assertion.asExpected,
  }));
  const expectedDeadLetters = results.flatMap(({ messages }) => messages.rejects).length;
  const passed =
    people.every((person) => person.asExpected) &&
    life.filter((step) => step.asExpected).length === lifeSteps &&
    deadLetters === expectedDeadLetters;
  return { passed, people, expectedDeadLetters, ...observed };
}

/** Every audit row, in the order of writing. */
export function auditTable(audit: AuditLine[]): string {
  const rows = audit
    .toSorted((one, other) => one.recordedAt.localeCompare(other.recordedAt))
    .map((row) => [
      row.recordedAt.slice(0, 23).replace('T', ' '),
      row.workerId ?? '-',
      row.kind,
      row.step ?? '',
      row.packageName ?? '',
      row.outcome ?? waitOf(row),
      row.reason ?? '',
      row.graphState ?? '',
      minuteOf(row.actAt),
      minuteOf(row.readyBy),
      row.marginMinutes?.toFixed(2) ?? '',
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
    ...['act at', 'ready by', 'margin'],
  ];
  return tableOf(headings, rows);
}

const waitOf = ({ waitingFor, waitingUntil }: AuditLine): string =>
  [waitingFor, minuteOf(waitingUntil)].filter(Boolean).join(' until ');

export function summaryLine(report: Report): string {
  const { passed, people, life, lifeSteps, seconds, deadLetters, expectedDeadLetters } = report;
  const wrong = people.filter((person) => !person.asExpected);
  const right = people.length - wrong.length;
  const others = wrong.map(
    ({ worker, expected, outcome }) => `; ${worker} ended as ${outcome}, expected ${expected}`,
  );
  const steps = life.filter((step) => step.asExpected).length;
  const told = lifeSteps > 0 ? ` and ${steps} of ${lifeSteps} steps of lives` : '';
  return (
    `${passed ? 'PASSED' : 'FAILED'}: ${right} of ${people.length} scenarios${told} ended as expected, ` +
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
