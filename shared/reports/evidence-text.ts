import { cell, list } from '../domain/markdown';
import type { Evidence } from './evidence';

type Cell = string | number | undefined;
export type EvidenceTable = { columns: readonly string[]; rows: readonly (readonly Cell[])[] };

/** What a report says of itself, as names and values. */
function aboutLines({ content, hash, made }: Evidence): [name: string, value: string][] {
  const { period, filters, rows, environments, notes } = content;
  return [
    ['period', `from ${period.from ?? 'the first row'} (included) to ${period.to} (excluded), UTC`],
    ...filters.map((filter) => ['filter', filter] as [string, string]),
    ['rows', `${rows.in} audit rows read, ${rows.out} lines in this report`],
    ['environment', environments.join(', ') || 'none'],
    ...notes.map((note) => ['note', note] as [string, string]),
    ['made', `at ${made.at} (UTC) by ${made.by} with Joinery ${made.version}`],
    ['command', made.command],
    ['hash', `${hash} (SHA-256 of the content)`],
  ];
}

/** The report for people and for paper: what it says of itself, then its sections. */
export const evidenceMarkdown = (
  title: string,
  evidence: Evidence,
  sections: readonly string[],
): string =>
  [
    `# ${title}`,
    list(aboutLines(evidence).map(([name, value]) => `${name}: ${cell(value)}`)),
    ...sections,
  ]
    .join('\n\n')
    .concat('\n');

/**
 * The report as CSV (RFC 4180) behind lines of comment, which begin with `#` as in the W3C's CSV on the Web. No cell is taken
 * for a formula by a spreadsheet.
 */
export function evidenceCsv(evidence: Evidence, { columns, rows }: EvidenceTable): string {
  const comments = aboutLines(evidence).map(([name, value]) => `# ${name}: ${inComment(value)}`);
  const records = [columns, ...rows].map((cells) => cells.map(csvCell).join(','));
  return [...comments, ...records].map((line) => `${line}\r\n`).join('');
}

/** A spreadsheet splits a comment at separators: no piece of it may begin like a formula. */
const inComment = (value: string): string =>
  unbroken(value).replace(/([,;"]\s*)(?=[=+\-@＝＋－＠])/g, "$1'");

const unbroken = (value: string): string =>
  Array.from(value, (letter) => (/\p{Cc}/u.test(letter) ? ' ' : letter)).join('');

/** What a spreadsheet may take for a formula gets an apostrophe in front. Source: https://owasp.org/www-community/attacks/CSV_Injection */
function csvCell(value: Cell): string {
  if (typeof value === 'number' || value === undefined) return String(value ?? '');
  const isFormula = /^\s*[=+\-@＝＋－＠]/u.test(value) || /^[\t\r\n]/.test(value);
  return `"${(isFormula ? `'${unbroken(value)}` : unbroken(value)).replaceAll('"', '""')}"`;
}

/** The lines of a report as a table with these of their members. */
export function tableOfLines(
  lines: readonly Readonly<Record<string, Cell | readonly string[]>>[],
  columns: readonly string[],
): EvidenceTable {
  const cellOf = (value: Cell | readonly string[]): Cell =>
    typeof value === 'object' ? value.join('; ') : value;
  return { columns, rows: lines.map((line) => columns.map((name) => cellOf(line[name]))) };
}

/** Without milliseconds. */
export const short = (time: string | undefined): string => time?.replace(/\.\d+Z$/, 'Z') ?? '';
