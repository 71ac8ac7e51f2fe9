import { snapshotsOf } from '../../../shared/roster/snapshots';
import { readRosterRows, RosterMap } from '../../../shared/roster/rows';

const map: RosterMap = {
  Number: 'workerId',
  Post: 'employmentId',
  Start: 'from',
  End: 'until',
  Zone: 'timeZone',
  Department: 'attributes.department',
  Phone: null,
};
const HEADER = 'Number,Post,Start,End,Zone,Department,Phone';
const origin = { source: 'urn:hr:acme:workday', asOf: '2026-11-01T00:00:00.000Z' };

const read = (text: string | Buffer, format: 'csv' | 'json' = 'csv', columns = map) =>
  snapshotsOf(readRosterRows(Buffer.from(text), format, columns), columns, origin);
const csv = (...lines: string[]) => read([HEADER, ...lines].join('\n'));

const span = (from: string, department: string, more: object = {}) => ({
  ...{ employmentId: 'primary', from, attributes: { department }, ...more },
});

test('each worker becomes one snapshot, with a span for each row', () => {
  const { workers, faults } = csv(
    'W-1,,2020-01-01,,Asia/Tokyo,Finance,+49 30 1',
    'W-2,E-1,2024-02-29,2024-12-31,,Sales,',
    'W-2,E-2,2025-01-01,,,,',
  );
  expect(faults).toEqual([]);
  expect(workers.map(({ line }) => line)).toEqual([2, 3]);
  expect(workers.map(({ fact }) => fact)).toMatchObject([
    {
      ...{ workerId: 'W-1', source: origin.source, time: origin.asOf, timeZone: 'Asia/Tokyo' },
      id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      states: { kind: 'snapshot', spans: [span('2020-01-01', 'Finance')] },
    },
    {
      states: {
        spans: [
          span('2024-02-29', 'Sales', { employmentId: 'E-1', until: '2024-12-31' }),
          // An empty value is no value.
          { employmentId: 'E-2', from: '2025-01-01', attributes: {} },
        ],
      },
    },
  ]);
});

