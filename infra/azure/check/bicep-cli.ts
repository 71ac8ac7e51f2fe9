import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A Bicep CLI on this machine. `pinned`: it has the version that main.json is compiled with. */
export type BicepCli = { path: string; version: string; pinned: boolean };

/** The version that main.json is compiled with. */
export const BICEP_VERSION = '0.49.2';

/** The CLI's NuGet package for each platform. Only linux-x64 is tested. */
const platforms: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'osx-x64',
  'darwin-arm64': 'osx-arm64',
  'win32-x64': 'win-x64',
};

export const NO_CLI = `no Bicep CLI found: install the .NET SDK, which restores version ${BICEP_VERSION} from NuGet, or put bicep on the PATH, or run "az bicep install"`;

/**
 * Finds the Bicep CLI: the pinned version, else one on the PATH, else the one of the Azure CLI, else undefined. With
 * `restore`, dotnet downloads the pinned version if it is missing. `folder` is infra/azure.
 */
export function findBicep(folder: string, { restore = true } = {}): BicepCli | undefined {
  const program = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
  const candidates = [
    pinnedBicep(folder, program, restore),
    program,
    join(homedir(), '.azure/bin', program),
  ];
  for (const path of candidates) {
    const version = path && versionOf(path);
    if (version) return { path, version, pinned: version === BICEP_VERSION };
  }
  return undefined;
}

function pinnedBicep(folder: string, program: string, restore: boolean): string | undefined {
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (platform === undefined) return undefined;
  const packages = join(folder, 'cli/packages');
  const path = join(
    packages,
    `azure.bicep.commandline.${platform}/${BICEP_VERSION}/tools/${program}`,
  );
  if (restore && !existsSync(path)) {
    spawnSync('dotnet', [
      ...['restore', join(folder, 'cli/bicep.csproj'), '--packages', packages],
      ...[`-p:BicepPlatform=${platform}`, `-p:BicepVersion=${BICEP_VERSION}`],
    ]);
  }
  if (!existsSync(path)) return undefined;
  chmodSync(path, 0o755);
  return path;
}

function versionOf(path: string): string | undefined {
  const { error, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return error ? undefined : /\d+\.\d+\.\d+/.exec(stdout)?.[0];
}
