import { join } from 'node:path';
import { projectRoot } from '../../local/part';
import { BICEP_VERSION, findBicep, NO_CLI } from './bicep-cli';
import { bicepFiles } from './build';
import { checkInfrastructure } from './check-infrastructure';

const folder = join(projectRoot(), 'infra/azure');
const cli = findBicep(folder);
if (!cli) {
  console.error(`infra: ${NO_CLI}`);
  process.exit(2);
}
const findings = checkInfrastructure(cli, folder, { write: process.argv.includes('--write') });
for (const { where, what } of findings) console.error(`infra/azure/${where}: ${what}`);
const version = cli.pinned ? cli.version : `${cli.version}, not the pinned ${BICEP_VERSION}`;
const files = bicepFiles(folder).length;
console.log(`infra: ${files} files, ${findings.length} findings (Bicep ${version})`);
process.exitCode = findings.length > 0 ? 1 : 0;
