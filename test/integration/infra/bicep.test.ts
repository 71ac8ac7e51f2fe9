import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBicep, NO_CLI } from '../../../infra/azure/check/bicep-cli';
import { checkInfrastructure } from '../../../infra/azure/check/check-infrastructure';
import { folder } from './compiled';

const cli = findBicep(folder, { restore: false });
const withCli = cli ? test : test.skip;
if (!cli) console.log(`Bicep itself is not tried: ${NO_CLI}; "npm run infra" restores it`);

// A dozen starts of the CLI, which is slow to start on a busy machine.
jest.setTimeout(240_000);

/** What the check says of a copy in which these texts, each in its file, are others. */
function checkPlanted(plants: [file: string, text: string, by: string][]): string {
  const copy = mkdtempSync(join(tmpdir(), 'joinery-infra-'));
  try {
    const isSource = (path: string) => !/infra\/azure\/(cli|check)\b/.test(path);
    cpSync(folder, copy, { recursive: true, filter: isSource });
    for (const [file, text, by] of plants) {
      const source = readFileSync(join(copy, file), 'utf8');
      expect(source).toContain(text);
      writeFileSync(join(copy, file), source.replace(text, by));
    }
    if (!cli) throw new Error(NO_CLI);
    const findings = checkInfrastructure(cli, copy);
    return findings.map(({ where, what }) => `${where}: ${what}`).join('\n');
  } finally {
    rmSync(copy, { recursive: true });
  }
}

withCli('a property of a wrong name and an unused parameter do not build', () => {
  const told = checkPlanted([
    ['modules/service-bus.bicep', 'lockDuration:', 'lockDurationn:'],
    ['modules/identity.bicep', 'param name string', 'param name string\nparam unused int = 1'],
  ]);
  expect(told).toMatch(/modules\/service-bus.bicep\(\d+,5\): .*"lockDurationn" is not allowed/);
  expect(told).toMatch(/modules\/identity.bicep\(\d+,7\): .*no-unused-params/);
});

withCli('what builds but is weaker fails, each weakness by its name', () => {
  const told = checkPlanted([
    [
      'modules/storage-account.bicep',
      'allowSharedKeyAccess: false',
      'allowSharedKeyAccess:   true',
    ],
    [
      'modules/service-bus.bicep',
      'requiresDuplicateDetection: false',
      'requiresDuplicateDetection: true',
    ],
    [
      'modules/roles.bicep',
      'acdd72a7-3385-48ef-bd42-f606fba81ae7',
      '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
    ],
    ['main.bicepparam', 'PACKAGES:', 'PACKAGE:'],
  ]);
  expect(told).toContain('storage/audit/account: shared keys are on');
  expect(told).toContain('serviceBus/queue: duplicate detection is on');
  expect(told).toContain('access/operatorsSee: gives the role Owner');
  expect(told).toMatch(/main.bicepparam\(.*"PACKAGE" is not allowed/);
  expect(told).toContain('main.json: is not what main.bicep compiles to');
  expect(told).toContain('modules/storage-account.bicep: is not formatted');
});
