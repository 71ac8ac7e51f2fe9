import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Puts the `Values` of local.settings.json into the environment; settings of the shell win. Also sets what the Functions
 * runtime sets on a developer's machine.
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

/** Replaces each `%NAME%` by that app setting. Throws if it is not set. */
export function expandSettings(text: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(/%([^%]+)%/g, (match, name: string) => {
    const value = environment[name];
    if (value === undefined) throw new Error(`the app setting in "${match}" is not set`);
    return value;
  });
}
