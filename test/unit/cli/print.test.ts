import { counted, tableOf, terminalOf, wrap } from '../../../cli/print';

const headings = ['level', 'check', 'details'];
const long = 'this is what was found, and there is a lot to say of it. '.repeat(6).trim();
const rows = [
  ['fault', 'packages', long],
  ['ok', 'x'.repeat(150), 'short'],
];

test('no line of a table is wider than a terminal of 120 columns, and no text is lost', () => {
  const lines = tableOf(headings, rows, { columns: 120, colour: false }).split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
  const words = (text: string) => text.replaceAll(/\s/g, '').split('').sort().join('');
  expect(words(lines.join(''))).toBe(words([headings, ...rows].flat().join('')));
});

test('a table in a pipe has one line for each row, however long, and no colour', () => {
  const lines = tableOf(headings, rows, { colour: false }).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines.join('')).not.toContain('\u001b');
  expect(lines[1]).toContain(long);
});

test('headings are bold on a terminal, and stay plain with NO_COLOR, on a dumb terminal and in a pipe', () => {
  const on = (stream: object, env: NodeJS.ProcessEnv) =>
    tableOf(headings, [['ok', 'node', '']], terminalOf(stream, env)).startsWith('\u001b[1mlevel');
  expect(on({ isTTY: true, columns: 80 }, {})).toBe(true);
  expect(on({ isTTY: true, columns: 80 }, { NO_COLOR: '1' })).toBe(false);
  expect(on({ isTTY: true, columns: 80 }, { TERM: 'dumb' })).toBe(false);
  expect(on({}, {})).toBe(false);
});

test('a bold heading as wide as the terminal stays on one line', () => {
  const terminal = { columns: 40, colour: true };
  const text = wrap(tableOf(['event', 'why', 'result'], [['e', long, 'sent']], terminal), terminal);
  const [heading = ''] = text.split('\n');
  expect([heading.startsWith('\u001b[1mevent '), heading.endsWith('result\u001b[0m')]).toEqual([
    ...[true, true],
  ]);
});

test('a text is broken at spaces to the width of the terminal, and left alone in a pipe', () => {
  const text = `${long}\n${'y'.repeat(130)}`;
  const lines = wrap(text, { columns: 120, colour: false }).split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
  expect(lines.slice(0, -2).join(' ')).toBe(long);
  expect(wrap(text, { colour: false })).toBe(text);
});

test.each([
  [0, '0 rows'],
  [1, '1 row'],
  [2, '2 rows'],
])('%i is counted as %s', (count, text) => {
  expect(counted(count, 'row')).toBe(text);
});

test('a word with a plural of its own is counted with it', () => {
  expect([1, 2].map((count) => counted(count, 'entry', 'entries'))).toEqual([
    '1 entry',
    '2 entries',
  ]);
});
