type Cell = string | number | undefined;

export const list = (lines: readonly string[]): string =>
  lines.map((line) => `- ${line}`).join('\n');

/** Worker ids come from HR and may have any character. */
export const cell = (value: Cell): string =>
  String(value ?? '')
    .replace(/[\\|`<>*_[\]]/g, '\\$&')
    .replace(/\s+/g, ' ');

export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return 'None.';
  const line = (cells: readonly Cell[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
