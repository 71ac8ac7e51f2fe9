import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bundleApp } from './bundle';
import { faultsOf } from './faults';

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  main: z.string(),
  engines: z.object({ node: z.string() }),
});

/** Everything that is deployed, by its path. */
export type Contents = { version: string; files: Map<string, Uint8Array> };

/**
 * What the package holds: the bundle, host.json, the access model, the licence and a package.json that says no more than a
 * host reads. Throws one Error with every fault, if anything got in that has no business there.
 */
export async function contentsOf(root: string): Promise<Contents> {
  const read = (file: string): Uint8Array => readFileSync(join(root, file));
  const manifest = Manifest.parse(JSON.parse(Buffer.from(read('package.json')).toString()));
  const { files, sources } = await bundleApp(root);
  for (const file of ['host.json', 'access-model.json', 'LICENSE']) files.set(file, read(file));
  const shipped = JSON.stringify({ ...manifest, private: true }, null, 2);
  files.set('package.json', Buffer.from(`${shipped}\n`));
  const faults = faultsOf(root, files, sources);
  if (faults.length > 0) throw new Error(`not packed:\n  ${faults.join('\n  ')}`);
  return { version: manifest.version, files };
}
