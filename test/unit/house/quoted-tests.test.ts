import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const faults = readFileSync('docs/faults.md', 'utf8');

/** A quote in the pages: a link to the file, then the title as it stands in the file. */
const QUOTED = /\]\((\.\.\/test\/[\w./-]+\.test\.ts)\): (.+?) *(?=<br>|\|)/g;

test.each([
  ['docs/faults.md', 200],
  ['docs/guarantees.md', 20],
])('every test that %s quotes exists, by file and title', (path, atLeast) => {
  const quoted = [...readFileSync(resolve(path), 'utf8').matchAll(QUOTED)];
  const missing = quoted.filter(([, file = '', name = '']) => {
    const there = join(dirname(resolve(path)), file);
    return !existsSync(there) || !namesIn(there).includes(name);
  });
  expect(quoted.length).toBeGreaterThan(atLeast);
  expect(missing.map(([whole]) => whole)).toEqual([]);
});

test('every file that a page of the project links to exists', () => {
  const files = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');
  const links = files.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)].map(
      ([, file = '']) => ({ page, file: join(dirname(page), file) }),
    ),
  );
  expect(links.length).toBeGreaterThan(200);
  expect(links.filter(({ file }) => !existsSync(file))).toEqual([]);
});

test.each([
  ['F', 80],
  ['B', 91],
  ['R', 20],
  ['T', 8],
])('docs/faults.md has every row %s once', (letter, count) => {
  const rows = [...faults.matchAll(new RegExp(`^\\| ${letter}(\\d+) `, 'gm'))];
  expect(rows.map(([, row]) => Number(row))).toEqual(
    Array.from({ length: count }, (_, index) => index + 1),
  );
});

/** The source, without backslashes before quotes. */
const namesIn = (path: string): string => readFileSync(path, 'utf8').replaceAll("\\'", "'");
