import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { BicepCli } from './bicep-cli';
import type { Finding } from './template';
import { weaknessesOf } from './weaknesses';

/** The compiled template is committed, so that tests can read it without the CLI. */
const COMPILED = 'main.json';

/**
 * Builds, lints and checks everything below `folder`, which is infra/azure. A warning is a finding. With `write` it formats
 * the files and writes the compiled template instead of comparing it.
 */
export function checkInfrastructure(
  cli: BicepCli,
  folder: string,
  { write = false } = {},
): Finding[] {
  const format = write ? formatFiles(cli, folder) : findUnformatted(cli, folder);
  const { template, findings } = buildTemplate(cli, folder);
  // The other checks would report each build error again.
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
  // Other versions of the CLI compile the same files to other text.
  if (!cli.pinned || readFileSync(join(folder, COMPILED), 'utf8') === template) return [];
  return [
    { where: COMPILED, what: 'is not what main.bicep compiles to: npm run infra -- --write' },
  ];
}

/** A compiled template in JSON; undefined if it does not build. */
type Built = { template: string | undefined; findings: Finding[] };

/** The environment variables that the parameter file needs, with values that build but cannot be deployed. */
const SAMPLE = {
  EVENT_SOURCES: 'urn:hr:sample',
  JOINERY_API_CLIENT_ID: '00000000-0000-0000-0000-000000000000',
  JOINERY_ALERT_MAILS: 'operators@example.com',
};

/** Compiles main.bicep and its modules, and checks them against the resource types in the CLI. */
function buildTemplate(cli: BicepCli, folder: string): Built {
  const { stdout, findings } = run(cli, folder, ['build', 'main.bicep', '--stdout']);
  return { template: findings.length > 0 ? undefined : stdout, findings };
}

/** Lints each file on its own, so that unused files are linted too. Every line of output is a finding. */
const lintFiles = (cli: BicepCli, folder: string): Finding[] =>
  run(cli, folder, ['lint', '--pattern', '**/*.bicep']).findings;

/** Builds the parameter file for both stages. */
function buildParameters(cli: BicepCli, folder: string): Finding[] {
  return ['dev', 'prod'].flatMap((stage) => {
    const environment = { ...SAMPLE, JOINERY_STAGE: stage };
    const { findings } = run(
      cli,
      folder,
      ['build-params', 'main.bicepparam', '--stdout'],
      environment,
    );
    return findings.map((finding) => ({ ...finding, where: `${finding.where} (${stage})` }));
  });
}

/** Lists every file that `bicep format` would change. The CLI formats in place, so it works on a copy. */
function findUnformatted(cli: BicepCli, folder: string): Finding[] {
  const copy = mkdtempSync(join(tmpdir(), 'joinery-bicep-'));
  try {
    const files = bicepFiles(folder);
    for (const file of [...files, 'bicepconfig.json']) cpSync(join(folder, file), join(copy, file));
    const findings = formatFiles(cli, copy);
    const text = (parent: string, file: string) => readFileSync(join(parent, file), 'utf8');
    const changed = files.filter((file) => text(copy, file) !== text(folder, file));
    const what = 'is not formatted: npm run infra -- --write';
    return [...findings, ...changed.map((where) => ({ where, what }))];
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Formats every file in place. */
const formatFiles = (cli: BicepCli, folder: string): Finding[] =>
  ['**/*.bicep', '**/*.bicepparam'].flatMap(
    (pattern) => run(cli, folder, ['format', '--pattern', pattern]).findings,
  );

/** Every Bicep file below `folder`, by its path relative to it. */
export function bicepFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.bicep(param)?$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

const DIAGNOSTIC = /^(.+?\(\d+,\d+\)) : (Error|Warning|Info) (.+)$/;

function run(
  cli: BicepCli,
  folder: string,
  args: string[],
  environment: Record<string, string> = {},
): { stdout: string; findings: Finding[] } {
  const allArgs = args[0] === 'format' ? args : [...args, '--no-restore'];
  const { status, stdout, stderr, error } = spawnSync(cli.path, allArgs, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  const output = `${stderr}\n${args.includes('--stdout') ? '' : stdout}`;
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const findings = lines.map((line) => {
    const [, where, level, what] = DIAGNOSTIC.exec(line) ?? [];
    return where && level && what
      ? { where: relative(folder, where), what: `${level} ${what}` }
      : { where: args[0] ?? '', what: line };
  });
  if (status !== 0 && findings.length === 0) {
    findings.push({ where: args.join(' '), what: `ended with ${status ?? 'a signal'}` });
  }
  return { stdout, findings };
}
