import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const page = readFileSync(resolve('docs/faults.md'), 'utf8');
/** As the page quotes them: a link to the file, and the name as the file has it. */
const quoted = [...page.matchAll(/\]\(\.\.\/(test\/[\w./-]+\.test\.ts)\): (.+?) *(?=<br>|\|)/g)];

test('every test that the page of faults quotes is there, by file and name', () => {
  const missing = quoted.filter(([, file = '', name = '']) => {
    const path = join(resolve('.'), file);
    return !existsSync(path) || !namesIn(path).includes(name);
  });
  expect(quoted.length).toBeGreaterThan(90);
  expect(missing.map(([whole]) => whole)).toEqual([]);
});

test('every row of bad input is told once', () => {
  const rows = [...page.matchAll(/^\| B(\d+) /gm)].map(([, row]) => Number(row));
  expect(rows).toEqual(Array.from({ length: 91 }, (_, index) => index + 1));
});

/** The source without what a quoted name may need: backslashes before quotes. */
const namesIn = (path: string): string => readFileSync(path, 'utf8').replaceAll("\\'", "'");
