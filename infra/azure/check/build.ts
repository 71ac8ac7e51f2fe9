import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { BicepCli } from './bicep-cli';
import type { Finding } from './finding';

/** A template as the CLI compiles it, in JSON. */
export type Built = { template: string | undefined; findings: Finding[] };

/** What the parameter file asks of the environment, with values that can be built but not deployed. */
const SAMPLE = {
  EVENT_SOURCES: 'urn:hr:sample',
  JOINERY_API_CLIENT_ID: '00000000-0000-0000-0000-000000000000',
  JOINERY_ALERT_MAILS: 'operators@example.com',
};

/** Compiles main.bicep with all its modules, types checked against the resource types that the CLI ships with. */
export function buildTemplate(cli: BicepCli, folder: string): Built {
  const { stdout, findings } = run(cli, folder, ['build', 'main.bicep', '--stdout']);
  return { template: findings.length > 0 ? undefined : stdout, findings };
}

/** Lints every file by itself, so that one that no other uses is seen too. Any word of the CLI is a finding. */
export const lintFiles = (cli: BicepCli, folder: string): Finding[] =>
  run(cli, folder, ['lint', '--pattern', '**/*.bicep']).findings;

/** Builds the parameter file for both stages. */
export function buildParameters(cli: BicepCli, folder: string): Finding[] {
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

/** Names every file that `bicep format` would change; the CLI formats in place, so it is given a copy. */
export function findUnformatted(cli: BicepCli, folder: string): Finding[] {
  const copy = mkdtempSync(join(tmpdir(), 'joinery-bicep-'));
  try {
    const files = bicepFiles(folder);
    for (const file of [...files, 'bicepconfig.json']) cpSync(join(folder, file), join(copy, file));
    const findings = formatFiles(cli, copy);
    const text = (within: string, file: string) => readFileSync(join(within, file), 'utf8');
    const changed = files.filter((file) => text(copy, file) !== text(folder, file));
    const what = 'is not formatted: npm run infra -- --write';
    return [...findings, ...changed.map((where) => ({ where, what }))];
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Formats every file in place. */
export const formatFiles = (cli: BicepCli, folder: string): Finding[] =>
  ['**/*.bicep', '**/*.bicepparam'].flatMap(
    (pattern) => run(cli, folder, ['format', '--pattern', pattern]).findings,
  );

/** Every Bicep file below `folder`, by its path from there. */
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
  const restored = args[0] === 'format' ? args : [...args, '--no-restore'];
  const { status, stdout, stderr, error } = spawnSync(cli.path, restored, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  const said = `${stderr}\n${args.includes('--stdout') ? '' : stdout}`;
  const lines = said.split('\n').filter((line) => line.trim() !== '');
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
