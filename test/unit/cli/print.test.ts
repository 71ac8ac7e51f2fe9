import {
  CliError,
  counted,
  durationText,
  failureOutput,
  FailureOutput,
  tableOf,
  terminalOf,
  unknownEvent,
  warn,
  wrap,
} from '../../../cli/print';

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

test('a stored text cannot move the cursor of the person who reads it, and structures are shown as JSON', () => {
  const table = tableOf(['text', 'value'], [['a\u001b[2J\nb\u0085', { at: [1] }]], {
    colour: false,
  });
  expect(table.split('\n')).toEqual(['text      value', 'a?[2J?b?  {"at":[1]}']);
  expect(tableOf(['text'], [], { colour: false })).toBe('none');
});

test('a warning is a line of its own on standard error, so that what is printed can be read by a script', () => {
  const written: [string, string][] = [];
  for (const name of ['stdout', 'stderr'] as const)
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written.push([name, String(text)]);
      return true;
    });
  warn(['one', 'two']);
  jest.restoreAllMocks();
  expect(written).toEqual([
    ['stderr', 'warning: one\n'],
    ['stderr', 'warning: two\n'],
  ]);
});

test('a failure as JSON has what a script needs of it beside the message, and of a defect nothing more', () => {
  const failure = new CliError('2 of 3 events were sent', 1, { sent: 2 });
  expect(failureOutput(failure, failure.message, failure.code)).toEqual({
    error: { message: '2 of 3 events were sent', exitCode: 1, sent: 2 },
  });
  const defect = Object.assign(new Error('defect'), { sent: 2 });
  const output = failureOutput(defect, defect.message, 1);
  expect(FailureOutput.parse(output)).toEqual({ error: { message: 'defect', exitCode: 1 } });
});

test('an unknown event is a failure that names every source that was searched', () => {
  const { message, code } = unknownEvent('e-1', ['urn:a', 'urn:b']);
  expect(code).toBe(1);
  expect(message).toMatch(/^no event e-1 of urn:a, urn:b is known; "audit --day" lists/);
});

test.each([
  [0, '0 seconds'],
  [0.4, '0 seconds'],
  [59, '59 seconds'],
  [90, '1 minute 30 seconds'],
  [3_600, '1 hour'],
  [621_592.8, '7 days 4 hours'],
  [3_217_116, '37 days 5 hours'],
])('%s seconds are told in the units that people use', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
