import { resolve } from 'node:path';
import { executedFiles } from './executed-files';

const MOST_FILES = 82;

test(`one happy joiner executes at most ${MOST_FILES} product files`, async () => {
  const files = await executedFiles(resolve('.'));
  console.log(`${files.length} product files\n${files.join('\n')}`);
  expect(files).toContain('dist/orchestrations/access-change.js');
  expect(files.length).toBeLessThanOrEqual(MOST_FILES);
}, 120_000);
