import { join } from 'node:path';
import { runTool } from '../../command-line';
import { projectRoot } from '../../local/stack/service';
import { BICEP_VERSION, findBicep, NO_CLI } from './bicep-cli';
import { bicepFiles, checkInfrastructure } from './check-infrastructure';

const usage = `Builds, lints and checks every file of infra/azure with the Bicep CLI. Exits 1 if there is a finding or no CLI.

usage: npm run infra -- [--write]

  --write  format the files and compile main.json`;

function check(write: boolean): number {
  const folder = join(projectRoot(), 'infra/azure');
  const cli = findBicep(folder);
  if (!cli) throw new Error(`infra: ${NO_CLI}`);
  const findings = checkInfrastructure(cli, folder, { write });
  for (const { where, what } of findings) console.error(`infra/azure/${where}: ${what}`);
  const version = cli.pinned ? cli.version : `${cli.version}, not the pinned ${BICEP_VERSION}`;
  const files = bicepFiles(folder).length;
  console.log(`infra: ${files} files, ${findings.length} findings (Bicep ${version})`);
  return findings.length > 0 ? 1 : 0;
}

void runTool({
  usage,
  options: { write: { type: 'boolean', default: false } },
  read: ({ write }) => write,
  run: (write) => Promise.resolve(check(write)),
});
