import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The folder of package.json, above the built command. */
const folder = join(__dirname, '..', '..');
const packageJson: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The version of Joinery whose commands these are. */
export const { version } = z.object({ version: z.string() }).parse(packageJson);
