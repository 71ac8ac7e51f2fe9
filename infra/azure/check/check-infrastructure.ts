import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BicepCli } from './bicep-cli';
import { buildParameters, buildTemplate, findUnformatted, formatFiles, lintFiles } from './build';
import type { Finding } from './finding';
import { weaknessesOf } from './weaknesses';

/** The template as it is committed, so that tests can read it without the CLI. */
export const COMPILED = 'main.json';

/**
 * Builds, lints and reads everything below `folder`, which is infra/azure. Answers what is wrong; a warning is. With
 * `write` the files are formatted and the compiled template is written instead of compared.
 */
export function checkInfrastructure(
  cli: BicepCli,
  folder: string,
  { write = false } = {},
): Finding[] {
  const format = write ? formatFiles(cli, folder) : findUnformatted(cli, folder);
  const { template, findings } = buildTemplate(cli, folder);
  // What does not build would be told once more by each of the others.
  if (template === undefined) return [...format, ...findings];
  if (write) writeFileSync(join(folder, COMPILED), template);
  return [
    ...format,
    ...lintFiles(cli, folder),
    ...buildParameters(cli, folder),
    ...findStale(cli, folder, template),
    ...weaknessesOf(template),
  ];
}

function findStale(cli: BicepCli, folder: string, template: string): Finding[] {
  // Another version of the CLI words the same template otherwise.
  if (!cli.pinned || readFileSync(join(folder, COMPILED), 'utf8') === template) return [];
  return [
    { where: COMPILED, what: 'is not what main.bicep compiles to: npm run infra -- --write' },
  ];
}
