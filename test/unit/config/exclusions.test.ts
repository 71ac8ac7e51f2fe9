import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadExclusionsFile } from '../../../shared/config/load-model';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'joinery-exclusions-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each<[unknown, RegExp]>([
  [{ nonsense: [] }, /^ {2}the list: Unrecognized key: "nonsense"$/m],
  [[], /^ {2}the list: must be an object, not a list$/m],
])('a fault of a list of exclusions is told with its place: %j', (content, line) => {
  const path = join(folder, 'exclusions.json');
  writeFileSync(path, JSON.stringify(content));
  expect(() => loadExclusionsFile(path)).toThrow(line);
});