test('the id of a snapshot depends on worker, content and instant, and on nothing else', () => {
  const idOf = (line: string, asOf = origin.asOf): string => {
    const rows = readRosterRows(Buffer.from(`${HEADER}\n${line}`), 'csv', map);
    return snapshotsOf(rows, map, { ...origin, asOf }).workers[0]?.fact.id ?? '';
  };
  const id = idOf('W-1,,2020-01-01,,,Finance,1');
  expect(idOf('W-1,,2020-01-01,,,Finance,2')).toBe(id);
  expect(idOf('W-1,primary,2020-01-01,,,Finance,')).toBe(id);
  const others = [
    idOf('W-2,,2020-01-01,,,Finance,1'),
    idOf('W-1,,2020-01-01,,,Sales,1'),
    idOf('W-1,,2020-01-01,,Asia/Tokyo,Finance,1'),
    idOf('W-1,,2020-01-01,,,Finance,1', '2026-11-02T00:00:00.000Z'),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});

test.each<[string, string]>([
  [
    'a byte order mark and line ends of Windows',
    `\uFEFF${HEADER}\r\nW-1,,2020-01-01,,,Finance,\r\n`,
  ],
  ['line ends of an old Mac', `${HEADER}\rW-1,,2020-01-01,,,Finance,`],
  ['semicolons', `${HEADER.replaceAll(',', ';')}\nW-1;;2020-01-01;;;Finance;`],
  ['tabs', `${HEADER.replaceAll(',', '\t')}\nW-1\t\t2020-01-01\t\t\tFinance\t`],
  [
    'columns in another order',
    'Phone,Department,Zone,End,Start,Post,Number\n,Finance,,,2020-01-01,,W-1',
  ],
  [
    'quotes around everything',
    `"${HEADER.replaceAll(',', '","')}"\n"W-1","","2020-01-01","","","Finance",""`,
  ],
  ['empty lines', `${HEADER}\n\n\nW-1,,2020-01-01,,,Finance,\n\n`],
])('CSV with %s is read', (_, text) => {
  const { workers, faults } = read(text);
  expect(faults).toEqual([]);
  expect(workers.map(({ fact }) => fact.states)).toEqual([
    { kind: 'snapshot', spans: [span('2020-01-01', 'Finance')] },
  ]);
});

test('a value may hold separators, doubled quotes and line ends, and lines are counted as an editor counts them', () => {
  const { workers, faults } = csv(
    'W-1,,2020-01-01,,,"Research, ""deep""",',
    'W-2,,2020-01-01,,,"Two\r\nlines\nand three",',
    '',
    'W-3,,2020-01-01,,,Finance,',
  );
  expect(faults).toEqual([]);
  expect(workers.map(({ line }) => line)).toEqual([2, 3, 7]);
  expect(workers.map(({ fact }) => fact.states)).toMatchObject([
    { spans: [{ attributes: { department: 'Research, "deep"' } }] },
    { spans: [{ attributes: { department: 'Two\r\nlines\nand three' } }] },
    {},
  ]);
});

test('a JSON array says the same, and a member that is not there has no value', () => {
  const rows = [
    { Number: 'W-1', Start: '2020-01-01', Department: 'Finance', Phone: 4711, End: null },
    { Number: 'W-2', Start: '2020-01-01' },
  ];
  const { workers, faults } = read(JSON.stringify(rows, null, 2), 'json');
  expect(faults).toEqual([]);
  expect(workers.map(({ line }) => line)).toEqual([2, 9]);
  const [fact] = csv('W-1,,2020-01-01,,,Finance,').workers;
  expect(workers[0]?.fact).toEqual(fact?.fact);
});

test('every fault is listed with its line and column, and nothing is taken', () => {
  const { workers, faults } = csv(
    'W-1,,2020-01-01,,,Finance,',
    'W 2,,01/02/2020,,,Finance,',
    ',,,,,,',
    'W-4,,2020-01-01,2019-12-31,Mars/Olympus,Finance,',
    'W-5,,2020-01-01,,',
  );
  expect(workers).toEqual([]);
  const id = '1 to 64 of A-Z a-z 0-9 . _ : -';
  const date = 'a calendar date yyyy-mm-dd of the years 0001 to 9999';
  expect(faults).toEqual([
    { line: 3, column: 'Number', rule: id },
    { line: 3, column: 'Start', rule: date },
    { line: 4, column: 'Number', rule: id },
    { line: 4, column: 'Start', rule: date },
    { line: 5, column: 'End', rule: 'a date on or after from' },
    { line: 5, column: 'Zone', rule: 'a time zone name of the IANA database' },
    { line: 6, rule: '7 values, as the header has, not 5' },
  ]);
});

test.each<[string, string, object[]]>([
  [
    'a column that the map lacks, one that the header lacks, and one that stands twice',
    `${HEADER.replace('Zone', 'Zeit').replace('Phone', 'End')}\nW-1,,2020-01-01,,,,`,
    [
      { line: 1, column: 'End', rule: 'one column of this name' },
      {
        ...{ line: 1, column: 'Zeit' },
        rule: 'a column that the map has, with null if it is not to be read',
      },
      { line: 1, column: 'Zone', rule: 'this column, which the map has' },
      { line: 1, column: 'Phone', rule: 'this column, which the map has' },
    ],
  ],
  [
    'a quote that is not closed',
    `${HEADER}\nW-1,,2020-01-01,,,Finance,\n\nW-2,,2020-01-01,,,"Finance,\nW-3,,2020-01-01,,,,`,
    [
      {
        line: 4,
        rule: 'quotes around a whole value, and doubled inside it; nothing behind it was read',
      },
    ],
  ],
  ['nothing', '', [{ rule: 'a header and a row for each' }]],
  [
    'two rows of one worker for one employment and day',
    `${HEADER}\nW-1,,2020-01-01,,,Finance,\nW-2,,2020-01-01,,,,\nW-1,primary,2020-01-01,,,Sales,`,
    [{ line: 4, rule: 'another employment or first day than line 2 of this worker' }],
  ],
  [
    'two time zones of one worker',
    `${HEADER}\nW-1,E-1,2020-01-01,,Asia/Tokyo,Finance,\nW-1,E-2,2020-01-01,,,Sales,`,
    [{ line: 3, rule: 'the time zone of line 2 of this worker' }],
  ],
])('CSV with %s is refused', (_, text, faults) => {
  expect(read(text)).toEqual({ workers: [], faults });
});

test('text in another encoding is refused, and so are members that a JSON roster should not have', () => {
  const encoding = { rule: 'UTF-8; save it as "CSV UTF-8"' };
  expect(read(Buffer.from(`${HEADER}\nW-1,,2020-01-01,,,Böhm,`, 'latin1')).faults).toEqual([
    encoding,
  ]);
  expect(read(Buffer.from(HEADER, 'utf16le')).faults).toEqual([encoding]);
  const rows = [{ Number: 1, Start: '2020-01-01', Secret: 'x' }, [], 'text'];
  expect(read(JSON.stringify(rows, null, 1), 'json').faults).toEqual([
    { line: 2, column: 'Number', rule: 'a text, or null' },
    {
      ...{ line: 2, column: 'Secret' },
      rule: 'a member that the map has, with null if it is not to be read',
    },
    { line: 7, rule: 'an object' },
    { line: 8, rule: 'an object' },
  ]);
  expect(read('{}', 'json').faults).toEqual([{ rule: 'one JSON array of objects' }]);
  const twice = '[{"Number":"W-1",\n"Number":"W-2"}]';
  expect(read(twice, 'json').faults).toEqual([{ line: 2, rule: 'no key twice in one object' }]);
});

test('spans of one worker that are too large together are refused at their first line', () => {
  const long = 'x'.repeat(256);
  const lines = Array.from({ length: 130 }, (_, n) => `W-1,E-${n},2020-01-01,,,${long},`);
  expect(csv('W-2,,2020-01-01,,,,', ...lines).faults).toEqual([
    { line: 3, rule: expect.stringContaining('32000 characters') as string },
  ]);
});

test.each<[string, unknown, string]>([
  ['without a worker', { Start: 'from' }, 'no column says workerId'],
  ['without a first day', { Number: 'workerId' }, 'no column says from'],
  [
    'with two columns for one member',
    { A: 'workerId', B: 'workerId', C: 'from' },
    'two columns say workerId',
  ],
  [
    'with an unknown member',
    { A: 'workerId', B: 'from', C: 'salary' },
    'attributes.<name>, or null',
  ],
  ['that is no object', [], 'an object with a member for each column'],
])('a map %s is refused', (_, given, message) => {
  const issues = RosterMap.safeParse(given).error?.issues ?? [];
  expect(issues.map((issue) => issue.message).join()).toContain(message);
});
