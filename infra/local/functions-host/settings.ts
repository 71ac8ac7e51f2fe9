import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes the `Values` of local.settings.json into the environment; what the shell has set wins. Also sets what
 * the Functions runtime itself sets for an app on a developer's machine.
 */
export function applyLocalSettings(appDir: string, environment: NodeJS.ProcessEnv): void {
  const file = join(appDir, 'local.settings.json');
  const { Values = {} } = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { Values?: Record<string, string> })
    : {};
  const defaults = {
    ...Values,
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  };
  for (const [name, value] of Object.entries(defaults)) environment[name] ??= value;
}

/** Replaces each `%NAME%` by that app setting. Throws when there is none. */
export function expandSettings(text: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => {
    const value = environment[name];
    if (value === undefined)
      throw new Error(`"${whole}" stands for an app setting that is not set`);
    return value;
  });
}
