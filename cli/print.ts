/** Prints JSON and nothing else, or what `human` makes of it. */
export function print<Value>(value: Value, json: boolean, human: (value: Value) => string): void {
  process.stdout.write(`${json ? JSON.stringify(value, null, 2) : human(value)}\n`);
}

/** Rows as aligned columns under their headings; an empty table says so. */
export function tableOf(
  headings: readonly string[],
  rows: readonly (readonly unknown[])[],
): string {
  if (rows.length === 0) return 'none';
  const cells = [headings, ...rows].map((row) => row.map((cell) => shown(cell)));
  const widths = headings.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Control characters would let a stored text move the cursor of whoever reads it. */
function shown(cell: unknown): string {
  const text = typeof cell === 'string' ? cell : cell === undefined ? '' : JSON.stringify(cell);
  return Array.from(text, (letter) => (/\p{Cc}/u.test(letter) ? '?' : letter)).join('');
}

/** A problem that the caller can fix. The command prints its message without a stack and exits with `code`. */
export class CliError extends Error {
  override name = 'CliError';
  readonly code: number;
  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

export const unknownEvent = (id: string, sources: readonly string[]): CliError =>
  new CliError(
    `no event ${id} of ${sources.join(', ')} is known; "audit --day" lists messages without a readable id`,
  );
