import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../../local/stack/service';
import { parseOrExit } from '../../tenant/command';
import { BICEP_VERSION, findBicep, NO_CLI } from './bicep-cli';
import { bicepFiles, checkInfrastructure } from './check-infrastructure';

const usage = `Builds, lints and checks every file of infra/azure with the Bicep CLI. Exits 1 if there is a finding, 2 if there is no CLI.

usage: npm run infra -- [--write]

  --write  format the files and compile main.json`;

function parseCommandLine(): { write: boolean } | undefined {
  const { values } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values.help ? undefined : { write: values.write };
}

const { write } = parseOrExit(parseCommandLine, usage);
const folder = join(projectRoot(), 'infra/azure');
const cli = findBicep(folder);
if (!cli) {
  console.error(`infra: ${NO_CLI}`);
  process.exit(2);
}
const findings = checkInfrastructure(cli, folder, { write });
for (const { where, what } of findings) console.error(`infra/azure/${where}: ${what}`);
const version = cli.pinned ? cli.version : `${cli.version}, not the pinned ${BICEP_VERSION}`;
const files = bicepFiles(folder).length;
console.log(`infra: ${files} files, ${findings.length} findings (Bicep ${version})`);
process.exitCode = findings.length > 0 ? 1 : 0;
