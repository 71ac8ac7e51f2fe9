import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Where package.json lies, above the built functions; in Azure the root of the package. */
export const appFolder = join(__dirname, '..', '..');

/** The version in package.json. */
export function appVersion(): string {
  const text = readFileSync(join(appFolder, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
