import { createInterface } from 'node:readline/promises';
import { z } from 'zod';

/** Where text goes. In a pipe or file there is no width and no colour. */
export type Terminal = { columns?: number | undefined; colour: boolean };
type Stream = { isTTY?: boolean; columns?: number };

/** Colour stays off where NO_COLOR is set (https://no-color.org) and on a terminal that has none. */
export function terminalOf(stream: Stream, env: NodeJS.ProcessEnv = process.env): Terminal {
  if (stream.isTTY !== true) return { colour: false };
  return { columns: stream.columns, colour: !env['NO_COLOR'] && env['TERM'] !== 'dumb' };
}

/** Prints JSON and nothing else, or what `human` makes of it, without a line that is wider than the terminal. */
export function print<Value>(value: Value, json: boolean, human: (value: Value) => string): void {
  const terminal = terminalOf(process.stdout);
  const text = json ? JSON.stringify(value, null, 2) : wrap(human(value), terminal);
  process.stdout.write(`${text}\n`);
}

/** What a person should know and that stops nothing. */
export function warn(lines: readonly string[]): void {
  const terminal = terminalOf(process.stderr);
  for (const line of lines) process.stderr.write(`${wrap(`warning: ${line}`, terminal)}\n`);
}

/** "1 row", "2 rows"; `several` where the plural is not the word with an s. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;

const UNITS: readonly [name: string, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** "37 days 5 hours", "1 minute 30 seconds": the largest unit that fits and the one below it, of seconds from 0. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const shownUnits = at < 0 ? UNITS.slice(-1) : UNITS.slice(at, at + 2);
  let rest = whole;
  const parts = shownUnits.flatMap(([name, size], place) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 && place > 0 ? [] : [counted(count, name)];
  });
  return parts.join(' ');
}

/** Whether there is somebody to ask. */
export const isTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

/** Asks on the terminal; only "yes" is yes. */
export async function askForYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} Type "yes": `);
  terminal.close();
  return answer.trim() === 'yes';
}

const GAP = '  ';
const NARROWEST = 12;

/**
 * Rows as aligned columns under their headings; an empty table says so. On a terminal, columns that do not fit are wrapped
 * and the headings are bold.
 */
export function tableOf(
  headings: readonly string[],
  rows: readonly (readonly unknown[])[],
  terminal: Terminal = terminalOf(process.stdout),
): string {
  if (rows.length === 0) return 'none';
  const cells = [headings, ...rows].map((row) => headings.map((_, at) => shown(row[at])));
  const widths = fit(
    headings.map((_, column) => Math.max(...cells.map((row) => lengthOf(row[column] ?? '')))),
    terminal.columns,
  );
  const [first = '', ...rest] = cells.map((row) => rowOf(row, widths));
  return [terminal.colour ? bold(first) : first, ...rest].join('\n');
}

/** The widths of columns within the terminal: the widest give way first. */
function fit(widths: number[], columns = Infinity): number[] {
  const fitted = [...widths];
  const total = () => fitted.reduce((sum, width) => sum + width, GAP.length * (fitted.length - 1));
  while (total() > columns) {
    const widest = Math.max(...fitted);
    if (widest <= NARROWEST) break;
    fitted[fitted.indexOf(widest)] = widest - 1;
  }
  return fitted;
}

/** One row, on as many lines as its longest cell needs. */
function rowOf(row: readonly string[], widths: readonly number[]): string {
  const lines = row.map((cell, column) => linesOf(cell, widths[column] ?? 0));
  const height = Math.max(...lines.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    lines
      .map((cell, column) => padded(cell[line] ?? '', widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  ).join('\n');
}

/** Text without a line that is wider than the terminal: broken at a space where there is one. */
export function wrap(text: string, { columns }: Terminal): string {
  if (columns === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => (lengthOf(line) <= columns ? [line] : linesOf(line, columns)))
    .join('\n');
}

function linesOf(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = Array.from(text);
  while (rest.length > width && width > 0) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > 0 ? space : width;
    lines.push(rest.slice(0, at).join(''));
    rest = rest.slice(space > 0 ? at + 1 : at);
  }
  return [...lines, rest.join('')];
}

const BOLD = '\u001b[1m';
const PLAIN = '\u001b[0m';
const bold = (text: string): string => `${BOLD}${text}${PLAIN}`;
/** The letters that a terminal shows. */
const lengthOf = (text: string): number =>
  Array.from(text.replaceAll(BOLD, '').replaceAll(PLAIN, '')).length;
const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - lengthOf(text)));

/** Control characters would let a stored text move the cursor of whoever reads it. */
export function shown(cell: unknown): string {
  const text = typeof cell === 'string' ? cell : cell === undefined ? '' : JSON.stringify(cell);
  return Array.from(text, (letter) => (/\p{Cc}/u.test(letter) ? '?' : letter)).join('');
}

/** A problem that the caller can fix. The command prints its message without a stack and exits with `code`. */
export class CliError extends Error {
  override name = 'CliError';
  readonly code: number;
  /** What a script may need of it besides the message. */
  readonly details: object;
  constructor(message: string, code = 1, details: object = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** What `--json` prints when a command fails: for people the message is on standard error too. */
export const FailureOutput = z.looseObject({
  error: z.looseObject({ message: z.string(), exitCode: z.number().int() }),
});

export const failureOutput = (
  error: unknown,
  message: string,
  exitCode: number,
): z.infer<typeof FailureOutput> => ({
  error: { message, exitCode, ...(error instanceof CliError && error.details) },
});

export const unknownEvent = (id: string, sources: readonly string[]): CliError =>
  new CliError(
    `no event ${id} of ${sources.join(', ')} is known; "audit --day" lists messages without a readable id`,
  );

export const ambiguousEvent = (id: string, sources: readonly string[]): CliError => {
  const list = sources.map((source) => `  --source ${source}`).join('\n');
  return new CliError(`several sources have an event ${id}; add one of:\n${list}`, 2);
};
