import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBicep, NO_CLI } from '../../../infra/azure/check/bicep-cli';
import { checkInfrastructure } from '../../../infra/azure/check/check-infrastructure';
import { folder } from './compiled';

const cli = findBicep(folder, { restore: false });
const withCli = cli ? test : test.skip;
if (!cli)
  console.log(`Tests with the Bicep CLI are skipped: ${NO_CLI}; "npm run infra" restores it`);

// The CLI starts a dozen times, and slowly on a busy machine.
jest.setTimeout(240_000);

/** The findings in a copy of infra/azure with these texts replaced in their files. */
function checkPlanted(replacements: [file: string, text: string, by: string][]): string {
  const copy = mkdtempSync(join(tmpdir(), 'joinery-infra-'));
  try {
    const isSource = (path: string) => !/infra\/azure\/(cli|check)\b/.test(path);
    cpSync(folder, copy, { recursive: true, filter: isSource });
    for (const [file, text, by] of replacements) {
      const source = readFileSync(join(copy, file), 'utf8');
      expect(source).toContain(text);
      writeFileSync(join(copy, file), source.replace(text, by));
    }
    if (!cli) throw new Error(NO_CLI);
    return checkInfrastructure(cli, copy)
      .map(({ where, what }) => `${where}: ${what}`)
      .join('\n');
  } finally {
    rmSync(copy, { recursive: true });
  }
}

withCli('an unknown property and an unused parameter do not build', () => {
  const findings = checkPlanted([
    ['modules/service-bus.bicep', 'lockDuration:', 'lockDurationn:'],
    ['modules/identity.bicep', 'param name string', 'param name string\nparam unused int = 1'],
  ]);
  expect(findings).toMatch(/modules\/service-bus.bicep\(\d+,5\): .*"lockDurationn" is not allowed/);
  expect(findings).toMatch(/modules\/identity.bicep\(\d+,7\): .*no-unused-params/);
});

withCli('each weakness that builds is reported', () => {
  const findings = checkPlanted([
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
  expect(findings).toContain('storage/audit/account: shared keys are on');
  expect(findings).toContain('serviceBus/queue: duplicate detection is on');
  expect(findings).toContain('access/operatorsSee: assigns the role Owner');
  expect(findings).toMatch(/main.bicepparam\(.*"PACKAGE" is not allowed/);
  expect(findings).toContain('main.json: is not what main.bicep compiles to');
  expect(findings).toContain('modules/storage-account.bicep: is not formatted');
});
